import { randomUUID } from 'node:crypto';
import type {
  Commit,
  CommitRefusal,
  Committed,
  GroupChange,
  Payload,
  Put,
  PutOutcome,
  StoredGroup,
} from './driver.ts';

/** What is stored of a series. */
export interface StoredSample {
  /** A number or a text, as it was put. */
  readonly payload: Payload;
  /** Unix milliseconds. */
  readonly time: number;
  /** The key of the group that owns the series. Default: none does. */
  readonly group?: string | undefined;
}

/** The groups that a commit changes, inside one transaction of the driver. */
export interface GroupTable {
  /** The stored group; undefined if there is no such group. */
  get(key: string): StoredGroup | undefined;
  /** Stores a group. */
  set(key: string, group: StoredGroup): void;
  /** Ends a group that is there. Its series have ended. */
  delete(key: string): void;
}

/** The rows that a commit changes, inside one transaction of the driver. */
export interface CommitTable {
  /** How many series there are now. */
  readonly size: number;
  /** The groups. Left out by a driver without groups. */
  readonly groups?: GroupTable;
  /**
   * The stored sample of a series; undefined if there is no such series. It need be good only until
   * the next call.
   */
  get(key: string): StoredSample | undefined;
  /** Stores a sample and its owner, and notes in the log that the series changed. */
  put(key: string, sample: StoredSample): void;
  /** Ends a series that is there and notes in the log that it changed. */
  end(key: string): void;
}

/**
 * Makes the changes of a commit: the last write wins by time, at a tie the later one, and a series
 * beyond `most` is not added. A commit of a group is refused before anything is changed. The caller
 * writes `records` itself, unless the commit was refused, and ends its transaction after this
 * returns.
 */
export function applyCommit(table: CommitTable, commit: Commit): Committed {
  const { puts, ends, endTimes, most, group } = commit;
  const judged = group === undefined ? [] : judgeGroup(table, commit, group);
  if ('reason' in judged) return { refused: judged, outcomes: [], ended: 0 };
  const outcomes: (PutOutcome | undefined)[] = judged;
  for (const [at, put] of puts.entries()) {
    if (group === undefined) outcomes.push(applyPut(table, put, most));
    else if (outcomes[at] !== 'unchanged') {
      table.put(put.key, { payload: put.payload, time: put.time, group: group.key });
    }
  }
  let ended = 0;
  for (const [at, key] of ends.entries()) {
    const stored = table.get(key);
    if (stored === undefined) continue;
    if (group !== undefined && stored.group !== group.key) continue;
    const isSpared = stored.group !== undefined || endTimes?.[at] !== stored.time;
    if (endTimes !== undefined && isSpared) continue;
    table.end(key);
    ended++;
  }
  if (group !== undefined) applyGroup(table.groups!, group);
  return { outcomes, ended };
}

function applyPut(table: CommitTable, put: Put, most: number): PutOutcome | undefined {
  const { key, payload } = put;
  const stored = table.get(key);
  if (stored === undefined) {
    if (table.size >= most) return undefined;
    table.put(key, { payload, time: put.time });
    return 'added';
  }
  if (stored.group !== undefined) return 'owned';
  const time = timeOfPut(put, stored.time);
  if (time < stored.time) return 'older';
  if (time === stored.time && Object.is(payload, stored.payload)) return 'unchanged';
  table.put(key, { payload, time });
  return 'changed';
}

/** The time of a put to a series that has a time: a supplied one only says that it came later. */
export function timeOfPut(put: Pick<Put, 'time' | 'isTimeSupplied'>, stored: number): number {
  return put.isTimeSupplied ? Math.max(put.time, stored) : put.time;
}

/** What becomes of each put of a group, whose series are looked up once; or why none is applied. */
function judgeGroup(
  table: CommitTable,
  { puts, ends, most }: Commit,
  { key: group, expect }: GroupChange,
): CommitRefusal | PutOutcome[] {
  if (table.groups!.get(group)?.version !== expect) return { reason: 'conflict' };
  const outcomes: PutOutcome[] = [];
  const added: string[] = [];
  for (const { key, payload, time } of puts) {
    const stored = table.get(key);
    if (stored === undefined) {
      outcomes.push('added');
      added.push(key);
    } else if (stored.group !== group) {
      return { reason: stored.group === undefined ? 'owned_by_none' : 'owned_by_group', key };
    } else {
      const isSame = stored.time === time && Object.is(payload, stored.payload);
      outcomes.push(isSame ? 'unchanged' : 'changed');
    }
  }
  if (table.size + added.length <= most || added.length === 0) return outcomes;
  const ended = ends.filter((key) => table.get(key)?.group === group).length;
  const room = Math.max(0, most - table.size + ended);
  const surplus = added[room];
  return surplus === undefined ? outcomes : { reason: 'series_limit', key: surplus };
}

function applyGroup(groups: GroupTable, { key, expect, next }: GroupChange): void {
  // Random, so that a group that ended and began again never has a version that it had before.
  if (next !== undefined) groups.set(key, { version: randomUUID(), ...next });
  else if (expect !== undefined) groups.delete(key);
}
