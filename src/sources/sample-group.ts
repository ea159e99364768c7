import type { MetricPoint } from '../model/metric-point.ts';
import type { Exemplar } from '../model/point-value.ts';
import { typeFault } from '../model/type-rules.ts';
import { checkComposite, type PointValue, writeValue } from '../model/value/index.ts';
import type { CompositeType, Part } from './composite-parts.ts';

/**
 * Why samples stay as they are:
 *
 * - `incomplete`: the count is missing, or the sum of a summary.
 * - `contradictory`: a sample is there twice with other values, or the samples' times differ.
 * - `invalid`: together they are no sound histogram or summary.
 */
export type AssemblyFault = 'incomplete' | 'contradictory' | 'invalid';

/** The most exemplars of one sample: more do not fit a point. */
const MOST_EXEMPLARS = 65_536;

/** The samples of one histogram or summary. */
export class SampleGroup {
  /** The series id of the composite. */
  readonly key: string;
  /** The labels of the composite. */
  readonly labels: Readonly<Record<string, unknown>>;
  /** The samples as they were given. */
  readonly samples: MetricPoint[] = [];
  readonly #family: string;
  readonly #type: CompositeType;
  readonly #pairs: [bound: number, value: number][] = [];
  #sum: number | undefined;
  #count: number | undefined;
  #created: number | undefined;
  readonly #exemplars: Exemplar[] = [];
  #updatedAt: number | undefined;
  #timestamp: number | undefined;
  #startTime: number | undefined;
  #fault: AssemblyFault | undefined;

  constructor(
    series: { readonly key: string; readonly labels: Readonly<Record<string, unknown>> },
    family: string,
    type: CompositeType,
  ) {
    this.key = series.key;
    this.labels = series.labels;
    this.#family = family;
    this.#type = type;
  }

  /**
   * Takes a sample.
   *
   * @param bound - the threshold or quantile of a sample that has one.
   */
  add(part: Part, sample: MetricPoint, bound: number): void {
    const value = sample.value as number;
    const { timestamp, startTime, updatedAt } = sample;
    const exemplars = exemplarsIn(sample.exemplars);
    // Nothing that throws comes behind this, so a sample is taken as a whole or not at all.
    if (exemplars === undefined) this.#fault = 'invalid';
    else for (const exemplar of exemplars) this.#exemplars.push(exemplar);
    if (this.samples.length === 0) this.#timestamp = timestamp;
    else if (timestamp !== this.#timestamp) this.#fault = 'contradictory';
    this.samples.push(sample);
    if (part === 'pair') this.#pairs.push([bound, value]);
    else if (part === 'sum') this.#sum = this.#only(this.#sum, value);
    else if (part === 'count') this.#count = this.#only(this.#count, value);
    else this.#created = this.#only(this.#created, value);
    this.#startTime ??= startTime;
    if (updatedAt !== undefined) {
      this.#updatedAt = Math.max(updatedAt, this.#updatedAt ?? Number.NEGATIVE_INFINITY);
    }
  }

  #only(before: number | undefined, value: number): number {
    if (before !== undefined && !Object.is(before, value)) this.#fault = 'contradictory';
    return value;
  }

  /** The whole point, or why the samples are none. */
  point(): MetricPoint | AssemblyFault {
    const pairs = this.#sortedPairs();
    const value = this.#fault ?? this.#value(pairs);
    if (typeof value === 'string') return value;
    const created = this.#created;
    const startTime =
      this.#startTime ?? (created === undefined ? undefined : Math.round(created * 1000));
    if (startTime !== undefined && !Number.isSafeInteger(startTime)) return 'invalid';
    return {
      name: this.#family,
      labels: this.labels,
      value,
      ...(this.#updatedAt !== undefined && { updatedAt: this.#updatedAt }),
      ...(this.#timestamp !== undefined && { timestamp: this.#timestamp }),
      ...(startTime !== undefined && { startTime }),
      ...(this.#exemplars.length > 0 && { exemplars: this.#exemplars }),
    };
  }

  /** The pairs by rising bound, each once: a registry may write the bucket of infinity twice. */
  #sortedPairs(): [bound: number, value: number][] {
    const sorted = this.#pairs.sort(([a], [b]) => a - b);
    return sorted.filter(([bound, value], i) => {
      const before = sorted[i - 1];
      if (bound !== before?.[0]) return true;
      this.#only(before[1], value);
      return false;
    });
  }

  #value(pairs: [bound: number, value: number][]): PointValue | AssemblyFault {
    const isSummary = this.#type === 'summary';
    const last = pairs.at(-1);
    const infinite = !isSummary && last?.[0] === Infinity ? last[1] : undefined;
    const count = this.#count ?? infinite;
    // OpenMetrics 1 has histograms with negative thresholds without a sum.
    const sum = this.#sum ?? (isSummary ? undefined : Number.NaN);
    if (count === undefined || sum === undefined) return 'incomplete';
    if (!isSummary && infinite === undefined) pairs.push([Infinity, count]);
    const given = isSummary ? { count, sum, quantiles: pairs } : { count, sum, buckets: pairs };
    const value = checkComposite(given);
    if (typeof value === 'string') return 'invalid';
    return typeFault(this.#type, this.key, writeValue(value)) === undefined ? value : 'invalid';
  }
}

/** A copy, read by index, as an iterator may never end; undefined if they are no exemplars. */
function exemplarsIn(given: unknown = []): Exemplar[] | undefined {
  if (!Array.isArray(given) || given.length > MOST_EXEMPLARS) return undefined;
  const exemplars: Exemplar[] = [];
  for (let i = 0; i < given.length && i < MOST_EXEMPLARS; i++) exemplars.push(given[i] as Exemplar);
  return exemplars;
}
