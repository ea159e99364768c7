import type { ExposedFamily, ExposedPoint, ExposedType } from './exposition.ts';
import type { FaultLog, Place } from './fault-log.ts';
import { labelKey } from './group-labels.ts';
import type { ReadPart } from './page-reader.ts';
import { readMetric, type WireMetric } from './protobuf-metric.ts';
import { hasReservedLabel } from './second-value.ts';
import { MessageBudget, VARINT, WireError, WireReader } from './wire-reader.ts';

const TYPES: readonly ExposedType[] = [
  'counter',
  'gauge',
  'summary',
  'unknown',
  'histogram',
  'gaugehistogram',
];
/** The field of `Metric` that holds the number, by the type. */
const NUMBERS: Readonly<Partial<Record<ExposedType, number>>> = {
  gauge: 2,
  counter: 3,
  unknown: 5,
};

/** Reads messages of the protobuf format, one family each. */
export class ProtobufReader {
  #families: ExposedFamily[] = [];
  #points: ExposedPoint[] = [];
  readonly #log: FaultLog;
  readonly #maxLabels: number;
  readonly #maxFamilies: number;
  readonly #budget: MessageBudget;
  readonly #names = new Set<string>();
  #line = 0;

  constructor(log: FaultLog, maxLabels: number, maxMessages: number, maxFamilies: number) {
    this.#log = log;
    this.#maxLabels = maxLabels;
    this.#budget = new MessageBudget(maxMessages);
    this.#maxFamilies = maxFamilies;
  }

  /** Where the reader is: messages take the place of lines. */
  get place(): Place {
    return { text: '', lineAt: 0, line: this.#line };
  }

  take(): ReadPart {
    const part = { families: this.#families, points: this.#points };
    this.#families = [];
    this.#points = [];
    return part;
  }

  /** Reads the message in a range of bytes. */
  message(bytes: Buffer, start: number, end: number): void {
    this.#line++;
    if (this.#line > this.#maxFamilies)
      this.#log.stop('limit', this.place, 0, `maxFamilies is ${this.#maxFamilies}`);
    const points = this.#points.length;
    try {
      this.#family(new WireReader(bytes, start, end, this.#budget), bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      // A family is all there or not at all.
      this.#points.length = points;
      const { rule, at, message } = error;
      // With nothing left, no family behind it can be read.
      if (this.#budget.left < 0) this.#log.stop(rule, this.place, at - start, message);
      this.#log.report(rule, this.place, at - start, message);
    }
  }

  #family(wire: WireReader, bytes: Buffer): void {
    let name = '';
    let help: string | undefined;
    let unit: string | undefined;
    let typeNumber = 0;
    let isNameMalformed = false;
    let isHelpMalformed = false;
    /** Where each metric begins and ends. */
    const metrics: number[] = [];
    while (wire.next()) {
      if (wire.field === 1) {
        wire.isMalformed = false;
        name = wire.text();
        isNameMalformed = wire.isMalformed;
      } else if (wire.field === 2) {
        wire.isMalformed = false;
        help = wire.text();
        isHelpMalformed = wire.isMalformed;
      } else if (wire.field === 3) {
        wire.expect(VARINT);
        typeNumber = wire.signed() | 0;
      } else if (wire.field === 4) {
        this.#budget.take(wire.at);
        metrics.push(...wire.bounds());
      } else if (wire.field === 5) unit = wire.text();
      else wire.skip();
    }
    // Prometheus looks at nothing of a family without metrics.
    if (metrics.length === 0 && !this.#log.isStrict) return;
    if (isNameMalformed || isHelpMalformed) {
      throw new WireError('a name or help is not valid UTF-8', wire.at);
    }
    const type = TYPES[typeNumber];
    if (type === undefined) throw new WireError(`the type ${typeNumber} is unknown`, wire.at);
    if (name === '' && metrics.length > 0) throw new WireError('a family has no name', wire.at);
    if (this.#log.isStrict && this.#names.has(name)) {
      this.#log.report('repeated_metadata', this.place, 0, name.slice(0, 100));
    }
    if (this.#log.isStrict) this.#names.add(name);
    const seen = this.#log.isStrict ? new Set<string>() : undefined;
    for (let i = 0; i < metrics.length; i += 2) {
      const start = metrics[i]!;
      const end = metrics[i + 1]!;
      const metric = readMetric(new WireReader(bytes, start, end, this.#budget), this.#maxLabels);
      if (seen !== undefined) this.#check(type, metric, seen);
      this.#points.push(pointOf(name, type, metric, start));
    }
    if (name !== '') {
      this.#families.push({
        name,
        type,
        ...(help !== undefined && { help }),
        ...(unit && { unit }),
      });
    }
  }

  /** Checks a metric by the rules of the model, as the format itself has few. */
  #check(type: ExposedType, metric: WireMetric, seen: Set<string>): void {
    const key = `${metric.timestamp}@${labelKey(metric.labels, '')}`;
    if (seen.has(key)) this.#log.report('duplicate_series', this.place, 0);
    seen.add(key);
    const number = metric.values.get(3) ?? 0;
    if (type === 'counter' && !(number >= 0)) this.#log.report('counter_value', this.place, 0);
  }
}

function pointOf(name: string, type: ExposedType, metric: WireMetric, at: number): ExposedPoint {
  const { labels, timestamp, startTime, exemplars, summary, histogram } = metric;
  const field = NUMBERS[type];
  const isHistogram = type === 'histogram' || type === 'gaugehistogram';
  const value =
    field !== undefined
      ? (metric.values.get(field) ?? 0)
      : isHistogram
        ? (histogram?.value(at) ?? { count: 0, sum: 0, buckets: [[Infinity, 0] as const] })
        : (summary ?? { count: 0, sum: 0, quantiles: [] });
  if (
    typeof value === 'object' &&
    hasReservedLabel(value, false, (label) => metric.names.includes(label))
  ) {
    throw new WireError('a histogram has a label le, or a summary a label quantile', at);
  }
  const native = histogram?.exemplars ?? [];
  const all = isHistogram
    ? native.length > 0
      ? native
      : exemplars
    : type === 'counter'
      ? exemplars
      : [];
  return {
    name,
    labels,
    value,
    ...(timestamp !== 0 && { timestamp }),
    ...(startTime !== undefined && field !== 2 && field !== 5 && { startTime }),
    ...(all.length > 0 && { exemplars: all }),
  };
}

/**
 * Where the message ends whose length begins at a position; undefined if not all of it is there.
 */
export function messageBounds(bytes: Buffer, at: number): readonly [number, number] | undefined {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) return undefined;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return [at + i + 1, at + i + 1 + length];
  }
  throw new WireError('the length of a message is longer than five bytes', at);
}
