/**
 * Why a point was rejected at ingest: a closed list, fit for a metric label.
 *
 * - `not_a_point`: not an object, or one whose properties cannot be read.
 * - `invalid_name`: the metric name is not a string, is empty or has a lone surrogate.
 * - `invalid_labels`: `labels` is not a plain record.
 * - `too_many_labels`: the point has more than 1 024 labels.
 * - `invalid_label_name`: a label name is empty, has a lone surrogate or is `__name__`.
 * - `invalid_label_value`: a label value is neither text nor a number or boolean.
 * - `malformed_unicode`: a label value has a lone surrogate, which UTF-8 cannot carry.
 * - `invalid_value`: the value is neither a number nor an object.
 * - `invalid_histogram`: the value is an object that is no sound histogram, and has no quantiles.
 *   Bounds rise to infinity, the last bucket has `count`, and native buckets add up to it.
 * - `invalid_summary`: the value has quantiles and is no sound summary. Quantiles rise from 0 to 1;
 *   count, sum and values are not negative.
 * - `invalid_timestamp`, `invalid_start_time`: the time is given and not whole milliseconds.
 * - `invalid_exemplars`: an exemplar has no labels or illegal ones, no sound value or no sound
 *   time.
 * - `point_too_large`: the point may take more than 1 MiB on a page, or more than its store keeps.
 * - `type_mismatch`: the value is not of the kind that the family's type has. An undeclared
 *   family is of gauges, which are numbers.
 * - `invalid_counter_value`: the family is a counter and the value is negative or NaN.
 * - `invalid_info_value`: the family is of infos, and the value is not 1 or its name lacks `_info`.
 * - `invalid_stateset_value`: the family is of state sets, and the value is neither 0 nor 1 or no
 *   label is named as the family.
 * - `reserved_label`: a histogram has a label `le`, or a summary a label `quantile`.
 * - `invalid_updated_at`: `updatedAt` is given and not a finite number.
 * - `series_too_long`: the series' text is longer than `maxSeriesBytes`.
 * - `duplicate`: another point of the same series in one snapshot was newer or came later.
 * - `invalid_event`: an event of a delta is neither a point nor the end of a series.
 * - `series_limit`: the store is at `maxSeries` and the series is new.
 * - `owned_by_group`: a group, or another group, has the series.
 * - `owned_by_none`: the series is to be in a group, and is there without one.
 */
export type RejectionReason = (typeof REJECTION_REASONS)[number];

/** Every {@link RejectionReason}, in a fixed order. */
export const REJECTION_REASONS = [
  'not_a_point',
  'invalid_name',
  'invalid_labels',
  'too_many_labels',
  'invalid_label_name',
  'invalid_label_value',
  'malformed_unicode',
  'invalid_value',
  'invalid_histogram',
  'invalid_summary',
  'invalid_timestamp',
  'invalid_start_time',
  'invalid_exemplars',
  'point_too_large',
  'type_mismatch',
  'invalid_counter_value',
  'invalid_info_value',
  'invalid_stateset_value',
  'reserved_label',
  'invalid_updated_at',
  'series_too_long',
  'duplicate',
  'invalid_event',
  'series_limit',
  'owned_by_group',
  'owned_by_none',
] as const;

/** One rejected point, kept for diagnosis; never exposed to scrapers. */
export interface RejectedPoint {
  /** Why. */
  readonly reason: RejectionReason;
  /** The series' id if that is known, else a description; cut to 200 characters. */
  readonly subject: string;
  /** When it was rejected, in Unix milliseconds. */
  readonly rejectedAt: number;
}

/** Says what something is in at most 200 characters. Never throws, whatever it is given. */
export function describeSubject(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(given.slice(0, 200)).slice(0, 200);
  if (typeof given === 'function') return 'a function';
  if (typeof given !== 'object' || given === null) return String(given).slice(0, 200);
  try {
    const name = Object.getOwnPropertyDescriptor(given, 'name')?.value;
    return typeof name === 'string' ? `name ${describeSubject(name)}`.slice(0, 200) : 'an object';
  } catch {
    return 'an object'; // A proxy may refuse to be looked at.
  }
}

const KEPT = 100;

/** Counts rejected points by reason and keeps the last 100 of them. */
export class RejectionLog {
  readonly #counts = new Map<RejectionReason, number>(REJECTION_REASONS.map((r) => [r, 0]));
  readonly #last: RejectedPoint[] = [];
  #next = 0;

  /** Counts one rejected point. */
  add(rejected: RejectedPoint): void {
    this.#counts.set(rejected.reason, this.count(rejected.reason) + 1);
    this.#last[this.#next] = rejected;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** How many points were rejected for a reason. */
  count(reason: RejectionReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** How many points were rejected, for every reason of the closed list. */
  countsByReason(): Readonly<Record<RejectionReason, number>> {
    return Object.fromEntries(this.#counts) as Record<RejectionReason, number>;
  }

  /** The last rejected points, oldest first, at most 100. */
  lastRejected(): readonly RejectedPoint[] {
    return [...this.#last.slice(this.#next), ...this.#last.slice(0, this.#next)];
  }
}
