import { expect, it } from 'vitest';
import { createCachedSnapshotReader, MemoryStore, type MetricPoint } from '../index.ts';

// Some chunks; no order of labels or series is that of the lines.
const COUNT = 3000;

function pointOf(i: number, value = i): MetricPoint {
  const number = String((i * 7919) % 10_007).padStart(6, '0');
  return { name: `m${i % 3}`, labels: { z: 'x', i: number, a: 'y'.repeat(40) }, value };
}

const POINTS = Array.from({ length: COUNT }, (_, i) => pointOf(i));
const CHANGED = POINTS.map((point) => ({ ...point, value: (point.value as number) + 0.5 }));

/**
 * What a full read of some points costs after one of others.
 *
 * @param again - how many points are identified if they are read once more.
 */
async function workOf(before: readonly unknown[], after: readonly unknown[], again = 0) {
  let points = before;
  const source = { snapshot: () => points as readonly MetricPoint[] };
  const reader = createCachedSnapshotReader(source, { mode: 'full', now: () => 0 });
  await reader.refresh();
  points = after;
  await reader.refresh();
  expect(reader.cacheStats().series).toBe(after.length);
  const { work, bytes } = reader.cacheStats();
  // What the read left behind must serve the next one.
  await reader.refresh();
  expect(reader.cacheStats().work).toMatchObject({ pointsIdentified: again, linesSearched: 0 });
  return { ...work, bytes };
}

it('values that changed cost no key and no search, and each byte is copied once', async () => {
  const { bytes, bytesCopied, ...work } = await workOf(POINTS, CHANGED);
  expect(work).toEqual({
    linesRendered: COUNT,
    chunksRebuilt: work.chunksRebuilt,
    chunksShared: 0,
    pointsIdentified: 0,
    linesSearched: 0,
    linesBySlot: 0,
  });
  expect(bytesCopied).toBeLessThanOrEqual(bytes);
});

it('labels in another order of their names cost no key either', async () => {
  const turned = CHANGED.map((point) => {
    return { ...point, labels: Object.fromEntries(Object.entries(point.labels!).reverse()) };
  });
  const work = await workOf(POINTS, turned);
  expect(work).toMatchObject({ pointsIdentified: 0, linesSearched: 0, linesRendered: COUNT });
});

it('one new series costs its own key and a search', async () => {
  const work = await workOf(
    POINTS,
    CHANGED.flatMap((point, i) => (i === 1000 ? [pointOf(COUNT), point] : [point])),
  );
  expect(work).toMatchObject({ pointsIdentified: 1, linesSearched: 1, linesRendered: COUNT + 1 });
});

it('one that ended costs the key of the next one', async () => {
  const work = await workOf(
    POINTS,
    CHANGED.filter((_, i) => i !== 1000),
  );
  expect(work).toMatchObject({ pointsIdentified: 1, linesSearched: 0, linesRendered: COUNT - 1 });
});

it('many that ended cost one search', async () => {
  const work = await workOf(
    POINTS,
    CHANGED.filter((_, i) => i < 1000 || i >= 1500),
  );
  expect(work).toMatchObject({ pointsIdentified: 1, linesSearched: 1 });
});

it('the other direction costs two keys and one search', async () => {
  const work = await workOf(POINTS, [...CHANGED].reverse());
  expect(work).toMatchObject({ pointsIdentified: 2, linesSearched: 1, linesRendered: COUNT });
});

it('a point with more than a number is identified, and the others are not', async () => {
  const tailed = CHANGED.map((point, i) => (i === 7 ? { ...point, timestamp: 5 } : point));
  const work = await workOf(POINTS, tailed, 1);
  expect(work).toMatchObject({ pointsIdentified: 1, linesSearched: 0, linesRendered: COUNT });
});

it('a full read in the order of the lines searches little after a delta in any order', async () => {
  const points = Array.from({ length: COUNT }, (_, i) => {
    return { name: 'm', labels: { i: String(i).padStart(6, '0'), a: 'y'.repeat(40) }, value: i };
  });
  const shuffled = points.map((point, i) => ({ point, at: (i * 7919) % 3001 }));
  shuffled.sort((a, b) => a.at - b.at);
  const events = shuffled.map(({ point }) => ({ point: { ...point, value: point.value + 0.5 } }));
  let state = 0;
  const source = {
    snapshot: () => points,
    snapshotCursor: () => `${state}`,
    snapshotDelta: () => ({ nextCursor: `${state}`, events, reset: state === 2 }),
  };
  const reader = createCachedSnapshotReader(source, { onError: () => undefined });
  for (state = 0; state <= 2; state++) await reader.refresh();
  const { work, fullRefreshes } = reader.cacheStats();
  expect(fullRefreshes).toBe(2);
  expect(work.linesRendered).toBe(COUNT);
  expect(work.linesSearched).toBeLessThan(40);
});

it('a delta in the order of the read before searches for nothing', async () => {
  const store = new MemoryStore({ now: () => 0 });
  const reader = createCachedSnapshotReader(store, { now: () => 0 });
  await store.upsert(POINTS);
  await reader.refresh();
  const searched = async (points: readonly MetricPoint[]): Promise<number> => {
    await store.upsert(points);
    await reader.refresh();
    const { lastRefreshKind, work } = reader.cacheStats();
    expect(lastRefreshKind).toBe('delta');
    expect(work.linesRendered).toBe(points.length);
    return work.linesSearched;
  };
  const valued = (by: number) => POINTS.map((_, i) => pointOf(i, i + by));
  expect(await searched(valued(0.25))).toBe(0);
  // Some are found by searches, and many are sorted.
  expect(await searched(valued(0.5).filter((_, i) => i % 100 === 7))).toBeLessThan(40);
  expect(await searched(valued(0.75))).toBe(0);
  // Another order costs so few searches once, and is known then.
  const numberOf = ({ labels }: MetricPoint): number => Number(Object.values(labels ?? {})[1]);
  const shuffled = valued(1).sort((a, b) => numberOf(a) - numberOf(b));
  expect(await searched(shuffled)).toBeLessThan(40);
  expect(await searched(shuffled.map((point, i) => ({ ...point, value: -i - 1 })))).toBe(0);
});

it.each(['full', 'incremental'] as const)(
  'the first point of a family that was only declared is taken by a %s read',
  async (mode) => {
    const store = new MemoryStore({ now: () => 0 });
    await store.setFamilies(['a', 'b', 'c'].map((name) => ({ name, type: 'gauge' })));
    const reader = createCachedSnapshotReader(store, { mode, now: () => 0 });
    for (const name of ['b', 'a', 'c']) {
      await reader.refresh();
      await store.upsert({ name, labels: { l: 'x' }, value: 1 });
    }
    await reader.refresh();
    const names = [...(await reader.snapshot())].map((point) => point.name);
    expect(names).toEqual(['a', 'b', 'c']);
  },
);
