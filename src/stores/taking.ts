import { PointAdmission } from '../model/admission.ts';
import type { Committed, Put, StoreDriver } from './driver.ts';
import type { CheckedFrontOptions } from './front-options.ts';
import type { UpsertTally } from './upsert-tally.ts';
import { readWritten } from './written-point.ts';

/** The points of one `upsert` that are admitted and not written yet. */
export class Taking {
  readonly #admission: PointAdmission;
  readonly #tally: UpsertTally;
  readonly #most: number;
  #puts: Put[] = [];

  constructor(
    { keyBytes, commit }: StoreDriver['limits'],
    { maxSeriesBytes, now }: Pick<CheckedFrontOptions, 'maxSeriesBytes' | 'now'>,
    tally: UpsertTally,
  ) {
    this.#admission = new PointAdmission({
      maxSeriesBytes: Math.min(maxSeriesBytes, keyBytes),
      now,
    });
    this.#tally = tally;
    this.#most = commit;
  }

  /** Takes a point, or refuses and counts it; returns whether it is time to write. */
  add(given: unknown): boolean {
    const admission = this.#admission;
    if (!admission.admit(readWritten(given))) {
      this.#tally.refuse(admission.reason!, admission.subject(given));
      return false;
    }
    const { id, value, updatedAt, isTimeSupplied } = admission;
    this.#puts.push({ key: id!, value, time: updatedAt, isTimeSupplied });
    return this.#puts.length >= this.#most;
  }

  /** Hands over the points to write, and begins anew. */
  take(): readonly Put[] {
    const puts = this.#puts;
    this.#puts = [];
    return puts;
  }

  /** Counts what became of points that were handed over. */
  count(puts: readonly Put[], { outcomes }: Committed): void {
    for (const [at, { key }] of puts.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) this.#tally.refuse('series_limit', key);
      else this.#tally.count(outcome);
    }
  }
}
