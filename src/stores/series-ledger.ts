import type { MetricPoint, SnapshotPoint } from '../model/metric-point.ts';
import type { DeltaEvent, SnapshotDelta } from '../model/snapshot-reader.ts';
import { trustedSeriesId } from '../model/trusted-point.ts';
import { ChangeLog } from './change-log.ts';
import { SeriesTable } from './series-table.ts';
import type { SeriesPredicate } from './series-target.ts';
import type { WriteOutcome } from './upsert-tally.ts';
import { firstPoint, nextPoint } from './written-point.ts';

/** A delta whose events are all there at once. */
export interface MemoryStoreDelta extends SnapshotDelta {
  /** The changes, oldest first. */
  readonly events: readonly DeltaEvent[];
}

/** What admission found out of a point. */
export interface AdmittedPoint {
  readonly id: string;
  readonly updatedAt: number;
  /** Whether the time is the store's, because the point had none. */
  readonly isTimeSupplied: boolean;
}

/** The series and the log of their changes, which only ever change together. */
export class SeriesLedger {
  readonly #series: SeriesTable = new SeriesTable();
  readonly #changes: ChangeLog;

  /**
   * @param room - how many changes are remembered.
   */
  constructor(room: number) {
    this.#changes = new ChangeLog(room);
  }

  /** How many series there are. */
  get size(): number {
    return this.#series.size;
  }

  /** The cursor of now. */
  get cursor(): string {
    return this.#changes.cursor;
  }

  /** The id of a series as it is stored; undefined when there is no such series. */
  storedId(id: string): string | undefined {
    return trustedSeriesId(this.#series.get(id));
  }

  /** Begins to walk all points as they are now, whatever is written meanwhile. */
  openFrame(): IterableIterator<SnapshotPoint> {
    return this.#series.openFrame();
  }

  /**
   * Writes an admitted point; returns undefined, and does nothing, if its series would be one too
   * many.
   *
   * @param most - the most series that there may be.
   */
  write(
    written: MetricPoint,
    { id, updatedAt, isTimeSupplied }: AdmittedPoint,
    most: number,
  ): WriteOutcome | undefined {
    const slot = this.#series.slotOf(id);
    if (slot !== undefined) {
      const stored = this.#series.at(slot);
      // A time of the store's own says no more than that this write came later.
      const time = isTimeSupplied ? Math.max(updatedAt, stored.updatedAt) : updatedAt;
      return this.#replace(slot, written.value, time);
    }
    if (this.#series.size >= most) return undefined;
    const point = firstPoint(written, updatedAt, id);
    this.#series.add(id, point);
    this.#changes.add(id);
    return 'added';
  }

  /** Ends series; returns how many of them there were. */
  end(ids: Iterable<string>): number {
    let ended = 0;
    for (const id of ids) {
      if (!this.#series.remove(id)) continue;
      this.#changes.add(id);
      ended++;
    }
    return ended;
  }

  /** Ends the series that a predicate chooses among the slots below `above`, down to `lowest`. */
  endWhere(isChosen: SeriesPredicate, above: number, lowest: number): number {
    let ended = 0;
    // Downwards: what a removal moves into its slot comes from above and has been looked at.
    for (let slot = above - 1; slot >= lowest; slot--) {
      const point = this.#series.at(slot);
      if (isChosen(point)) ended += this.end([trustedSeriesId(point)!]);
    }
    return ended;
  }

  /** The last state of each series that changed since a cursor, for at most so many changes. */
  delta(cursor: unknown, mostChanges: number): MemoryStoreDelta {
    const batch = this.#changes.since(cursor, mostChanges);
    if (batch === undefined) return { nextCursor: this.cursor, events: [], reset: true };
    const events = batch.ids.map((id): DeltaEvent => {
      const point = this.#series.get(id);
      return point === undefined ? { deleted: true, seriesId: id } : { point };
    });
    return { nextCursor: batch.nextCursor, events, more: batch.more };
  }

  #replace(slot: number, value: number, updatedAt: number): WriteOutcome {
    const stored = this.#series.at(slot);
    if (updatedAt < stored.updatedAt) return 'older';
    if (updatedAt === stored.updatedAt && Object.is(value, stored.value)) return 'unchanged';
    this.#series.replace(slot, nextPoint(stored, value, updatedAt));
    // The stamp rather than the id just made: one string for each series, not one for each write.
    this.#changes.add(trustedSeriesId(stored)!);
    return 'changed';
  }
}
