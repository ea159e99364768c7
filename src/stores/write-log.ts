import { type RejectedPoint, RejectionLog } from '../model/rejection.ts';
import type { WriteStats } from '../model/write-stats.ts';

/** Counts the points that a store was given and did not write. */
export class WriteLog {
  readonly #refused: RejectionLog = new RejectionLog();
  #older = 0;

  /** Counts a refused point. */
  refuse(rejected: RejectedPoint): void {
    this.#refused.add(rejected);
  }

  /** Counts a point that is older than the stored one of its series. */
  noteOlder(): void {
    this.#older++;
  }

  /** The counts so far. */
  stats(): WriteStats {
    return {
      rejected: this.#refused.countsByReason(),
      lastRejected: this.#refused.lastRejected(),
      older: this.#older,
    };
  }
}
