/**
 * What a histogram or a gauge histogram holds: classic buckets, native ones, or both.
 *
 * A histogram with `schema` is native; no other native field may be there without it. All native
 * buckets add up to `count`, or to less if NaN was observed, which makes the sum NaN.
 */
export interface HistogramValue {
  /** How many observations there are. */
  readonly count: number;
  /** The sum of all observations. */
  readonly sum: number;
  /**
   * Classic buckets by rising upper bound. Counts are cumulative; the last bound is infinite, and
   * its count is `count`.
   */
  readonly buckets?:
    | readonly (readonly [upperBound: number, cumulativeCount: number])[]
    | undefined;
  /** The resolution of the native buckets, from -4 to 8: a bucket grows by 2^(2^-schema). */
  readonly schema?: number | undefined;
  /** Observations of at most this absolute value are in the zero bucket. Default 0. */
  readonly zeroThreshold?: number | undefined;
  /** How many observations are in the zero bucket. Default 0. */
  readonly zeroCount?: number | undefined;
  /**
   * Runs of positive native buckets. The first offset is the index of the first bucket; each later
   * one is how many buckets are skipped.
   */
  readonly positiveSpans?: readonly (readonly [offset: number, length: number])[] | undefined;
  /** One absolute count for each bucket of `positiveSpans`. */
  readonly positiveBuckets?: readonly number[] | undefined;
  /** Runs of negative native buckets, as `positiveSpans`. */
  readonly negativeSpans?: readonly (readonly [offset: number, length: number])[] | undefined;
  /** One absolute count for each bucket of `negativeSpans`. */
  readonly negativeBuckets?: readonly number[] | undefined;
}

/** What a summary holds. */
export interface SummaryValue {
  /** How many observations there are. */
  readonly count: number;
  /** The sum of all observations. */
  readonly sum: number;
  /** Quantiles from 0 to 1, rising, each with its value; there may be none. */
  readonly quantiles: readonly (readonly [quantile: number, value: number])[];
}

/** One observation that a counter or histogram gives as an example, mostly with a trace's id. */
export interface Exemplar {
  /** Label names to label values. */
  readonly labels: Readonly<Record<string, string>>;
  /** The observed value. */
  readonly value: number;
  /** When it was observed, in Unix milliseconds. */
  readonly timestamp?: number | undefined;
}
