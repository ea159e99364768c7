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
  readonly #unshared = new Map<string, number>();
  /** What was taken to be added there and was not seen in them yet. */
  readonly #unseen = new Map<string, number>();
  // How often something was taken, and how much of that is being added.
  #taken = 0;
  #underWay = 0;

  /** Counts a refused point. */
  refuse(rejected: RejectedPoint): void {
    this.#refused.add(rejected);
    this.#count(rejected.reason);
  }

  /** Counts a point that is older than the stored one of its series. */
  noteOlder(): void {
    this.#older++;
    this.#count('older');
  }

  /** The counts of this store. */
  stats(): WriteStats {
    return {
      rejected: this.#refused.countsByReason(),
      lastRejected: this.#refused.lastRejected(),
      older: this.#older,
    };
  }

  /** The counts of a data set that several stores write, with what was not seen in them yet. */
  statsWith(shared: UnwrittenCounts): WriteStats {
    const count = (reason: UnwrittenReason): number =>
      [shared, this.#unshared, this.#unseen].reduce(
        (sum, counts) => sum + (counts.get(reason) ?? 0),
        0,
      );
    const rejected = REJECTION_REASONS.map((reason) => [reason, count(reason)]);
    return {
      rejected: Object.fromEntries(rejected) as Record<RejectionReason, number>,
      lastRejected: this.#refused.lastRejected(),
      older: count('older'),
    };
  }

  /** Whether counts were added that were not seen yet, and none are being added. */
  get isLookDue(): boolean {
    return this.#unseen.size > 0 && this.#underWay === 0;
  }

  /**
   * Takes what is not in the data set's counts yet, to be added there; undefined if there is
   * nothing. It is counted here until it is seen there. The caller ends it by `endAdding`.
   */
  takeUnshared(): UnwrittenCounts | undefined {
    if (this.#unshared.size === 0) return undefined;
    const counts = new Map(this.#unshared);
    this.#unshared.clear();
    addCounts(this.#unseen, counts);
    this.#taken++;
    this.#underWay++;
    return counts;
  }

  /** Notes what became of what was taken: it was added and seen, added only, or is given back. */
  endAdding(counts: UnwrittenCounts, outcome: 'seen' | 'added' | 'failed'): void {
    if (counts.size === 0) return;
    this.#underWay--;
    if (outcome !== 'added') addCounts(this.#unseen, counts, -1);
    if (outcome === 'failed') addCounts(this.#unshared, counts);
  }

  /**
   * Is called before the data set's counts are read. What it returns is called when they were read,
   * and tells whether they can be used: whether it is certain which counts of this store they have.
   */
  beginLook(): () => boolean {
    const taken = this.#taken;
    const isCertain = this.#underWay === 0;
    return () => {
      if (!isCertain || this.#taken !== taken) return false;
      this.#unseen.clear();
      return true;
    };
  }

  #count(reason: string): void {
    this.#unshared.set(reason, (this.#unshared.get(reason) ?? 0) + 1);
  }
}

/** Adds counts to others, or takes them away. */
function addCounts(to: Map<string, number>, counts: UnwrittenCounts, sign: 1 | -1 = 1): void {
  for (const [reason, count] of counts) {
    const sum = (to.get(reason) ?? 0) + sign * count;
    if (sum === 0) to.delete(reason);
    else to.set(reason, sum);
  }
}
