import type { Payload } from './entries.ts';
import { KeyMatcher, type KeyPlace, KeyWriter, type KnownKey, TextMatcher } from './key/index.ts';
import type { SnapshotPoint } from './metric-point.ts';
import { checkPayload } from './payload-check.ts';
import { describeSubject, type RejectionReason } from './rejection.ts';
import { trustedPayload, trustedSeriesId } from './trusted-point.ts';

/** What admission needs to know of its owner. */
export interface AdmissionLimits {
  /** The longest series id that is admitted, in bytes of UTF-8. */
  readonly maxSeriesBytes: number;
  /** The time of points without one, in Unix milliseconds. */
  readonly now: () => number;
  /**
   * The longest payload that is a text, in bytes of UTF-8. Default: 0, so that only plain numbers
   * are admitted.
   */
  readonly maxPayloadBytes?: number;
  /** What compares points with keys; it remembers lines from one owner to the next. Default: new. */
  readonly matcher?: KeyMatcher;
}

/**
 * The one place where points from outside are checked. Accepted points are not validated again.
 *
 * Never throws, whatever it is given. Not for concurrent use: the result is in the fields until the
 * next call, which saves an object for each point.
 */
export class PointAdmission {
  /**
   * The series id; set whenever the name and the labels are sound, even if the point is rejected.
   */
  id: string | undefined;
  /** The metric name; set whenever the id is. */
  name = '';
  /** The value of an admitted point that is a plain number. */
  value = 0;
  /** The payload of an admitted point that is anything more, else undefined. */
  text: string | undefined;
  /** The time of an admitted point, in Unix milliseconds. */
  updatedAt = 0;
  /** Whether that time is the owner's, because the point had none. */
  isTimeSupplied = false;
  /** Why the last point was rejected; undefined for an admitted one. */
  reason: RejectionReason | undefined;
  /** Whether the last point that was admitted carried its id. */
  isTrusted = false;
  readonly #writer: KeyWriter;
  readonly #matcher: KeyMatcher;
  #texts: TextMatcher | undefined;
  readonly #maxPayloadBytes: number;
  readonly #maxSeriesBytes: number;
  readonly #now: () => number;
  #heldTime: unknown;

  constructor(limits: AdmissionLimits) {
    this.#maxSeriesBytes = limits.maxSeriesBytes;
    this.#now = limits.now;
    this.#matcher = limits.matcher ?? new KeyMatcher();
    this.#writer = new KeyWriter(limits.maxSeriesBytes);
    this.#maxPayloadBytes = limits.maxPayloadBytes ?? 0;
  }

  /** What an admitted point says: its number, or the text of anything more. */
  get payload(): Payload {
    // Two fields, so that V8 keeps numbers without an object for each.
    return this.text ?? this.value;
  }

  /** Reads the clock once for the points that come without a time until {@link releaseTime}. */
  holdTime(): void {
    this.#heldTime = undefined;
    this.#heldTime = this.#suppliedTime();
  }

  /** Has the clock read for each point again. */
  releaseTime(): void {
    this.#heldTime = undefined;
  }

  /** Checks one point; returns whether it is admitted. */
  admit(given: unknown): boolean {
    this.id = undefined;
    try {
      this.reason = this.#rejection(given);
    } catch {
      // A getter or a proxy threw. What it threw says nothing that the reason does not.
      this.reason = 'not_a_point';
    }
    return this.reason === undefined;
  }

  /**
   * Checks a point that may be a plain number of the series of a key that was admitted before, at
   * the least cost. If it is, it is admitted, with its value and time; no id is made. If not,
   * nothing is known of it, and {@link admit} has to check it.
   */
  admitAs(given: unknown, key: KeyPlace | KnownKey): boolean {
    try {
      return this.#isNumberOf(given, key);
    } catch {
      return false; // The other check says so.
    }
  }

