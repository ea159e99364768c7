import { isMetricName, KeyReader, nameOf } from '../../model/key/index.ts';
import type { SnapshotPoint } from '../../model/metric-point.ts';
import { describeSubject, type RejectionReason } from '../../model/rejection.ts';
import type { DeltaEvent } from '../../model/snapshot-reader.ts';
import { trustPoint } from '../../model/trusted-point.ts';

/**
 * How a sample is written in the store: its time and value in decimals that read back to the same
 * doubles.
 */
export function formatSample(value: number, updatedAt: number): string {
  return `${decimal(updatedAt)} ${decimal(value)}`;
}

function decimal(number: number): string {
  // The shortest form of -0 that JavaScript knows is `0`, which would lose the sign.
  return Object.is(number, -0) ? '-0' : String(number);
}

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Is called with what is in the store and is no sample: the reason, and the series or field. */
export type OnForeign = (reason: RejectionReason, subject: string) => void;

/**
 * Makes points of what the store has. Others may have written there, so it is read strictly; what
 * is no sample is refused.
 */
export class SampleReader {
  readonly #onForeign: OnForeign;
  readonly #keys = new KeyReader();

  /** @param onForeign - is called with what is refused. Default: nothing. */
  constructor(onForeign: OnForeign = () => undefined) {
    this.#onForeign = onForeign;
  }

  /** Reads an id and the text of its sample; undefined if it was refused. */
  sample(id: string, text: string): SnapshotPoint | undefined {
    const labels = this.#labels(id);
    return labels && this.#point(id, labels, text);
  }

  /**
   * Reads a change: a sample, or an empty text for an end. Undefined if it was refused; a series
   * whose new sample is refused has ended, as no snapshot has it either.
   */
  change(id: string, text: string): DeltaEvent | undefined {
    const labels = this.#labels(id);
    if (labels === undefined) return undefined;
    const point = text === '' ? undefined : this.#point(id, labels, text);
    return point === undefined ? { deleted: true, seriesId: id } : { point };
  }

  #point(id: string, labels: SnapshotPoint['labels'], text: string): SnapshotPoint | undefined {
    const space = text.indexOf(' ');
    const updatedAt = space < 0 ? undefined : readDecimal(text.slice(0, space));
    if (updatedAt === undefined || !Number.isFinite(updatedAt)) {
      return this.#refuse('invalid_updated_at', id);
    }
    const value = readValue(text.slice(space + 1));
    if (value === undefined) return this.#refuse('invalid_value', id);
    return trustPoint({ name: this.#keys.name, labels, value, updatedAt }, id);
  }

  #labels(id: string): SnapshotPoint['labels'] | undefined {
    const labels = this.#keys.read(id);
    if (labels !== undefined) return labels;
    const isNamed = isMetricName(nameOf(id));
    return this.#refuse(isNamed ? 'invalid_labels' : 'invalid_name', describeSubject(id));
  }

  #refuse(reason: RejectionReason, subject: string): undefined {
    this.#onForeign(reason, subject.slice(0, 200));
    return undefined;
  }
}

/**
 * Reads a decimal number: exactly what `timeOf` of the scripts reads, or sweeps would miss samples.
 */
function readDecimal(text: string): number | undefined {
  const first = text.charCodeAt(0);
  if (!isDigit(first === MINUS ? text.charCodeAt(1) : first)) return undefined;
  if (first === ZERO && text.length > 1 && !/^0[\d.e]/.test(text)) return undefined;
  const last = text.charCodeAt(text.length - 1);
  if ((!isDigit(last) && last !== POINT) || text.includes('E')) return undefined;
  const number = Number(text);
  return Number.isNaN(number) ? undefined : number;
}

function readValue(text: string): number | undefined {
  switch (text) {
    case 'NaN':
      return Number.NaN;
    case 'Infinity':
      return Number.POSITIVE_INFINITY;
    case '-Infinity':
      return Number.NEGATIVE_INFINITY;
    default:
      return readDecimal(text);
  }
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 0x39;
}
