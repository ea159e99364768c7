import { expect, it } from 'vitest';
import { Deflater } from '../../src/formats/deflate.ts';
import { NamePlanner } from '../../src/formats/name-planner.ts';
import { openMetricsEncoder } from '../../src/formats/openmetrics-encoder.ts';
import { PageMaker } from '../../src/formats/page.ts';
import { createCachedSnapshotReader, mergeReaders } from '../../src/index.ts';
import type { MergedReader } from '../../src/sources/merged-reader.ts';
import { manyPoints } from '../support/many-points.ts';

it('a reader that is read for each scrape has nothing of the others compressed again', async () => {
  let reads = 0;
  const changing = {
    snapshot: () => [{ name: 'zz', labels: {}, value: ++reads, updatedAt: reads }],
  };
  const cached = createCachedSnapshotReader({ snapshot: () => manyPoints(2000) });
  const all = mergeReaders([cached, changing]) as MergedReader;
  const deflater = new Deflater(1);
  const pages = new PageMaker(openMetricsEncoder);
  const planner = new NamePlanner([]);
  const scrape = async (): Promise<number> => {
    const snapshot = await all.current();
    const plan = await planner.plan(snapshot.families, 'allow-utf-8');
    const page = await pages.page(snapshot, plan);
    await Promise.all(page.deflating(deflater));
    return snapshot.series;
  };
  await scrape();
  const first = deflater.deflated;
  expect(first).toBeGreaterThan(10);
  for (let i = 0; i < 5; i++) expect(await scrape()).toBe(2001);
  // One piece for each scrape: the last one, which holds the family that changed.
  expect(deflater.deflated - first).toBe(5);
});
