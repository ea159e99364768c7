import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCachedSnapshotReader } from '../../../src/index.ts';
import { DeltaFollower, manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openReplica, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

describe('RedisStore at its bounds', () => {
  let server: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());

  it.each([1, 2, 5, 63, 64, 65])('does all with a log of %i changes', async (changeLogSize) => {
    const { store, reader, refreshed } = await openReplica(server.url, {
      keyPrefix: `log-${changeLogSize}:`,
      changeLogSize,
      retention: 1_000,
      now: () => 0,
    });
    await store.upsert([...manyPoints('a', 400, 1), ...manyPoints('b', 3_000, 1, 50)]);
    await refreshed();
    expect(await store.delete({ name: 'a' })).toBe(400);
    expect((await refreshed()).match(/^[ab]\{/gm)).toHaveLength(3_000);
    await store.upsert(pointOf('c', 1, 2_000));
    expect(await refreshed()).toContain('c 1\n');
    expect(reader.cacheStats().deltas).toBeGreaterThan(0);
    expect(await store.gc(1_051)).toBe(3_000);
    expect((await stateOf(store)).size).toBe(1);
  });

  it.each([1, 3])(
    'ends a chain of deltas where it began, however much is written meanwhile (%i partitions)',
    async (partitions) => {
      const options = { keyPrefix: `chain-${partitions}:`, partitions, deltaBatchSize: 500 };
      const store = await openStore(server.url, options);
      const writer = await openStore(server.url, options);
      await writer.upsert(manyPoints('a', 3_000, 0, 0));
      const cursor = await store.snapshotCursor();
      await writer.upsert(manyPoints('a', 2_000, 1, 1));
      let events = 0;
      let batches = 0;
      let next = cursor;
      for (let more = true; more; batches++) {
        const delta = await store.snapshotDelta(next);
        expect(delta.reset ?? false).toBe(false);
        events += delta.events.length;
        // More than a batch has.
        await writer.upsert(manyPoints('a', 3_000, 2 + batches, 2 + batches));
        next = delta.nextCursor;
        more = delta.more === true;
        expect(batches).toBeLessThan(30);
      }
      expect(events).toBeGreaterThanOrEqual(2_000);
      expect(events).toBeLessThan(2_000 + 500 * partitions);
      // What came later is the next chain's.
      const rest = await store.snapshotDelta(next);
      expect(rest).toMatchObject({ more: true });
      expect(rest.events.length).toBeGreaterThan(400);
    },
  );

  it('a cache refreshes by deltas beside a writer that is faster', async () => {
    const options = { keyPrefix: 'fast:', deltaBatchSize: 200 };
    const store = await openStore(server.url, options);
    const writer = await openStore(server.url, options);
    let round = 0;
    const write = () => writer.upsert(manyPoints('a', 300, round, round++));
    const reader = createCachedSnapshotReader(
      {
        snapshot: () => store.snapshot(),
        snapshotCursor: () => store.snapshotCursor(),
        snapshotDelta: async (cursor) => {
          const delta = await store.snapshotDelta(cursor);
          await write();
          return delta;
        },
      },
      { refreshInterval: 2_000_000_000, refreshTimeout: 60_000 },
    );
    await write();
    await reader.refresh();
    for (let i = 0; i < 4; i++) await write();
    for (let i = 1; i <= 3; i++) {
      await reader.refresh();
      expect(reader.cacheStats()).toMatchObject({ fullRefreshes: 1, deltas: i });
    }
    reader.close();
  });

  it('says reset to a chain whose end is lost', async () => {
    const options = { keyPrefix: 'end:', deltaBatchSize: 10, changeLogSize: 100 };
    const store = await openStore(server.url, options);
    await store.upsert(pointOf('a', 0));
    const cursor = await store.snapshotCursor();
    await store.upsert(manyPoints('a', 60, 1));
    const { nextCursor, more } = await store.snapshotDelta(cursor);
    expect(more).toBe(true);
    await store.upsert(manyPoints('b', 1_000, 1));
    expect((await store.snapshotDelta(nextCursor)).reset).toBe(true);
    const follower = await DeltaFollower.begin(store);
    expect(follower.state.size).toBe(1_061);
  });

  it('never finds a write without a time older, when its clock is set back', async () => {
    let time = 1_000_000;
    const options = { keyPrefix: 'clock:', now: () => time };
    const { store, refreshed } = await openReplica(server.url, options);
    const other = await openStore(server.url, { ...options, now: () => 5_000_000 });
    const write = (value: number) => store.upsert({ name: 'a', labels: {}, value });
    expect(await write(1)).toMatchObject({ added: 1 });
    time = 500;
    expect(await write(2)).toMatchObject({ changed: 1, older: 0 });
    expect(await refreshed()).toContain('a 2\n');
    expect([...(await stateOf(store)).values()]).toEqual([{ value: 2, updatedAt: 1_000_000 }]);
    expect(await write(2)).toMatchObject({ unchanged: 1, older: 0 });
    // Twice in one call, and many of them.
    const twice = [3, 4].map((value) => ({ name: 'a', labels: {}, value }));
    expect(await store.upsert(twice)).toMatchObject({ changed: 2, older: 0 });
    // A host that is ahead wins no longer than until the next write.
    await other.upsert({ name: 'a', labels: {}, value: 5 });
    expect(await write(6)).toMatchObject({ changed: 1, older: 0 });
    expect([...(await stateOf(store)).values()]).toEqual([{ value: 6, updatedAt: 5_000_000 }]);
    expect(await refreshed()).toContain('a 6\n');
    // A time that was given counts.
    expect(await store.upsert(pointOf('a', 7, 4_999_999))).toMatchObject({ older: 1 });
    time = 6_000_000;
    await write(8);
    expect([...(await stateOf(store)).values()]).toEqual([{ value: 8, updatedAt: 6_000_000 }]);
    expect(await store.upsert(pointOf('a', 9, -1))).toMatchObject({ older: 1 });
  });
});
