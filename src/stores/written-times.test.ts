import { expect, it } from 'vitest';
import { MemoryStore } from './memory-store.ts';

const COUNT = 200;

function* points(): Generator<{ name: string; labels: { i: string }; value: number }> {
  for (let i = 0; i < COUNT; i++) yield { name: 'a', labels: { i: `${i}` }, value: i };
}

/** The times of the series of a store, by their label. */
function timesOf(store: MemoryStore): number[] {
  const times: number[] = [];
  for (const { labels, updatedAt } of store.snapshot()) {
    times[Number(labels!.i)] = updatedAt!;
  }
  return times;
}

/** A store whose clock goes on by one each time that it is read. */
function ticking() {
  let ticks = 0;
  return { store: new MemoryStore({ now: () => ++ticks }), ticks: () => ticks };
}

it('points of an array without a time share the time of a range of 64', async () => {
  const { store, ticks } = ticking();
  // Ranges of new series are shorter: they end where something is written.
  await store.upsert([...points()]);
  const before = ticks();
  const first = timesOf(store);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  expect(new Set(first).size).toBeLessThan(20);
  await store.upsert([...points()]);
  const times = timesOf(store);
  expect(times[0]).toBeGreaterThan(before);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  expect(times).toEqual(times.map((_, i) => times[i - (i % 64)]));
  expect(new Set(times).size).toBe(4);
});

it('points of an iterator that runs between them have the time of each', async () => {
  const { store } = ticking();
  await store.upsert(points());
  expect(new Set(timesOf(store)).size).toBe(COUNT);
});

it('a time that a range was given is not that of a later call', async () => {
  let now = 1000;
  const store = new MemoryStore({ now: () => now });
  await store.upsert([...points()]);
  now = 2000;
  await store.upsert({ name: 'a', labels: { i: '0' }, value: -1 });
  now = 3000;
  await store.upsert([{ name: 'a', labels: { i: '1' }, value: -1 }]);
  expect(timesOf(store).slice(0, 3)).toEqual([2000, 3000, 1000]);
});
