import {
  REJECTION_REASONS,
  type RejectedPoint,
  RejectionLog,
  type RejectionReason,
} from '../model/rejection.ts';
import { latestOf } from './store-writes.ts';

/** What a merge left out, together with what the merged readers refused. */
export class MergedRejections extends RejectionLog {
  readonly #own = new RejectionLog();
  readonly #all: readonly RejectionLog[];

  /** @param logs - those of the readers. */
  constructor(logs: readonly RejectionLog[]) {
    super();
    this.#all = [this.#own, ...logs];
  }

  override add(rejected: RejectedPoint): void {
    this.#own.add(rejected);
  }

  override count(reason: RejectionReason): number {
    return this.#all.reduce((sum, log) => sum + log.count(reason), 0);
  }

  override countsByReason(): Readonly<Record<RejectionReason, number>> {
    const counts = REJECTION_REASONS.map((reason) => [reason, this.count(reason)]);
    return Object.fromEntries(counts) as Record<RejectionReason, number>;
  }

  override lastRejected(): readonly RejectedPoint[] {
    return latestOf(this.#all.map((log) => log.lastRejected()));
  }
}
