import { invalidOptions } from '../../model/options.ts';
import { describeSubject } from '../../model/rejection.ts';
import type { SeriesMatcher } from '../metric-store.ts';
import { canonicalSeriesId, type SeriesPredicate, seriesPredicate } from '../series-target.ts';
import { collectIds } from '../store-input.ts';
import { BucketReading } from './bucket-reading.ts';
import type { DataSet } from './data-set.ts';
import { bucketOf, hashOf, type Layout, partitionOf } from './layout.ts';
import { END } from './partition-scripts.ts';
import { countOf, unexpectedReply } from './replies.ts';
import { SampleReader } from './stored-sample.ts';

// As many as a script ends in a millisecond or so, of ids as long as usual, and so many bytes of
// longer ones.
const FULL_CALL = 500;
const CALL_BYTES = 524_288;

/** Ends series; returns how many of them there were. */
async function endSeries(dataSet: DataSet, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const layout = await dataSet.layout('delete');
  const byPartition = new Map<number, { id: string; hash: number }[]>();
  for (const id of ids) {
    const hash = hashOf(id);
    const partition = partitionOf(hash, layout);
    const list = byPartition.get(partition);
    if (list === undefined) byPartition.set(partition, [{ id, hash }]);
    else list.push({ id, hash });
  }
  let ended = 0;
  for (const [partition, series] of byPartition) {
    for (let from = 0; from < series.length; ) {
      let to = from;
      for (let bytes = 0; to < series.length && to - from < FULL_CALL && bytes < CALL_BYTES; to++) {
        bytes += series[to]!.id.length;
      }
      ended += await endInPartition(dataSet, layout, partition, series.slice(from, to));
      from = to;
    }
  }
  return ended;
}

/**
 * Ends the series that a matcher chooses, page by page; returns how many there were. It needs no
 * one state, so it goes on whatever others change meanwhile.
 */
async function endMatching(dataSet: DataSet, matcher: SeriesMatcher): Promise<number> {
  const isChosen: SeriesPredicate = seriesPredicate(matcher);
  const reader = new SampleReader();
  let ended = 0;
  const layout = await dataSet.readLayout('delete');
  for (let partition = 0; partition < layout.partitions; partition++) {
    for await (const page of new BucketReading(dataSet, partition, layout, {}).pages()) {
      const lines = page.lines();
      const ids: string[] = [];
      for (let i = 0; i < lines.length; i += 2) {
        const point = reader.sample(lines[i]!, lines[i + 1]!);
        if (point !== undefined && isChosen(point)) ids.push(lines[i]!);
      }
      ended += await endSeries(dataSet, ids);
    }
  }
  return ended;
}

async function endInPartition(
  dataSet: DataSet,
  layout: Layout,
  partition: number,
  series: readonly { readonly id: string; readonly hash: number }[],
): Promise<number> {
  const places = new Map<number, number>();
  const args: string[] = [];
  for (const { id, hash } of series) {
    const bucket = bucketOf(hash, layout);
    let place = places.get(bucket);
    if (place === undefined) places.set(bucket, (place = places.size + 1));
    args.push(String(place), id);
  }
  const buckets = [...places.keys()];
  const reply = await dataSet.change('delete', END, partition, buckets, args, 'leave');
  if (reply === undefined) return 0;
  const ended = countOf(reply[1]);
  if (ended > series.length) throw unexpectedReply();
  return ended;
}

/** Ends what was given to `delete()`: a series id, an iterable of them or a matcher. */
export async function endTarget(
  dataSet: DataSet,
  target: string | Iterable<string> | SeriesMatcher,
): Promise<number> {
  if (typeof target === 'string') return endSeries(dataSet, [canonicalSeriesId(target)]);
  if (typeof target !== 'object' || target === null) {
    throw invalidOptions('delete', [
      `target (${describeSubject(target)}) must be a series id, an iterable of them or a matcher`,
    ]);
  }
  if (!(Symbol.iterator in target)) return endMatching(dataSet, target);
  const ids = collectIds(target);
  return endSeries(dataSet, 'then' in ids ? await ids : ids);
}
