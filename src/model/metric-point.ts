import type { Exemplar, HistogramValue, SummaryValue } from './point-value.ts';

/**
 * A label value as it may be written: text, or a number or boolean, of which `String()` makes text.
 */
type LabelValue = string | number | boolean;

/**
 * Labels by name: a record, or an object whose type is an interface or a class. TypeScript does not
 * check the values of the latter; a point with other values than {@link LabelValue} is rejected at
 * run time.
 */
type PointLabels =
  | Readonly<Record<string, LabelValue | undefined>>
  | (object & { readonly [Symbol.iterator]?: never });

/**
 * One sample of one series, as an exporter author writes it.
 *
 * @example
 * ```ts
 * const point: MetricPoint = {
 *   name: 'gh_activity_commits_24h',
 *   labels: { org: 'a', repo: 'b', user: 'c' },
 *   value: 17,
 * };
 * ```
 */
export interface MetricPoint {
  /**
   * The name of the family, exactly as it is exposed: `jobs_total`, `build_info`. Any well-formed
   * Unicode but the empty text. A name that does not match `[a-zA-Z_:][a-zA-Z0-9_:]*` is quoted or
   * escaped on pages, as the scraper asks for.
   */
  readonly name: string;
  /**
   * Label names to label values. Default: none. Names are any well-formed Unicode but the empty
   * text and `__name__`; at most 1 024. Values are any well-formed Unicode. A number or boolean is
   * written as `String()` writes it (`1`, `NaN`, `true`); a bigint is rejected. A label whose value
   * is empty or undefined is no label, as in Prometheus, and is dropped. Only own enumerable
   * properties count.
   */
  readonly labels?: PointLabels | undefined;
  /**
   * A number: any double, `NaN`, the infinities and -0 included. Or a whole histogram or summary,
   * if its family is declared as `histogram`, `gaugehistogram` or `summary`; it may take 1 MiB on a
   * page, which is some 15 000 buckets of a short series id.
   */
  readonly value: number | HistogramValue | SummaryValue;
  /**
   * When the value was true, in Unix milliseconds: any finite number. It is not exposed. Default:
   * when the refresh began for a point of a source, now for a point that is written to a store. A
   * store never takes a time of its own for older than that of the point it replaces, even if its
   * clock was set back.
   */
  readonly updatedAt?: number | undefined;
  /**
   * The time that is exposed with the value, in Unix milliseconds: a whole number, negative before
   * 1970. Default: none, so that the scraper takes the time of its scrape.
   */
  readonly timestamp?: number | undefined;
  /**
   * When a counter, histogram or summary began to count, in whole Unix milliseconds. Default: none.
   * Formats leave it out for other types.
   */
  readonly startTime?: number | undefined;
  /**
   * Observations as examples, for a counter, histogram or gauge histogram. Default: none. Formats
   * leave out what they cannot say: OpenMetrics 2, for one, those without a time.
   */
  readonly exemplars?: readonly Exemplar[] | undefined;
}

/** A point as a store or a cache gives it: complete, with labels as text. */
export interface SnapshotPoint extends MetricPoint {
  /** Label names to label values; none is empty. */
  readonly labels: Readonly<Record<string, string>>;
  /** When the value was true, in Unix milliseconds. */
  readonly updatedAt: number;
}

/** The same as {@link MetricPoint}: sources and writers say alike what a point is. */
export type WritablePoint = MetricPoint;
