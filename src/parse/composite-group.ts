import type { Exemplar, HistogramValue, SummaryValue } from '../model/point-value.ts';
import type { ExposedPoint, ExposedType } from './exposition.ts';
import type { Role } from './family-roles.ts';
import type { FaultLog, Place } from './fault-log.ts';
import type { FormatRule } from './fault-rules.ts';
import { normalBound, parseGoFloat } from './go-number.ts';
import type { SampleLine } from './sample-line.ts';

/** A place that outlives its line. */
class KeptPlace implements Place {
  readonly text: string;
  readonly lineAt = 0;
  readonly line: number;
  readonly isBytes: boolean;

  constructor({ text, lineAt, line, isBytes = false }: Place) {
    this.text = text.slice(lineAt, lineAt + 200);
    this.line = line;
    this.isBytes = isBytes;
  }
}

const BOUNDS = new Map<string, number>();

/** The number that a label `le` or `quantile` stands for; NaN if there is none. */
export function boundOf(text: string | undefined): number {
  if (text === undefined || text.length > 100) return Number.NaN;
  let bound = BOUNDS.get(text);
  if (bound === undefined) {
    bound = parseGoFloat(text) ?? Number.NaN;
    // Few texts repeat for ever.
    if (BOUNDS.size >= 1000) BOUNDS.clear();
    BOUNDS.set(text, bound);
  }
  return bound;
}

/** The lines of one histogram or summary, until they are one value. */
export class CompositeGroup {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timestamp: number | undefined;
  readonly #pairs: (readonly [number, number])[] = [];
  /** The texts of the bounds, in case that the lines make no value. */
  readonly #bounds: string[] = [];
  readonly #exemplars: (readonly [pair: number, Exemplar])[] = [];
  /** Lines that the value has no place for. */
  readonly #others: ExposedPoint[] = [];
  /** Where it begins. */
  readonly place: Place;
  /** Whether a sum, a count or a quantile is there twice. */
  isRepeated = false;
  readonly #names: { sum?: string; count?: string; pair?: string } = {};
  #sum: number | undefined;
  #count: number | undefined;
  #startTime: number | undefined;

  constructor(name: string, labels: Readonly<Record<string, string>>, line: SampleLine) {
    this.name = name;
    this.labels = labels;
    this.timestamp = line.timestamp;
    this.place = new KeptPlace(line);
  }

  /**
   * Takes a line of the group.
   *
   * @param bound - the text of the label that tells lines of a role apart.
   */
  add(role: Role, line: SampleLine, bound: string | undefined): void {
    const { name, value, exemplars } = line;
    if (role === 'created') this.#startTime = Math.round(value * 1000);
    else if ((role === 'bucket' || role === 'quantile') && bound !== undefined) {
      this.#names.pair = name;
      this.#pairs.push([boundOf(bound), value]);
      this.#bounds.push(bound);
      if (exemplars !== undefined) {
        for (const exemplar of exemplars) this.#exemplars.push([this.#pairs.length - 1, exemplar]);
      }
    } else if (role === 'sum' && this.#sum === undefined && exemplars === undefined) {
      this.#names.sum = name;
      this.#sum = value;
    } else if (role === 'count' && this.#count === undefined && exemplars === undefined) {
      this.#names.count = name;
      this.#count = value;
    } else {
      this.isRepeated ||= role === 'sum' ? this.#sum !== undefined : this.#count !== undefined;
      const more = exemplars !== undefined && { exemplars };
      this.#others.push({ ...this.#flat(name, value), ...more });
    }
  }

  /** Whether lines of all roles are there, so that the next group ends this one. */
  isComplete(type: ExposedType): boolean {
    return (
      this.#sum !== undefined &&
      this.#count !== undefined &&
      (type === 'summary' || this.#pairs.at(-1)?.[0] === Infinity)
    );
  }

  /**
   * The lines as one point, or as they are if they make no whole value.
   *
   * @param mayLack - sum and count may both be missing, as OpenMetrics 1.0 has it for histograms
   *   with negative bounds.
   * @param isNormal - bounds of lines that are given as they are become as Prometheus keeps them.
   */
  points(type: ExposedType, mayLack: boolean, isNormal: boolean): readonly ExposedPoint[] {
    const value = this.#others.length === 0 ? this.#value(type, mayLack) : undefined;
    if (value === undefined)
      return this.#flatPoints(type === 'summary' ? 'quantile' : 'le', isNormal);
    const { name, labels, timestamp } = this;
    const startTime = this.#startTime;
    return [
      {
        name,
        labels,
        value,
        ...(timestamp !== undefined && { timestamp }),
        ...(startTime !== undefined && { startTime }),
        ...(this.#exemplars.length > 0 && {
          exemplars: this.#exemplars.map(([, exemplar]) => exemplar),
        }),
      },
    ];
  }

