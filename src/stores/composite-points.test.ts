import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPayload } from '../../test/support/point-values.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { writePayload } from '../model/value/index.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { MemoryStore } from './memory-store.ts';

const VALUE = { count: 2, sum: 3.5, buckets: [[1, 1] as const, [Infinity, 2] as const] };
const POINT = { name: 'h', labels: { a: '1' }, value: VALUE, updatedAt: 5 };

describe('a store', () => {
  it('gives back whatever a point says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyPayload, { maxLength: 5 }), async (all) => {
        const store = new MemoryStore();
        const points = all.map((parts, i) => ({
          name: `m${i}`,
          labels: {},
          updatedAt: i,
          ...parts,
        }));
        expect(await store.upsert(points)).toMatchObject({ added: all.length, refused: 0 });
        expect([...store.snapshot()]).toEqual(points);
        // What a store gave is taken as it is by another one.
        const other = new MemoryStore();
        await other.upsert(store.snapshot());
        expect([...other.snapshot()]).toEqual(points);
      }),
      { numRuns: 50 },
    );
  });

  it('tells what changed of a histogram, and counts each write of it', async () => {
    const store = new MemoryStore();
    const cursor = store.snapshotCursor();
    expect(await store.upsert(POINT)).toMatchObject({ added: 1 });
    expect(await store.upsert({ ...POINT, value: { ...VALUE } })).toMatchObject({ unchanged: 1 });
    const changed = { ...POINT, timestamp: 7 };
    expect(await store.upsert(changed)).toMatchObject({ changed: 1 });
    const { events } = store.snapshotDelta(cursor);
    expect([...(events as Iterable<unknown>)]).toEqual([{ point: changed }]);
    const given = store.snapshot()[Symbol.iterator]().next().value as SnapshotPoint;
    expect(Object.isFrozen((given.value as typeof VALUE).buckets[0])).toBe(true);
  });

  it.each(['full', 'incremental'] as const)('is read by a refresh, %s', async (mode) => {
    const store = new MemoryStore();
    await store.setFamilies([{ name: 'h', type: 'histogram' }]);
    await store.upsert({ name: 'g', value: 1 });
    const cached = createCachedSnapshotReader(store, { mode });
    await cached.refresh();
    await store.upsert([POINT, { ...POINT, name: 'undeclared' }]);
    await cached.refresh();
    const points = [...((await cached.snapshot()) as Iterable<SnapshotPoint>)];
    expect(points).toContainEqual(POINT);
    expect(points.map(({ name }) => name)).toEqual(['g', 'h']);
    expect(cached.cacheStats().rejected.type_mismatch).toBe(1);
    const texts = points.map(({ value }) => writePayload({ value }));
    expect(texts).toEqual([1, '{count:2,sum:3.5,bucket:[1:1,+Inf:2]}']);
  });
});