  /** Works out only the identity, for a point that stands for the end of its series. */
  identify(given: unknown): boolean {
    this.id = undefined;
    try {
      this.reason = this.#identityRejection(given);
    } catch {
      this.reason = 'not_a_point';
    }
    return this.reason === undefined;
  }

  /** Says what the last point was, for the log of rejected points. */
  subject(given: unknown): string {
    return (this.id ?? describeSubject(given)).slice(0, 200);
  }

  #isNumberOf(given: unknown, key: KeyPlace | KnownKey): boolean {
    if (typeof given !== 'object' || given === null) return false;
    if (trustedSeriesId(given) !== undefined) return false;
    const point = given as Record<string, unknown>;
    const { name, labels, value, updatedAt, timestamp, startTime, exemplars } = point;
    const isBare = timestamp === undefined && startTime === undefined && exemplars === undefined;
    if (typeof value !== 'number' || !isBare) return false;
    if (!this.#isKey(key, name, labels)) return false;
    this.isTimeSupplied = updatedAt === undefined;
    const time = this.isTimeSupplied ? this.#suppliedTime() : updatedAt;
    if (typeof time !== 'number' || !Number.isFinite(time)) return false;
    this.updatedAt = time;
    this.value = value;
    this.text = undefined;
    return true;
  }

  #isKey(key: KeyPlace | KnownKey, name: unknown, labels: unknown): boolean {
    if ('form' in key) return (this.#texts ??= new TextMatcher()).matches(key, name, labels);
    return name === key.name && this.#matcher.matches(key, labels);
  }

  #rejection(given: unknown): RejectionReason | undefined {
    const rejection = this.#identityRejection(given);
    if (rejection !== undefined) return rejection;
    const { value, updatedAt: ownTime } = given as Record<string, unknown>;
    this.isTimeSupplied = ownTime === undefined;
    const updatedAt = this.isTimeSupplied ? this.#suppliedTime() : ownTime;
    if (typeof updatedAt !== 'number' || !Number.isFinite(updatedAt)) return 'invalid_updated_at';
    this.updatedAt = updatedAt;
    return this.#payloadRejection(given as Record<string, unknown>, value);
  }

  #payloadRejection(given: Record<string, unknown>, value: unknown): RejectionReason | undefined {
    if (this.isTrusted) return this.#take(trustedPayload(given as unknown as SnapshotPoint));
    const { timestamp, startTime, exemplars } = given;
    const isBare = timestamp === undefined && startTime === undefined && exemplars === undefined;
    if (isBare && typeof value === 'number') return this.#take(value);
    const checked = checkPayload(this.id!, { value, timestamp, startTime, exemplars });
    return typeof checked === 'string' ? checked : this.#take(checked.payload);
  }

  #take(payload: Payload): RejectionReason | undefined {
    if (typeof payload === 'number') {
      this.value = payload;
      this.text = undefined;
      return undefined;
    }
    this.text = payload;
    return isLonger(payload, this.#maxPayloadBytes) ? 'point_too_large' : undefined;
  }

  #suppliedTime(): unknown {
    try {
      return this.#heldTime ?? this.#now();
    } catch {
      return undefined; // The clock is the owner's; without a time the point is rejected.
    }
  }

  #identityRejection(given: unknown): RejectionReason | undefined {
    if (typeof given !== 'object' || given === null) return 'not_a_point';
    const { name } = given as Record<string, unknown>;
    const trusted = trustedSeriesId(given);
    if (trusted === undefined) {
      const { labels } = given as Record<string, unknown>;
      if (!this.#writer.write(name, labels)) return this.#writer.reason;
    }
    this.isTrusted = trusted !== undefined;
    const id = trusted ?? this.#writer.key;
    if (isLonger(id, this.#maxSeriesBytes)) return 'series_too_long';
    this.id = id;
    this.name = name as string;
    return undefined;
  }
}

/** Whether a text is longer than so many bytes of UTF-8. */
export function isLonger(text: string, bytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8, so most texts need no count.
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
