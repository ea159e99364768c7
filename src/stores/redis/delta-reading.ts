import type { DriverChanges } from '../driver.ts';
import { formatCursor, isSamePlace, noProgress, type Progress, parseCursor } from './cursor.ts';
import type { DataSet } from './data-set.ts';
import { type LogEntry, readLog } from './partition-log.ts';
import { readSamples } from './stored-sample.ts';

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
 * Reads the changes since a cursor from the logs of all partitions, about so many at most; `lost`
 * if the logs do not have them all.
 *
 * The state that they lead to follows from the cursor alone: the log has what each series became,
 * in order, whatever it has become since. The first batch of a chain fixes where the chain ends.
 */
export async function readChanges(
  dataSet: DataSet,
  cursor: string,
  most: number,
): Promise<DriverChanges | 'lost'> {
  const from = await readPlaces(dataSet, cursor);
  if (from === undefined) return 'lost';
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
  // A later change of a series takes the place of an earlier one.
  const changes = new Map<string, string>();
  const progress: Progress[] = [];
  for (const part of parts) {
    if (part === undefined) return 'lost';
    for (const { changes: pairs } of part.entries) {
      for (let i = 0; i < pairs.length; i += 2) changes.set(pairs[i]!, pairs[i + 1]!);
    }
    progress.push(part.progress);
  }
  const more = progress.some(({ until }) => until !== undefined);
  const entries = readSamples([...changes].flat(), 'log');
  return { entries, next: formatCursor(progress), more };
}

/** Reads about so many changes of a partition; undefined if its log does not have them all. */
async function readPart(
  dataSet: DataSet,
  partition: number,
  { at, until: known }: Progress,
  most: number,
): Promise<PartitionDelta | undefined> {
  const part = await readLog(dataSet, partition, { at, until: known, most });
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
  cursor: string,
): Promise<readonly Progress[] | undefined> {
  const known = await dataSet.layout('snapshotDelta');
  const from = parseCursor(cursor, known.partitions);
  if (from?.every(({ at }) => at.seq > 0)) return from;
  // The beginning of one history is that of every other, so this one may have been made again
  // since.
  const { partitions } = await dataSet.readLayout('snapshotDelta');
  const again = parseCursor(cursor, partitions);
  if (again !== undefined) return again;
  // A cursor from before it was known how many partitions there are: everything follows from it.
  return /^r1:0(?:,0)*;$/.test(cursor) ? noProgress(partitions) : undefined;
}
