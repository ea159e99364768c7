import type { RejectedPoint } from '../model/rejection.ts';
import type { UpsertResult } from './metric-store.ts';

const REFUSALS_KEPT = 100;

/** What became of a point that was let in. */
export type WriteOutcome = 'added' | 'changed' | 'unchanged' | 'older';

/** Counts what becomes of the points of one `upsert`. */
export class UpsertTally {
  readonly #counts: Record<WriteOutcome | 'refused', number> = {
    added: 0,
    changed: 0,
    unchanged: 0,
    older: 0,
    refused: 0,
  };
  readonly #refusals: RejectedPoint[] = [];

  /** Counts a point that was let in. */
  count(outcome: WriteOutcome): void {
    this.#counts[outcome]++;
  }

  /** Counts a refused point. */
  refuse(rejected: RejectedPoint): void {
    this.#counts.refused++;
    if (this.#refusals.length < REFUSALS_KEPT) this.#refusals.push(rejected);
  }

  /** The counts so far. */
  result(): UpsertResult {
    return { ...this.#counts, refusals: [...this.#refusals] };
  }
}
