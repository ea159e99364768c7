/**
 * Why a point was refused at ingest: a closed list, fit for a metric label.
 *
 * - `not_a_point`: not an object, or one whose properties cannot be read.
 * - `invalid_name`: the metric name is no string or not legal in the classic grammar.
 * - `invalid_labels`: `labels` is not a plain record.
 * - `too_many_labels`: the point has more than 1 024 labels.
 * - `invalid_label_name`: a label name is not legal in the classic grammar, or is `__name__`.
 * - `invalid_label_value`: a label value is neither text nor a number or boolean.
 * - `malformed_unicode`: a label value has a lone surrogate, which UTF-8 cannot carry.
 * - `invalid_value`: the value is not a number.
 * - `invalid_counter_value`: the family is a counter and the value is negative or NaN.
 * - `invalid_updated_at`: `updatedAt` is given and not a finite number.
 * - `series_too_long`: the series' text is longer than `maxSeriesBytes`.
 * - `duplicate`: another point of the same series in one snapshot was newer or came later.
 * - `invalid_event`: an event of a delta is neither a point nor the end of a series.
 * - `series_limit`: the store is at `maxSeries` and the series is new.
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
  'invalid_counter_value',
  'invalid_updated_at',
  'series_too_long',
  'duplicate',
  'invalid_event',
  'series_limit',
] as const;

/** One refused point, kept for diagnosis; never exposed to scrapers. */
export interface RejectedPoint {
  /** Why. */
  readonly reason: RejectionReason;
  /** The series' id where it could be told, else a description; cut to 200 characters. */
  readonly subject: string;
  /** When it was refused, in Unix milliseconds. */
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

/** Counts refused points by reason and keeps the last 100 of them. */
export class RejectionLog {
  readonly #counts = new Map<RejectionReason, number>(REJECTION_REASONS.map((r) => [r, 0]));
  readonly #last: RejectedPoint[] = [];
  #next = 0;

  /** Counts one refused point. */
  add(rejected: RejectedPoint): void {
    this.#counts.set(rejected.reason, this.count(rejected.reason) + 1);
    this.#last[this.#next] = rejected;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** How many points were refused for a reason. */
  count(reason: RejectionReason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** How many points were refused, for every reason of the closed list. */
  countsByReason(): Readonly<Record<RejectionReason, number>> {
    return Object.fromEntries(this.#counts) as Record<RejectionReason, number>;
  }

  /** The last refused points, oldest first, at most 100. */
  lastRejected(): readonly RejectedPoint[] {
    return [...this.#last.slice(this.#next), ...this.#last.slice(0, this.#next)];
  }
}
