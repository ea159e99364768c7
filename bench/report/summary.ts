import type { Measure, Observation, Results } from '../driver/observation.ts';
import type { WorkloadShape } from '../workload/workload.ts';

/** One of the numbers of an observation. */
export type Field = keyof Observation['values'];

/** What several observations of one thing come to. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/** Results, ready to be asked for medians. */
export class Summary {
  readonly results: Results;
  /** The workloads that were measured, smallest first. */
  readonly shapes: readonly WorkloadShape[];
  readonly #byKey = new Map<string, Observation[]>();

  constructor(results: Results) {
    this.results = results;
    const shapes = new Map<string, WorkloadShape>();
    for (const observation of results.observations) {
      const { series, names, subject, measure } = observation;
      shapes.set(`${series} ${names}`, { series, names });
      const key = keyOf({ series, names }, subject, measure);
      const same = this.#byKey.get(key);
      if (same === undefined) this.#byKey.set(key, [observation]);
      else same.push(observation);
    }
    this.shapes = [...shapes.values()].sort(
      (a, b) => a.names.localeCompare(b.names) * -1 || a.series - b.series,
    );
  }

  /** What a subject was measured for, in the order in which it was. */
  measures({ series, names }: WorkloadShape, subject: string): readonly Measure[] {
    const own = this.results.observations.filter(
      (o) => o.series === series && o.names === names && o.subject === subject,
    );
    return [...new Set(own.map(({ measure }) => measure))];
  }

  /** The median of each round in which one number was measured. */
  byRound(
    shape: WorkloadShape,
    subject: string,
    measure: Measure,
    field: Field,
  ): ReadonlyMap<number, number> {
    const rounds = new Map<number, number[]>();
    for (const { round, values } of this.#byKey.get(keyOf(shape, subject, measure)) ?? []) {
      const value = values[field];
      if (value === undefined) continue;
      rounds.set(round, [...(rounds.get(round) ?? []), value]);
    }
    const middle = (values: number[]): number =>
      values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
    return new Map([...rounds].map(([round, values]) => [round, middle(values)]));
  }

  /** All values of one number, smallest first. */
  sorted(shape: WorkloadShape, subject: string, measure: Measure, field: Field): readonly number[] {
    const observations = this.#byKey.get(keyOf(shape, subject, measure)) ?? [];
    return observations.flatMap(({ values }) => values[field] ?? []).sort((a, b) => a - b);
  }

  /** What the values of one number come to; undefined where it was not measured. */
  spread(
    shape: WorkloadShape,
    subject: string,
    measure: Measure,
    field: Field,
  ): Spread | undefined {
    const values = this.sorted(shape, subject, measure, field);
    if (values.length === 0) return undefined;
    const middle = values.length >> 1;
    const median =
      values.length % 2 === 1 ? values[middle]! : (values[middle - 1]! + values[middle]!) / 2;
    return { median, least: values[0]!, most: values[values.length - 1]!, count: values.length };
  }

  /** The median alone. */
  median(
    shape: WorkloadShape,
    subject: string,
    measure: Measure,
    field: Field,
  ): number | undefined {
    return this.spread(shape, subject, measure, field)?.median;
  }

  /** The 99th percentile by the nearest rank, as of the longest blocks. */
  p99(shape: WorkloadShape, subject: string, measure: Measure, field: Field): number | undefined {
    const values = this.sorted(shape, subject, measure, field);
    return values[Math.ceil(values.length * 0.99) - 1];
  }

  /** How much memory was gained since the process was empty, in bytes for each series. */
  bytesPerSeries(
    shape: WorkloadShape,
    subject: string,
    measure: 'memory scraped' | 'memory refreshed',
    field: 'rss' | 'live',
  ): number | undefined {
    const after = this.median(shape, subject, measure, field);
    const before = this.median(shape, subject, 'memory empty', field);
    if (after === undefined || before === undefined) return undefined;
    return (after - before) / shape.series;
  }

  /** How long a line is, in bytes: that of the page of one static Buffer, or else of our own. */
  lineBytes(shape: WorkloadShape): number | undefined {
    const body =
      this.median(shape, 'static Buffer', 'scrape identity', 'body') ??
      this.median(shape, 'snapscrape', 'scrape identity', 'body');
    return body === undefined ? undefined : body / shape.series;
  }
}

function keyOf({ series, names }: WorkloadShape, subject: string, measure: Measure): string {
  return JSON.stringify([series, names, subject, measure]);
}
