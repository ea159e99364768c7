import { isSamePlace, NOWHERE, type Position } from './cursor.ts';
import type { DataSet } from './data-set.ts';
import { listOf, textOf, textsOf } from './replies.ts';

// How many entries of the log the first read asks for; later ones ask for as many as make a batch.
const FIRST_ENTRIES = 16;
const MOST_ENTRIES = 1_000;
// How many bytes of the log one read should ask for: the server needs a millisecond or so for them.
const READ_BYTES = 2_097_152;
// How many changes one entry of the log has at most, and with how many bytes of ids it is full
// (`note` of the scripts).
const ENTRY_CHANGES = 64;
const ENTRY_BYTES = 65_536;
const SLACK = 17 / 16;

/** A part of the log: the changes of one call, or some of them. */
export interface LogEntry {
  /** The number of its last change. */
  readonly end: number;
  readonly token: string;
  /** Ids and texts in turn; the text of an end is empty. */
  readonly changes: readonly string[];
}

/** What was read of a log. */
export interface LogPart {
  readonly entries: readonly LogEntry[];
  /** The place of the last change in them. */
  readonly at: Position;
  /** Whether nothing follows. */
  readonly isWhole: boolean;
}

/**
 * Reads about so many changes of a partition behind a place; undefined if its log does not have
 * them all.
 *
 * @param until - the place to stop at, which must be in the log. Default: its end.
 */
export async function readLog(
  dataSet: DataSet,
  partition: number,
  {
    at,
    until,
    most,
  }: { readonly at: Position; readonly until?: Position | undefined; readonly most: number },
): Promise<LogPart | undefined> {
  const entries: LogEntry[] = [];
  let position = at;
  let room = most;
  let ask = Math.max(2, Math.min(FIRST_ENTRIES, most + 2));
  for (;;) {
    const found = await readRange(dataSet, partition, { from: position, until, count: ask });
    const rest = found && afterPosition(found, position);
    if (found === undefined || rest === undefined) return undefined;
    for (const { end, token, changes: all } of rest) {
      if (room === 0 && all.length > 0) break;
      if (end - all.length / 2 !== position.seq && end !== 1) return undefined;
      const changes = all.slice(0, 2 * room);
      room -= changes.length / 2;
      position = { seq: end - (all.length - changes.length) / 2, token };
      entries.push({ end: position.seq, token, changes });
    }
    const last = found.at(-1);
    const isAtEnd = found.length < ask && (last === undefined || last.end === position.seq);
    if (isAtEnd && until !== undefined && !isSamePlace(position, until)) return undefined;
    if (isAtEnd || room === 0) return { entries, at: position, isWhole: isAtEnd };
    ask = entriesToAsk(room, rest);
  }
}

/** Entries from a place on; undefined if some of them are not of this package. */
async function readRange(
  { calls, keys }: DataSet,
  partition: number,
  {
    from,
    until,
    count,
  }: { readonly from: Position; readonly until: Position | undefined; readonly count: number },
): Promise<readonly LogEntry[] | undefined> {
  const { log } = keys.partition(partition);
  const start = from.seq === 0 ? '-' : `${from.seq}-0`;
  const end = until === undefined ? '+' : `${until.seq}-0`;
  const args = ['XRANGE', log, start, end, 'COUNT', String(count)];
  const entries = listOf(await calls.read('snapshotDelta', log, args)).map(readEntry);
  return entries.every((entry) => entry !== undefined) ? entries : undefined;
}

function readEntry(entry: unknown): LogEntry | undefined {
  const [id, fields] = listOf(entry);
  const end = Number(/^(\d+)-0$/.exec(textOf(id))?.[1]);
  const [mark, token = '', ...changes] = textsOf(fields);
  const isOurs = Number.isSafeInteger(end) && mark === 't' && changes.length % 2 === 0;
  return isOurs ? { end, token, changes } : undefined;
}

/**
 * How many entries make so many changes, if they have as many as those that came; with the one of
 * the place itself, and one more, to see whether more follows. No more than are sure to be of a
 * bounded size, if their changes are as long as those that came, even if they are full of them.
 */
function entriesToAsk(changes: number, seen: readonly LogEntry[]): number {
  let count = 0;
  let length = 0;
  for (const entry of seen) {
    count += entry.changes.length / 2;
    for (const text of entry.changes) length += text.length;
  }
  const perEntry = Math.min(ENTRY_CHANGES, Math.max(1, count / Math.max(1, seen.length)));
  const perChange = length / Math.max(1, count);
  const entryBytes = Math.min(ENTRY_CHANGES * perChange, ENTRY_BYTES + perChange);
  const fitting = Math.floor(READ_BYTES / Math.max(1, entryBytes));
  // The last entry of each call has fewer, so a few more are needed than those that came make
  // believe.
  const needed = Math.ceil((changes / perEntry) * SLACK) + 2;
  return Math.max(2, Math.min(MOST_ENTRIES, fitting, needed));
}

/**
 * What follows a position in a part of the log that begins with the entry of that position;
 * undefined when it does not.
 */
function afterPosition(
  entries: readonly LogEntry[],
  { seq, token }: Position,
): readonly LogEntry[] | undefined {
  const first = entries[0];
  if (seq === NOWHERE.seq) {
    // The first entry of every log is its making; a log without it lacks changes.
    return first === undefined || first.end === 1 ? entries : undefined;
  }
  if (first === undefined || first.token !== token) return undefined;
  const left = first.end - seq;
  const count = first.changes.length / 2;
  // An entry without changes is the making of the log.
  if (left < 0 || (count > 0 ? left >= count : left > 0)) return undefined;
  const rest = { ...first, changes: first.changes.slice(first.changes.length - 2 * left) };
  return left === 0 ? entries.slice(1) : [rest, ...entries.slice(1)];
}
