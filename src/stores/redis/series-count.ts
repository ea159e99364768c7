import { SnapscrapeError } from '../../model/errors.ts';
import { callSafely } from '../../scheduling/call-safely.ts';
import type { DataSet } from './data-set.ts';
import { forEachPartition, type Layout, numbersBetween } from './layout.ts';
import { countOf, textsOf } from './replies.ts';
import { COUNT, RECOUNT } from './upkeep-scripts.ts';

/** Counts the series of all partitions by what is in their buckets. */
export async function countSeries(
  dataSet: DataSet,
  method: string,
  layout: Layout,
): Promise<number> {
  const counts = await countPartitions(dataSet, method, layout);
  return counts.reduce((sum, { found }) => sum + found, 0);
}

/**
 * Corrects the counts of partitions whose buckets have more or fewer series than were written and
 * ended: a bucket was evicted or removed, or others wrote to it. Returns whether there were any;
 * their readers read everything again.
 */
export async function correctCounts(
  dataSet: DataSet,
  method: string,
  layout: Layout,
): Promise<boolean> {
  const counts = await countPartitions(dataSet, method, layout);
  let isCorrected = false;
  for (const [partition, { noted, found }] of counts.entries()) {
    if (noted === found) continue;
    const buckets = numbersBetween(0, layout.buckets);
    const recount = { method, script: RECOUNT, layout, partition, buckets, args: [] };
    await dataSet.change({ ...recount, whenAbsent: 'leave' });
    isCorrected = true;
  }
  return isCorrected;
}

/**
 * Corrects the counts beside a sweep. What a sweep ends does not depend on them, so it goes on if
 * they cannot be corrected. Never rejects.
 */
export async function correctCountsOrTell(
  dataSet: DataSet,
  onError: (error: SnapscrapeError) => void,
): Promise<void> {
  try {
    await correctCounts(dataSet, 'gc', await dataSet.layout('gc'));
  } catch (error) {
    if (!(error instanceof SnapscrapeError) || error.code === 'closed') return;
    callSafely(onError, error);
  }
}

interface SeriesCount {
  /** By what was written and ended; 0 where there is no state. */
  readonly noted: number;
  /** By what is there. */
  readonly found: number;
}

function countPartitions(
  dataSet: DataSet,
  method: string,
  layout: Layout,
): Promise<readonly SeriesCount[]> {
  const count = async (partition: number): Promise<SeriesCount> => {
    const { state, bucket } = dataSet.keys.partition(partition);
    const keys = [state, ...numbersBetween(0, layout.buckets).map(bucket)];
    const [noted, found] = textsOf(await dataSet.calls.run(method, COUNT, keys, []), 2);
    return { noted: noted === '' ? 0 : countOf(noted), found: countOf(found) };
  };
  return forEachPartition(layout, count);
}
