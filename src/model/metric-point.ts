/**
 * One sample of one series, as an exporter author writes it.
 *
 * @example
 * ```ts
 * const point: MetricPoint = {
 *   name: 'gh_activity_commits_24h',
 *   labels: { org: 'a', repo: 'b', user: 'c' },
 *   value: 17,
 *   updatedAt: Date.now(),
 * };
 * ```
 */
export interface MetricPoint {
  /** The metric name; it must match `[a-zA-Z_:][a-zA-Z0-9_:]*` (Prometheus data model). */
  readonly name: string;
  /**
   * Label names to label values. Names must match `[a-zA-Z_][a-zA-Z0-9_]*` and must not be
   * `__name__`; values are any well-formed Unicode. A label with an empty value is no label, as in
   * Prometheus, and is dropped. Only own enumerable properties count.
   */
  readonly labels: Readonly<Record<string, string>>;
  /** The sample's value: any double, `NaN`, the infinities and -0 included. */
  readonly value: number;
  /** When the value was true, in Unix milliseconds: any finite number. It is not exposed by default. */
  readonly updatedAt: number;
}

/** A point as it is written to a store: without `updatedAt` it was true at the moment of the write. */
export type WritablePoint = Omit<MetricPoint, 'updatedAt'> & {
  /** When the value was true, in Unix milliseconds. Default: now. */
  readonly updatedAt?: number | undefined;
};
