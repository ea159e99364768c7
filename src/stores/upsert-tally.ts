import { soundClock } from '../model/clock.ts';
import type { RejectedPoint, RejectionReason } from '../model/rejection.ts';
import type { UpsertResult } from './metric-store.ts';
import type { WriteLog } from './write-log.ts';

const REFUSALS_KEPT = 100;

/** What became of a point that was admitted. */
export type WriteOutcome = 'added' | 'changed' | 'unchanged' | 'older';

/**
 * Counts what becomes of the points of one `upsert`, and tells the store's log of those not
 * written.
 */
export class UpsertTally {
  readonly #log: WriteLog;
  readonly #now: () => number;
  readonly #counts: Record<WriteOutcome | 'refused', number> = {
    added: 0,
    changed: 0,
    unchanged: 0,
    older: 0,
    refused: 0,
  };
  readonly #refusals: RejectedPoint[] = [];

  /**
   * @param log - the store's log.
   * @param now - the store's clock, in Unix milliseconds.
   */
  constructor(log: WriteLog, now: () => number) {
    this.#log = log;
    this.#now = soundClock(now);
  }

  /** Counts an admitted point. */
  count(outcome: WriteOutcome): void {
    this.#counts[outcome]++;
    if (outcome === 'older') this.#log.noteOlder();
  }

  /** Counts a refused point. */
  refuse(reason: RejectionReason, subject: string): void {
    const rejected = { reason, subject: subject.slice(0, 200), rejectedAt: this.#now() };
    this.#counts.refused++;
    this.#log.refuse(rejected);
    if (this.#refusals.length < REFUSALS_KEPT) this.#refusals.push(rejected);
  }

  /** The counts so far. */
  result(): UpsertResult {
    return { ...this.#counts, refusals: [...this.#refusals] };
  }
}
