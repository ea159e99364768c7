import type { DeltaEvent, SnapshotDelta } from '../../model/snapshot-reader.ts';
import {
  type CursorState,
  firstCursor,
  formatCursor,
  NOWHERE,
  type Position,
  type Progress,
  parseCursor,
} from './cursor.ts';
import type { DataSet } from './data-set.ts';
import { countOf, listOf, pairsOf, textOf } from './replies.ts';
import { SampleReader } from './stored-sample.ts';

/** A delta whose events are all there at once. */
export interface RedisStoreDelta extends SnapshotDelta {
  /** The changes, oldest first. */
  readonly events: readonly DeltaEvent[];
}

// How many entries of the log the first read asks for; later ones ask for as many as make a batch.
const FIRST_ENTRIES = 16;
const MOST_ENTRIES = 1_000;
// How many bytes of the log one read should ask for: the server needs a millisecond or so for them.
const READ_BYTES = 2_097_152;
// How many changes one entry of the log has at most, and with how many bytes of ids it is full (`note` of the
// scripts).
const ENTRY_CHANGES = 64;
const ENTRY_BYTES = 65_536;
const SLACK = 17 / 16;

/** A part of the log: the changes of one call, or some of them. */
interface LogEntry {
  /** The number of its last change. */
  readonly end: number;
  readonly token: string;
  /** Ids and texts in turn; the text of an end is empty. */
  readonly changes: readonly string[];
}

/** What was read of one partition. */
interface PartitionDelta {
  readonly progress: Progress;
  readonly hasMore: boolean;
}

/** The cursor of the present state. */
export async function readCursor(dataSet: DataSet): Promise<string> {
  const layout = await dataSet.readLayout('snapshotCursor');
  const heads = await dataSet.heads('snapshotCursor', layout);
  return formatCursor({ progress: heads.map(({ at }) => ({ at })) });
}

/**
 * Reads the changes since a cursor from the logs of all partitions, about so many at most.
 *
 * The state that they lead to follows from the cursor alone: the log has what each series became, in order,
 * whatever it has become since.
 */
export async function readDelta(
  dataSet: DataSet,
  cursor: unknown,
  most: number,
): Promise<RedisStoreDelta> {
  const from = await readPlaces(dataSet, cursor);
  if (from === undefined) return reset(dataSet);
  const events: DeltaEvent[] = [];
  const share = Math.max(1, Math.floor(most / from.progress.length));
  const parts = await Promise.all(
    from.progress.map((progress, partition) =>
      new PartitionLog(dataSet, partition).read(progress, share),
    ),
  );
  const progress: Progress[] = [];
  let more = false;
  for (const part of parts) {
    if (part === undefined) return reset(dataSet);
    for (const event of part.events) events.push(event);
    progress.push(part.progress);
    more ||= part.hasMore;
  }
  return { nextCursor: formatCursor({ progress, nonce: from.nonce }), events, more };
}

/** What a cursor says; undefined when it is none of this data set. */
async function readPlaces(dataSet: DataSet, cursor: unknown): Promise<CursorState | undefined> {
  const known = await dataSet.layout('snapshotDelta');
  const from = parseCursor(cursor, known.partitions);
  const isBegun = from?.progress.every(({ at }) => at.seq > 0);
  if (isBegun === true) return from;
  // The beginning of one history is that of every other, so this one may have been made anew since.
  const { partitions } = await dataSet.readLayout('snapshotDelta');
  return parseCursor(cursor, partitions) ?? fromNothing(cursor, partitions);
}

/** A cursor from when nobody knew how many partitions there would be: everything follows from it. */
function fromNothing(cursor: unknown, partitions: number): CursorState | undefined {
  if (typeof cursor !== 'string' || !/^r1:0(?:,0)*;$/.test(cursor)) return undefined;
  return firstCursor(partitions);
}

async function reset(dataSet: DataSet): Promise<RedisStoreDelta> {
  return { nextCursor: await readCursor(dataSet), events: [], reset: true };
}

/** The log of one partition. */
class PartitionLog {
  readonly #dataSet: DataSet;
  readonly #log: string;
  readonly #reader: SampleReader = new SampleReader();

  constructor(dataSet: DataSet, partition: number) {
    this.#dataSet = dataSet;
    this.#log = dataSet.keys.partition(partition).log;
  }

  /** Reads about so many changes; undefined when the place is not in the log, or what was seen is not. */
  async read(
    { at, seen }: Progress,
    most: number,
  ): Promise<(PartitionDelta & { readonly events: readonly DeltaEvent[] }) | undefined> {
    const events: DeltaEvent[] = [];
    let position = at;
    let unseen = seen;
    let ask = Math.max(2, Math.min(FIRST_ENTRIES, most + 2));
    for (;;) {
      const entries = await this.#entries(position, ask);
      const rest = afterPosition(entries, position);
      if (rest === undefined) return undefined;
      for (const entry of rest) {
        if (events.length >= most && entry.changes.length > 0) break;
        const changes = entry.changes.slice(0, 2 * (most - events.length));
        this.#take(changes, events);
        const end = entry.end - (entry.changes.length - changes.length) / 2;
        position = { seq: end, token: entry.token };
        if (unseen !== undefined && unseen.seq <= entry.end && unseen.seq <= end) {
          if (unseen.token !== entry.token) return undefined;
          unseen = undefined;
        }
      }
      const last = entries.at(-1);
      const isAtHead = entries.length < ask && (last === undefined || last.end === position.seq);
      // What was seen once must be there: otherwise changes were lost.
      if (isAtHead && unseen !== undefined) return undefined;
      if (isAtHead || events.length >= most) {
        return { events, progress: { at: position, seen: unseen }, hasMore: !isAtHead };
      }
      ask = entriesToAsk(most - events.length, rest);
    }
  }

  async #entries({ seq }: Position, count: number): Promise<readonly LogEntry[]> {
    const from = seq === 0 ? '-' : `${seq}-0`;
    const args = ['XRANGE', this.#log, from, '+', 'COUNT', String(count)];
    const reply = listOf(await this.#dataSet.calls.read('snapshotDelta', this.#log, args));
    return reply.map((entry) => {
      const [id, fields] = listOf(entry, 2);
      const [, token, ...changes] = pairsOf(fields);
      return { end: countOf(textOf(id).replace(/-0$/, '')), token: token ?? '', changes };
    });
  }

  #take(changes: readonly string[], events: DeltaEvent[]): void {
    for (let i = 0; i < changes.length; i += 2) {
      const id = changes[i]!;
      const text = changes[i + 1]!;
      if (text === '') events.push({ deleted: true, seriesId: id });
      else events.push({ point: this.#reader.sample(id, text) });
    }
  }
}

/**
 * How many entries make so many changes, if they have as many as those that came; with the one of the place
 * itself, and one more, to see whether more follows. No more than are sure to be of a bounded size, if their
 * changes are as long as those that came, even if they are full of them.
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
  // The last entry of each call has fewer, so a few more are needed than those that came make believe.
  const needed = Math.ceil((changes / perEntry) * SLACK) + 2;
  return Math.max(2, Math.min(MOST_ENTRIES, fitting, needed));
}

/**
 * What follows a position in a part of the log that begins with the entry of that position; undefined when
 * it does not.
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
