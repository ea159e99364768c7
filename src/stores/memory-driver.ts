import { setImmediate } from 'node:timers/promises';
import { applyCommit } from './apply-commit.ts';
import { ChangeLog } from './change-log.ts';
import type {
  Commit,
  Committed,
  DriverChanges,
  DriverFrame,
  Lifetimes,
  ListedGroup,
  StoreDriver,
  StoredGroup,
} from './driver.ts';
import { GroupedSeries } from './group-table.ts';
import { isBeyond } from './retention.ts';

/** How many points or series are written or looked at in a slice, which takes a few ms. */
const SLICE = 4_096;
// A batch of so many changes is made in a few ms; it is made at once, whatever is asked for.
const MOST_CHANGES = 16_384;

/** The driver of `MemoryStore`: series in this process's memory. It returns no promises. */
export class MemoryDriver implements StoreDriver {
  readonly limits: StoreDriver['limits'] = {
    keyBytes: Number.POSITIVE_INFINITY,
    payloadBytes: Number.POSITIVE_INFINITY,
    commit: SLICE,
    groups: true,
  };
  /** The series and their groups. */
  readonly series: GroupedSeries;
  readonly #log: ChangeLog;
  #records = new Map<string, string>();
  // Whether a reader may have the map, which must not change then.
  #areRecordsRead = false;

  /** @param room - how many changes are remembered. */
  constructor(room: number) {
    this.#log = new ChangeLog(room);
    this.series = new GroupedSeries(this.#log);
  }

  head(): string {
    return this.#log.cursor;
  }

  commit(commit: Commit): Committed {
    const committed = applyCommit(this.series, commit);
    const isApplied = committed.refused === undefined;
    if (commit.records !== undefined && isApplied) this.#put(commit.records);
    return committed;
  }

  frame(): DriverFrame {
    return {
      cursor: this.head(),
      records: this.#readRecords(),
      pages: this.series.frame(),
      // Nothing is kept for it but its own pages.
      close: () => undefined,
    };
  }

  records(): ReadonlyMap<string, string> {
    return this.#readRecords();
  }

  group(key: string): (StoredGroup & { readonly keys: readonly string[] }) | undefined {
    return this.series.group(key);
  }

  groups(): readonly ListedGroup[] {
    return this.series.all();
  }

  changes(cursor: string, most: number): DriverChanges | 'lost' {
    const batch = this.#log.since(cursor, Math.min(most, MOST_CHANGES));
    if (batch === undefined) return 'lost';
    const { nextCursor: next, more } = batch;
    return { entries: this.series.entriesOf(batch), next, more };
  }

  async sweep(now: number, lifetimes: Lifetimes): Promise<number> {
    let ended = 0;
    let above = this.series.size;
    while (above > 0) {
      const lowest = Math.max(0, above - SLICE);
      ended += this.#endBeyond(lifetimes, now, { above, lowest });
      if (lowest > 0) await setImmediate();
      // Others may have ended series meanwhile; what they added needs no look.
      above = Math.min(lowest, this.series.size);
    }
    return ended;
  }

  close(): void {
    this.series.clear();
    this.#records = new Map();
  }

  #readRecords(): ReadonlyMap<string, string> {
    this.#areRecordsRead = true;
    return this.#records;
  }

  #put(records: NonNullable<Commit['records']>): void {
    if (this.#areRecordsRead) this.#records = new Map(this.#records);
    this.#areRecordsRead = false;
    for (const [name, text] of records) {
      if (text === undefined) this.#records.delete(name);
      else this.#records.set(name, text);
    }
  }

  #endBeyond(
    lifetimes: Lifetimes,
    now: number,
    { above, lowest }: { readonly above: number; readonly lowest: number },
  ): number {
    const { series } = this;
    let ended = 0;
    // Downwards: what moves into a slot comes from above, and has been looked at.
    for (let slot = above - 1; slot >= lowest; slot--) {
      const key = series.keyAt(slot);
      if (!isBeyond(lifetimes, { key, time: series.timeAt(slot) }, now)) continue;
      if (series.isOwned(key)) continue;
      series.end(key);
      ended++;
    }
    return ended;
  }
}