  #value(type: ExposedType, mayLack: boolean): HistogramValue | SummaryValue | undefined {
    const pairs = sortedPairs(this.#pairs);
    if (pairs === undefined) return undefined;
    const sum = this.#sum;
    const count = this.#count;
    if (type === 'summary') {
      return sum === undefined || count === undefined
        ? undefined
        : { count, sum, quantiles: pairs };
    }
    const last = pairs.at(-1);
    if (last?.[0] !== Infinity) return undefined;
    if (sum !== undefined && count !== undefined) return { count, sum, buckets: pairs };
    const lacks = mayLack && sum === undefined && count === undefined;
    return lacks ? { count: last[1], sum: Number.NaN, buckets: pairs } : undefined;
  }

  #flat(name: string, value: number): ExposedPoint {
    const { labels, timestamp } = this;
    return { name, labels, value, ...(timestamp !== undefined && { timestamp }) };
  }

  #flatPoints(label: string, isNormal: boolean): readonly ExposedPoint[] {
    const points = this.#pairs.map(([, value], at) => {
      const bound = this.#bounds[at]!;
      const labels = { ...this.labels, [label]: isNormal ? normalBound(bound) : bound };
      const exemplars = this.#exemplars
        .filter(([pair]) => pair === at)
        .map(([, exemplar]) => exemplar);
      const point = { ...this.#flat(this.#names.pair!, value), labels };
      return exemplars.length > 0 ? { ...point, exemplars } : point;
    });
    if (this.#sum !== undefined)
      points.push({ ...this.#flat(this.#names.sum!, this.#sum), labels: { ...this.labels } });
    if (this.#count !== undefined)
      points.push({ ...this.#flat(this.#names.count!, this.#count), labels: { ...this.labels } });
    return [...points, ...this.#others];
  }

  /** Reports what the specification forbids in the group as a whole. */
  check(type: ExposedType, isOpenMetrics: boolean, log: FaultLog): void {
    const report = (rule: FormatRule): void => log.report(rule, this.place, 0);
    if (type === 'summary') {
      const isKnown = !this.#pairs.some(([quantile]) => Number.isNaN(quantile));
      this.isRepeated ||= isKnown && sortedPairs(this.#pairs) === undefined;
      return;
    }
    const pairs = this.#pairs;
    const isGauge = type === 'gaugehistogram';
    const sum = this.#sum;
    const count = this.#count;
    if (pairs.at(-1)?.[0] !== Infinity) {
      if (!pairs.some(([bound]) => bound === Infinity)) report('infinite_bucket');
    }
    const isBroken = (breaks: (a: readonly number[], b: readonly number[]) => boolean): boolean =>
      pairs.some((pair, at) => at > 0 && breaks(pairs[at - 1]!, pair));
    if (isBroken((a, b) => b[0]! <= a[0]!)) report('bucket_order');
    if (isBroken((a, b) => b[1]! < a[1]!)) report('bucket_counts');
    const hasNegative = pairs.some(([bound]) => bound < 0);
    if ((sum === undefined) !== (count === undefined)) report('sum_and_count');
    else if (isOpenMetrics && !isGauge && hasNegative && sum !== undefined) report('sum_and_count');
    const last = pairs.at(-1);
    if (count !== undefined && last?.[0] === Infinity && last[1] !== count)
      report('count_mismatch');
    if (sum !== undefined && isOpenMetrics && sum < 0 && !hasNegative) report('sum_value');
  }
}

/** Pairs by rising bound; undefined if a bound is missing or there twice. */
function sortedPairs(
  pairs: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] | undefined {
  let isSorted = true;
  for (let i = 0; i < pairs.length; i++) {
    if (Number.isNaN(pairs[i]![0])) return undefined;
    if (i > 0 && pairs[i]![0] <= pairs[i - 1]![0]) isSorted = false;
  }
  if (isSorted) return pairs;
  const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
  const isTwice = sorted.some(([bound], i) => i > 0 && bound === sorted[i - 1]![0]);
  return isTwice ? undefined : sorted;
}
