import type { SeriesMatcher } from '../metric-store.ts';
import {
  assertDeleteTarget,
  canonicalSeriesId,
  type SeriesPredicate,
  seriesPredicate,
} from '../series-target.ts';
import { collectIds } from '../store-input.ts';
import { BucketReading } from './bucket-reading.ts';
import type { DataSet } from './data-set.ts';
import type { Layout } from './layout.ts';
import { END } from './partition-scripts.ts';
import { changeOf, sendChanges } from './series-changes.ts';
import { SampleReader } from './stored-sample.ts';

/** Ends series; returns how many of them there were. */
async function endSeries(
  dataSet: DataSet,
  ids: readonly string[],
  layout: Layout,
): Promise<number> {
  const changes = ids.map((id) => changeOf(id, '', layout));
  await sendChanges(dataSet, changes, {
    method: 'delete',
    script: END,
    layout,
    most: 0,
    keepsOrder: false,
  });
  return changes.filter(({ outcome }) => outcome === 'ended').length;
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
      ended += await endSeries(dataSet, ids, layout);
    }
  }
  return ended;
}

/** Ends what was given to `delete()`: a series id, an iterable of them or a matcher. */
export async function deleteSeries(
  dataSet: DataSet,
  target: string | Iterable<string> | SeriesMatcher,
): Promise<number> {
  const endAll = async (ids: readonly string[]): Promise<number> =>
    ids.length === 0 ? 0 : endSeries(dataSet, ids, await dataSet.layout('delete'));
  assertDeleteTarget(target);
  if (typeof target === 'string') return endAll([canonicalSeriesId(target)]);
  if (!(Symbol.iterator in target)) return endMatching(dataSet, target);
  const ids = collectIds(target);
  return endAll('then' in ids ? await ids : ids);
}
