import { describe, expect, it } from 'vitest';
import type { WritablePoint } from '../model/metric-point.ts';
import { MemoryDriver } from './memory-driver.ts';
import { checkMemoryStoreOptions } from './memory-store-options.ts';
import { StoreFront } from './store-front.ts';

/** A store and what it expected of each call. */
function storeOf(options = {}) {
  const driver = new MemoryDriver(1_000);
  const settings = { atOnce: 20_480, hasChecked: true, expectedPuts: driver.series };
  const store = new StoreFront(driver, checkMemoryStoreOptions(options), settings);
  /** Writes points; returns how many were of the series that were expected. */
  const upsert = async (points: readonly WritablePoint[]): Promise<number> => {
    const before = driver.series.order.predicted;
    await store.upsert(points);
    return driver.series.order.predicted - before;
  };
  const values = async (): Promise<Record<string, unknown>> => {
    const all: Record<string, unknown> = {};
    for await (const { name, labels, value } of store.snapshot()) {
      all[`${name} ${labels.a ?? ''}`] = value;
    }
    return all;
  };
  return { driver, store, upsert, values };
}

const point = (a: string, value = 1): WritablePoint => ({ name: 'm', labels: { a }, value });
const NAMES = Array.from({ length: 50 }, (_, i) => `s${i}`);
const POINTS = NAMES.map((name) => point(name));

describe('a writer that repeats itself', () => {
  it('is expected at every point', async () => {
    const { upsert, values } = storeOf();
    expect(await upsert(POINTS)).toBe(0);
    expect(await upsert(POINTS.map((p, i) => ({ ...p, value: i })))).toBe(50);
    expect((await values())['m s49']).toBe(49);
  });

  it('is expected in any order, from the second time on', async () => {
    const { upsert } = storeOf();
    await upsert(POINTS);
    expect(await upsert(POINTS.toReversed())).toBeLessThan(5);
    expect(await upsert(POINTS.toReversed())).toBe(50);
  });

  it('is expected beside others that take turns', async () => {
    const { upsert } = storeOf();
    const others = POINTS.map((p) => ({ ...p, name: 'other' }));
    for (const points of [POINTS, others, POINTS]) await upsert(points);
    // Only where a call begins is not known.
    expect(await upsert(others)).toBe(49);
    expect(await upsert(POINTS)).toBe(49);
  });

  it('is expected again soon behind a series more, and behind one less', async () => {
    const { upsert } = storeOf();
    await upsert(POINTS);
    const more = [...POINTS.slice(0, 20), point('new'), ...POINTS.slice(20)];
    expect(await upsert(more)).toBe(48);
    expect(await upsert(more)).toBe(51);
    expect(await upsert(POINTS)).toBe(49);
    expect(await upsert(POINTS)).toBe(50);
  });

  it('is expected with labels in another order', async () => {
    const { upsert } = storeOf();
    await upsert([{ name: 'm', labels: { a: '1', b: '2' }, value: 1 }]);
    expect(await upsert([{ name: 'm', labels: { b: '2', a: '1' }, value: 2 }])).toBe(1);
  });

  it('is expected behind series that ended, each of which costs a point or two', async () => {
    const { upsert, store, values } = storeOf();
    await upsert(POINTS);
    await store.delete({ labels: { a: 's10' } });
    const rest = POINTS.filter((_, i) => i !== 10);
    expect(await upsert(rest)).toBeGreaterThan(44);
    expect(await upsert(rest)).toBe(49);
    expect(Object.keys(await values())).toHaveLength(49);
  });
});

describe('a point of a series that is expected', () => {
  it('counts as it does in a commit', async () => {
    const { upsert, store } = storeOf();
    const at = (updatedAt: number, value: number) => [{ ...point('x', value), updatedAt }];
    await upsert(at(10, 1));
    expect(await store.upsert(at(10, 1))).toMatchObject({ unchanged: 1, changed: 0 });
    expect(await store.upsert(at(10, -0))).toMatchObject({ changed: 1 });
    expect(await store.upsert(at(10, 0))).toMatchObject({ changed: 1 });
    expect(await store.upsert(at(9, 2))).toMatchObject({ older: 1 });
    expect(store.writeStats().older).toBe(1);
  });

  it('keeps the later time if the store supplies an earlier one', async () => {
    const { store } = storeOf({ now: () => 5 });
    await store.upsert({ ...point('x'), updatedAt: 10 });
    await store.upsert(point('x', 2));
    for await (const entry of store.snapshot()) {
      expect(entry).toMatchObject({ value: 2, updatedAt: 10 });
    }
  });

  it('is written after what the call gave before, whatever that was', async () => {
    const { store, values } = storeOf();
    await store.upsert(POINTS);
    const twice = [point('s0', 1), point('s7', 7), point('s1', 2), point('s7', 8), point('s8', 9)];
    await store.upsert(twice);
    expect(await values()).toMatchObject({ 'm s0': 1, 'm s7': 8, 'm s1': 2, 'm s8': 9 });
  });

  it('is refused if a group owns the series', async () => {
    const { store, upsert } = storeOf();
    await store.replace({ job: 'j' }, POINTS);
    const before = await upsert(POINTS);
    expect(before).toBe(0);
    expect(await store.upsert(POINTS)).toMatchObject({ refused: 50, changed: 0 });
  });

  it('is checked like any other if it is not a plain number', async () => {
    const { store, upsert } = storeOf();
    await store.upsert(POINTS);
    const odd = POINTS.map((p, i) => (i === 3 ? { ...p, value: 'x' } : p)) as WritablePoint[];
    expect(await store.upsert(odd)).toMatchObject({ refused: 1 });
    const histogram = { count: 1, sum: 2, buckets: [[1, 1]] as [number, number][] };
    expect(await upsert([POINTS[0]!, { ...POINTS[1]!, value: histogram }])).toBe(1);
    await upsert(POINTS);
    expect(await upsert(POINTS)).toBe(50);
  });

  it('is not written to a store that was closed meanwhile', async () => {
    const { store } = storeOf();
    await store.upsert(POINTS);
    const points = function* () {
      yield POINTS[0]!;
      void store.close();
      yield POINTS[1]!;
    };
    await expect(store.upsert(points())).rejects.toMatchObject({ code: 'closed' });
  });
});
