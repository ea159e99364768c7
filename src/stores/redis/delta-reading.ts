import type { DeltaEvent, SnapshotDelta } from '../../model/snapshot-reader.ts';
import { formatCursor, isSamePlace, noProgress, type Progress, parseCursor } from './cursor.ts';
import type { DataSet } from './data-set.ts';
import { type LogEntry, PartitionLog } from './partition-log.ts';
import { type OnForeign, SampleReader } from './stored-sample.ts';

/** A delta whose events are all there at once. */
export interface RedisStoreDelta extends SnapshotDelta {
  /** The changes, oldest first. */
  readonly events: readonly DeltaEvent[];
}

/** What was read of one partition. */
interface PartitionDelta {
  readonly entries: readonly LogEntry[];
  readonly progress: Progress;
}

/** The cursor of the present state. */
export async function readCursor(dataSet: DataSet): Promise<string> {
  const layout = await dataSet.readLayout('snapshotCursor');
  const heads = await dataSet.heads('snapshotCursor', layout);
  return formatCursor(heads.map(({ at }) => ({ at })));
}

/**
 * Reads the changes since a cursor from the logs of all partitions, about so many at most.
 *
 * The state that they lead to follows from the cursor alone: the log has what each series became,
 * in order, whatever it has become since. The first batch of a chain fixes where the chain ends.
 *
 * @param onForeign - is called with what is in the log and is no sample.
 */
export async function readDelta(
  dataSet: DataSet,
  cursor: unknown,
  most: number,
  onForeign: OnForeign,
): Promise<RedisStoreDelta> {
  const from = await readPlaces(dataSet, cursor);
  if (from === undefined) return reset(dataSet);
  const isChain = from.some(({ until }) => until !== undefined);
  const isOver = ({ until }: Progress): boolean => isChain && until === undefined;
  const open = from.filter((progress) => !isOver(progress)).length;
  const share = Math.max(1, Math.floor(most / open));
  const read = async (
    progress: Progress,
    partition: number,
  ): Promise<PartitionDelta | undefined> =>
    isOver(progress) ? { entries: [], progress } : readPart(dataSet, partition, progress, share);
  const parts = await Promise.all(from.map(read));
  const events: DeltaEvent[] = [];
  const progress: Progress[] = [];
  const reader = new SampleReader(onForeign);
  for (const part of parts) {
    if (part === undefined) return reset(dataSet);
    for (const { changes } of part.entries) {
      for (let i = 0; i < changes.length; i += 2) {
        const event = reader.change(changes[i]!, changes[i + 1]!);
        if (event !== undefined) events.push(event);
      }
    }
    progress.push(part.progress);
  }
  const more = progress.some(({ until }) => until !== undefined);
  return { nextCursor: formatCursor(progress), events, more };
}

/** Reads about so many changes of a partition; undefined if its log does not have them all. */
async function readPart(
  dataSet: DataSet,
  partition: number,
  { at, until: known }: Progress,
  most: number,
): Promise<PartitionDelta | undefined> {
  const part = await new PartitionLog(dataSet, partition).read(at, known, most);
  if (part === undefined) return undefined;
  const { entries, at: reached, isWhole } = part;
  // Before any change a log is empty, but so is one that was removed: the state tells which.
  if (isWhole && reached.seq > 0) return { entries, progress: { at: reached } };
  const until = known ?? (await dataSet.head('snapshotDelta', partition)).at;
  if (isSamePlace(reached, until)) return { entries, progress: { at: reached } };
  return until.seq > reached.seq ? { entries, progress: { at: reached, until } } : undefined;
}

/** What a cursor says; undefined if it is not one of this data set. */
async function readPlaces(
  dataSet: DataSet,
  cursor: unknown,
): Promise<readonly Progress[] | undefined> {
  const known = await dataSet.layout('snapshotDelta');
  const from = parseCursor(cursor, known.partitions);
  const isBegun = from?.every(({ at }) => at.seq > 0);
  if (isBegun === true) return from;
  // The beginning of one history is that of every other, so this one may have been made again
  // since.
  const { partitions } = await dataSet.readLayout('snapshotDelta');
  return parseCursor(cursor, partitions) ?? fromNothing(cursor, partitions);
}

/** A cursor from before it was known how many partitions there are: everything follows from it. */
function fromNothing(cursor: unknown, partitions: number): readonly Progress[] | undefined {
  if (typeof cursor !== 'string' || !/^r1:0(?:,0)*;$/.test(cursor)) return undefined;
  return noProgress(partitions);
}

async function reset(dataSet: DataSet): Promise<RedisStoreDelta> {
  return { nextCursor: await readCursor(dataSet), events: [], reset: true };
}
