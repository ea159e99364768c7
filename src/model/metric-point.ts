/**
 * A label value as it may be written: text, or a number or boolean, of which `String()` makes text.
 */
type LabelValue = string | number | boolean;

/**
 * Labels by name: a record, or an object whose type is an interface or a class. TypeScript does not
 * check the values of the latter; a point with other values than {@link LabelValue} is refused at
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
  /** The metric name; it must match `[a-zA-Z_:][a-zA-Z0-9_:]*` (Prometheus data model). */
  readonly name: string;
  /**
   * Label names to label values. Default: none. Names must match `[a-zA-Z_][a-zA-Z0-9_]*` and must
   * not be `__name__`; at most 1 024. Values are any well-formed Unicode. A number or boolean is
   * written as `String()` writes it (`1`, `NaN`, `true`); a bigint is refused. A label whose value
   * is empty or undefined is no label, as in Prometheus, and is dropped. Only own enumerable
   * properties count.
   */
  readonly labels?: PointLabels | undefined;
  /** The sample's value: any double, `NaN`, the infinities and -0 included. */
  readonly value: number;
  /**
   * When the value was true, in Unix milliseconds: any finite number. It is not exposed. Default:
   * when the refresh began for a point of a source, now for a point that is written to a store. A
   * store never takes a time of its own for older than that of the point it replaces, even if its
   * clock was set back.
   */
  readonly updatedAt?: number | undefined;
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
