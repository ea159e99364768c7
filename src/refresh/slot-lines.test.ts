import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, MemoryStore, type MetricPoint } from '../index.ts';

const COUNT = 1_000;

const labelsOf = (i: number) => ({ i: String((i * 7919) % 10_007) });

function pointOf(i: number, value = i): MetricPoint {
  return { name: `m${i % 3}`, labels: labelsOf(i), value };
}

const POINTS = Array.from({ length: COUNT }, (_, i) => pointOf(i));
const changed = (by: number) => POINTS.map((p) => ({ ...p, value: (p.value as number) + by }));

function subject(store: MemoryStore = new MemoryStore()) {
  const reader = createCachedSnapshotReader(store, { mode: 'incremental', now: () => 0 });
  const refresh = async () => {
    await reader.refresh();
    const { work, fallbacks } = reader.cacheStats();
    for (const count of Object.values(fallbacks)) expect(count).toBe(0);
    return work;
  };
  return { store, reader, refresh };
}

/** What a reader that reads everything for the first time has. */
async function fullRead(store: MemoryStore): Promise<unknown[]> {
  return [...(await createCachedSnapshotReader(store, { mode: 'full' }).snapshot())];
}

describe('the number of a series in a store', () => {
  it('spares a delta each key and each search', async () => {
    const { store, reader, refresh } = subject();
    await store.upsert(POINTS);
    await refresh();
    for (const by of [1, 2]) {
      await store.upsert(changed(by));
      const none = { pointsIdentified: 0, linesSearched: 0 };
      expect(await refresh()).toMatchObject({ ...none, linesBySlot: COUNT });
    }
    expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
  });

  it('is good for the lines that moved because a series was added', async () => {
    const { store, reader, refresh } = subject();
    await store.upsert(POINTS);
    await refresh();
    await store.upsert([...changed(1).slice(0, 500), pointOf(COUNT + 7), ...changed(1).slice(500)]);
    expect(await refresh()).toMatchObject({ linesBySlot: COUNT });
    await store.upsert([...changed(2), pointOf(COUNT + 7, 1)]);
    expect(await refresh()).toMatchObject({ linesBySlot: COUNT + 1, linesSearched: 0 });
    expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
  });

  it('is learnt anew after a series ended', async () => {
    const { store, reader, refresh } = subject();
    await store.upsert(POINTS);
    await refresh();
    await store.delete({ labels: labelsOf(10) });
    const rest = (by: number) => changed(by).filter((_, i) => i !== 10);
    await store.upsert(rest(1));
    expect(await refresh()).toMatchObject({ linesBySlot: 0 });
    await store.upsert(rest(2));
    await refresh();
    await store.upsert(rest(3));
    expect(await refresh()).toMatchObject({ linesBySlot: COUNT - 1, linesSearched: 0 });
    expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
  });

  it('is of no use to a number that the type of its family forbids', async () => {
    const { store, reader, refresh } = subject();
    await store.setFamilies([{ name: 'm0', type: 'counter' }]);
    await store.upsert(POINTS);
    await refresh();
    await store.upsert(changed(-10));
    await refresh();
    expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
    expect(reader.cacheStats().rejected.invalid_counter_value).toBeGreaterThan(0);
  });

  it('is still known after a refresh in which nothing had changed', async () => {
    const { store, reader, refresh } = subject();
    await store.upsert(POINTS);
    await refresh();
    await refresh();
    await store.upsert(changed(1));
    expect(await refresh()).toMatchObject({ linesBySlot: COUNT, linesSearched: 0 });
    expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
  });

  it('is not taken for that of another line if a series was never on the page', async () => {
    const { store, reader, refresh } = subject();
    await store.setFamilies([{ name: 'm0', type: 'counter' }]);
    await store.upsert([pointOf(0), pointOf(3)]);
    await refresh();
    // Numbers are learnt anew after an end, though no line moves.
    await store.upsert({ name: 'gone', value: 1 });
    await store.delete('gone');
    await store.upsert(pointOf(6, -1));
    await refresh();
    await store.upsert(pointOf(6, 66));
    await refresh();
    expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
  });

  it('leads to what a full read has, whatever is written, added and ended in between', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          put: fc.nat(30),
          count: fc.nat(30),
          value: fc.integer({ min: -3, max: 9 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ end: fc.nat(30) }) },
      { weight: 2, arbitrary: fc.constant('refresh' as const) },
      { weight: 1, arbitrary: fc.record({ histogram: fc.nat(30) }) },
    );
    let bySlot = 0;
    const run = fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
      async (steps) => {
        const batch = { deltaBatchSize: 7, now: () => 5 };
        const { store, reader, refresh } = subject(new MemoryStore(batch));
        // Refuses the negative ones.
        await store.setFamilies([{ name: 'm0', type: 'counter' }]);
        for (const s of steps) {
          if (s === 'refresh') bySlot += (await refresh()).linesBySlot;
          else if ('end' in s) await store.delete({ labels: labelsOf(s.end) });
          else if ('histogram' in s) {
            const value = { count: 1, sum: 2, buckets: [[1, 1]] as [number, number][] };
            await store.upsert({ ...pointOf(s.histogram), name: 'h', value });
          } else {
            const numbers = Array.from({ length: s.count }, (_, i) => (s.put + i) % 31);
            await store.upsert(numbers.map((i) => pointOf(i, s.value)));
          }
        }
        await refresh();
        expect([...(await reader.snapshot())]).toEqual(await fullRead(store));
      },
    );
    await fc.assert(run, { numRuns: 150 });
    expect(bySlot).toBeGreaterThan(100);
  });
});
