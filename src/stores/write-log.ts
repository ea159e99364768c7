import {
  REJECTION_REASONS,
  type RejectedPoint,
  RejectionLog,
  type RejectionReason,
} from '../model/rejection.ts';
import type { WriteStats } from '../model/write-stats.ts';

/** Why a point was not written. */
type UnwrittenReason = RejectionReason | 'older';

/** How many points were not written, by reason. */
export type UnwrittenCounts = ReadonlyMap<string, number>;

/** Counts the points that a store was given and did not write. */
export class WriteLog {
  readonly #refused: RejectionLog = new RejectionLog();
  #older = 0;
  /** What was counted and is not in the data set's own counts yet. */
  #unshared = new Map<string, number>();

  /** Counts a refused point. */
  refuse(rejected: RejectedPoint): void {
    this.#refused.add(rejected);
    this.#count(rejected.reason, 1);
  }

  /** Counts a point that is older than the stored one of its series. */
  noteOlder(): void {
    this.#older++;
    this.#count('older', 1);
  }

  /** The counts of this store. */
  stats(): WriteStats {
    return {
      rejected: this.#refused.countsByReason(),
      lastRejected: this.#refused.lastRejected(),
      older: this.#older,
    };
  }

  /** The counts of a data set that several stores write, with what is not in them yet. */
  statsWith(shared: UnwrittenCounts): WriteStats {
    const count = (reason: UnwrittenReason): number =>
      (shared.get(reason) ?? 0) + (this.#unshared.get(reason) ?? 0);
    const rejected = REJECTION_REASONS.map((reason) => [reason, count(reason)]);
    return {
      rejected: Object.fromEntries(rejected) as Record<RejectionReason, number>,
      lastRejected: this.#refused.lastRejected(),
      older: count('older'),
    };
  }

  /**
   * Takes what is not in the data set's counts yet, to be added there; undefined if there is
   * nothing.
   */
  takeUnshared(): UnwrittenCounts | undefined {
    if (this.#unshared.size === 0) return undefined;
    const counts = this.#unshared;
    this.#unshared = new Map();
    return counts;
  }

  /** Gives back what could not be added. */
  giveBack(counts: UnwrittenCounts): void {
    for (const [reason, count] of counts) this.#count(reason, count);
  }

  #count(reason: string, count: number): void {
    this.#unshared.set(reason, (this.#unshared.get(reason) ?? 0) + count);
  }
}
