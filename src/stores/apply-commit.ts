import type { Commit, Committed, Put, PutOutcome } from './driver.ts';

/** The value of a series and its time, as they are stored. */
interface StoredSample {
  /** Any double. */
  readonly value: number;
  /** Unix milliseconds. */
  readonly time: number;
}

/** The rows that a commit changes, inside one transaction of the driver. */
export interface CommitTable {
  /** How many series there are now. */
  readonly size: number;
  /** The stored sample of a series; undefined if there is no such series. */
  get(key: string): StoredSample | undefined;
  /** Stores a sample and notes in the log that the series changed. */
  put(key: string, sample: StoredSample): void;
  /** Ends a series that is there and notes in the log that it changed. */
  end(key: string): void;
}

/**
 * Makes the changes of a commit: the last write wins by time, at a tie the later one, and a series
 * beyond `most` is not added. The caller writes `records` itself, and ends its transaction after
 * this returns.
 */
export function applyCommit(table: CommitTable, { puts, ends, endTimes, most }: Commit): Committed {
  const outcomes = puts.map((put) => applyPut(table, put, most));
  let ended = 0;
  for (const [at, key] of ends.entries()) {
    const stored = table.get(key);
    if (stored === undefined) continue;
    if (endTimes !== undefined && endTimes[at] !== stored.time) continue;
    table.end(key);
    ended++;
  }
  return { outcomes, ended };
}

function applyPut(table: CommitTable, put: Put, most: number): PutOutcome | undefined {
  const { key, value } = put;
  const stored = table.get(key);
  if (stored === undefined) {
    if (table.size >= most) return undefined;
    table.put(key, { value, time: put.time });
    return 'added';
  }
  const time = put.isTimeSupplied ? Math.max(put.time, stored.time) : put.time;
  if (time < stored.time) return 'older';
  if (time === stored.time && Object.is(value, stored.value)) return 'unchanged';
  table.put(key, { value, time });
  return 'changed';
}
