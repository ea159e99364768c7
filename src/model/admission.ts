import { KeyWriter } from './key/index.ts';
import { describeSubject, type RejectionReason } from './rejection.ts';
import { trustedSeriesId } from './trusted-point.ts';

/** What admission needs to know of its owner. */
export interface AdmissionLimits {
  /** The longest series id that is admitted, in bytes of UTF-8. */
  readonly maxSeriesBytes: number;
  /** The time of points without one, in Unix milliseconds. */
  readonly now: () => number;
}

/**
 * The one place where points from outside are checked. Accepted points are not validated again.
 *
 * Never throws, whatever it is given. Not for concurrent use: the result is in the fields until the
 * next call, which saves an object for each point.
 */
export class PointAdmission {
  /**
   * The series id; set whenever the name and the labels are sound, even if the point is refused.
   */
  id: string | undefined;
  /** The metric name; set whenever the id is. */
  name = '';
  /** The value of an admitted point. */
  value = 0;
  /** The time of an admitted point, in Unix milliseconds. */
  updatedAt = 0;
  /** Whether that time is the owner's, because the point had none. */
  isTimeSupplied = false;
  /** Why the last point was refused; undefined for an admitted one. */
  reason: RejectionReason | undefined;
  readonly #writer: KeyWriter;
  readonly #maxSeriesBytes: number;
  readonly #now: () => number;

  constructor(limits: AdmissionLimits) {
    this.#maxSeriesBytes = limits.maxSeriesBytes;
    this.#now = limits.now;
    this.#writer = new KeyWriter(limits.maxSeriesBytes);
  }

  /** Checks one point; returns whether it is admitted. */
  admit(given: unknown): boolean {
    this.id = undefined;
    try {
      this.reason = this.#refusal(given);
    } catch {
      // A getter or a proxy threw. What it threw says nothing that the reason does not.
      this.reason = 'not_a_point';
    }
    return this.reason === undefined;
  }

  /** Works out only the identity, for a point that stands for the end of its series. */
  identify(given: unknown): boolean {
    this.id = undefined;
    try {
      this.reason = this.#identityRefusal(given);
    } catch {
      this.reason = 'not_a_point';
    }
    return this.reason === undefined;
  }

  /** Says what the last point was, for the log of refused points. */
  subject(given: unknown): string {
    return (this.id ?? describeSubject(given)).slice(0, 200);
  }

  #refusal(given: unknown): RejectionReason | undefined {
    const refusal = this.#identityRefusal(given);
    if (refusal !== undefined) return refusal;
    const { value, updatedAt: ownTime } = given as Record<string, unknown>;
    if (typeof value !== 'number') return 'invalid_value';
    this.isTimeSupplied = ownTime === undefined;
    const updatedAt = this.isTimeSupplied ? this.#suppliedTime() : ownTime;
    if (typeof updatedAt !== 'number' || !Number.isFinite(updatedAt)) return 'invalid_updated_at';
    this.value = value;
    this.updatedAt = updatedAt;
    return undefined;
  }

  #suppliedTime(): unknown {
    try {
      return this.#now();
    } catch {
      return undefined; // The clock is the owner's; without a time the point is refused.
    }
  }

  #identityRefusal(given: unknown): RejectionReason | undefined {
    if (typeof given !== 'object' || given === null) return 'not_a_point';
    const { name } = given as Record<string, unknown>;
    const trusted = trustedSeriesId(given);
    if (trusted === undefined) {
      const { labels } = given as Record<string, unknown>;
      if (!this.#writer.write(name, labels)) return this.#writer.reason;
    }
    const id = trusted ?? this.#writer.key;
    if (this.#isTooLong(id)) return 'series_too_long';
    this.id = id;
    this.name = name as string;
    return undefined;
  }

  #isTooLong(id: string): boolean {
    // A UTF-16 unit is at most three bytes of UTF-8, so most ids need no count.
    return id.length * 3 > this.#maxSeriesBytes && Buffer.byteLength(id) > this.#maxSeriesBytes;
  }
}
