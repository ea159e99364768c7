import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SnapscrapeError } from '../../../src/index.ts';
import { RedisStore } from '../../../src/stores/redis/index.ts';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openReplica, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

skipWithoutRedis();

describe('keys that were evicted or removed', () => {
  let server: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());
  beforeEach(() => void server?.cli('flushall'));

  describe.each([1, 3])('over %i partitions', (partitions) => {
    const options = { buckets: 12, partitions, maxSeries: 300, sweepInterval: 1e9 };

    it('a bucket: it is not counted any more, and its series can be written again', async () => {
      const { store, refreshed } = await openReplica(server.url, options);
      await store.upsert(manyPoints('a', 300, 1));
      await refreshed();
      expect((await store.upsert(pointOf('b', 1))).refused).toBe(1);
      const lost = Number(server.cli('hlen', 'snapscrape:{0}:1'));
      expect(lost).toBeGreaterThan(0);
      server.cli('del', 'snapscrape:{0}:1');
      expect(await store.size()).toBe(300 - lost);
      const again = await store.upsert(manyPoints('a', 300, 2, 2));
      expect(again).toMatchObject({ added: lost, changed: 300 - lost, refused: 0 });
      expect(await store.size()).toBe(300);
      expect((await store.upsert(pointOf('b', 1))).refused).toBe(1);
      expect((await refreshed()).match(/^a\{/gm)).toHaveLength(300);
    });

    it('a bucket: a sweep notices, and every cache lets go of it', async () => {
      const { store, reader, refreshed } = await openReplica(server.url, options);
      await store.upsert(manyPoints('a', 300, 1));
      await refreshed();
      const lost = Number(server.cli('hlen', 'snapscrape:{0}:1'));
      server.cli('del', 'snapscrape:{0}:1');
      expect(await store.gc()).toBe(0);
      expect((await refreshed()).match(/^a\{/gm)).toHaveLength(300 - lost);
      expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
      await store.upsert(pointOf('a', 2, 2, { i: '7' }));
      await refreshed();
      await store.gc();
      await refreshed();
      expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
    });

    it('the state of a partition: its series stay, and are counted', async () => {
      const { store, refreshed } = await openReplica(server.url, options);
      await store.upsert(manyPoints('a', 290, 1));
      const before = await refreshed();
      server.cli('del', 'snapscrape:{0}:state');
      expect(await refreshed()).toBe(before);
      expect(await (await openReplica(server.url)).refreshed()).toBe(before);
      expect(await store.size()).toBe(290);
      expect(await store.delete('a{i="0"}')).toBe(1);
      expect(await store.delete({ labels: { i: '1' } })).toBe(1);
      await store.upsert([pointOf('a', 2, 2, { i: '2' }), pointOf('b', 1)]);
      expect(await store.size()).toBe(289);
      expect(await refreshed()).toBe(await (await openReplica(server.url)).refreshed());
    });

    it('the marks: what is beyond its retention still ends', async () => {
      const store = await openStore(server.url, { ...options, retention: 100, now: () => 0 });
      await store.upsert(manyPoints('a', 300, 1, 0));
      expect(await store.gc(50)).toBe(0);
      for (let i = 0; i < partitions; i++) server.cli('del', `snapscrape:{${i}}:marks`);
      expect(await store.gc(101)).toBe(300);
      await store.upsert(manyPoints('a', 300, 1, 0));
      // All is known again: no bucket is looked at.
      expect(await store.gc(50)).toBe(0);
      const { commands } = store.stats();
      expect(await store.gc(50)).toBe(0);
      // One looks for groups, which only a single partition has.
      expect(store.stats().commands - commands).toBe(2 * partitions + (partitions === 1 ? 1 : 0));
    });

    it('all but the buckets', async () => {
      const { store, refreshed } = await openReplica(server.url, options);
      await store.upsert(manyPoints('a', 300, 1));
      await refreshed();
      for (const key of ['{meta}', '{0}:state', '{0}:log', '{0}:marks']) {
        server.cli('del', `snapscrape:${key}`);
      }
      await store.upsert(manyPoints('a', 300, 2, 2));
      expect(await store.size()).toBe(300);
      expect((await refreshed()).match(/^a\{.*\} 2$/gm)).toHaveLength(300);
    });
  });

  it('is noticed by the timer of a store without retention', async () => {
    const { store, refreshed } = await openReplica(server.url, { buckets: 2, sweepInterval: 20 });
    await store.upsert(manyPoints('a', 300, 1));
    await refreshed();
    server.cli('del', 'snapscrape:{0}:1');
    const log = server.cli('xrevrange', 'snapscrape:{0}:log', '+', '-', 'COUNT', '1');
    await until('the log begins again', () => {
      return server.cli('xrevrange', 'snapscrape:{0}:log', '+', '-', 'COUNT', '1') !== log;
    });
    expect((await refreshed()).match(/^a\{/gm)).toHaveLength((await stateOf(store)).size);
  });

  it.each([
    ['allkeys-lru', true],
    ['allkeys-random', true],
    ['volatile-lru', false],
    ['noeviction', false],
  ])('a server with the policy %s is warned of at open: %s', async (policy, isTold) => {
    server.cli('config', 'set', 'maxmemory-policy', policy);
    const errors: SnapscrapeError[] = [];
    const store = await RedisStore.open(server.url, { onError: (error) => errors.push(error) });
    await store.upsert(manyPoints('a', 2_000, 1));
    if (isTold) await until('it is reported', () => errors.length > 0);
    expect(errors.map(({ message }) => message.includes(policy))).toEqual(isTold ? [true] : []);
    await store.close();
    server.cli('config', 'set', 'maxmemory-policy', 'noeviction');
  });

  it('a server that evicts under load never makes a page that is no state', async () => {
    const { store, refreshed } = await openReplica(server.url, { buckets: 64 });
    server.cli('config', 'set', 'maxmemory-policy', 'allkeys-random');
    server.cli('config', 'set', 'maxmemory', '2500000');
    for (let round = 1; round < 20; round++) {
      await store.upsert(manyPoints('a', 3_000, round, round)).catch((error: SnapscrapeError) => {
        expect(error.code).toMatch(/^store_/);
      });
      await refreshed().catch(() => undefined);
    }
    server.cli('config', 'set', 'maxmemory', '0');
    server.cli('config', 'set', 'maxmemory-policy', 'noeviction');
    await store.upsert(manyPoints('a', 3_000, 99, 99));
    await store.gc();
    expect((await refreshed()).match(/^a\{.*\} 99$/gm)).toHaveLength(3_000);
    expect(await store.size()).toBe(3_000);
  });

  it('all of them, and made again with more partitions: what goes on is not misplaced', async () => {
    const store = await openStore(server.url, { partitions: 1, buckets: 4, sweepInterval: 1e9 });
    await store.upsert(pointOf('first', 1));
    const points = manyPoints('a', 12_000, 1);
    const writing = store.upsert(
      (async function* () {
        for (const [i, point] of points.entries()) {
          if (i === 8_000) {
            const series = (): string =>
              server.cli('hget', 'snapscrape:{0}:state', 'series').trim();
            await until('the rounds before are written', () => series() === '8001');
            server.cli('flushall');
            const other = await openStore(server.url, { partitions: 3, buckets: 12 });
            await other.upsert(pointOf('first', 2));
            // Another call of the same store finds the new layout.
            await store.upsert(pointOf('first', 3)).catch(() => undefined);
            await store.upsert(pointOf('first', 4));
          }
          yield point;
        }
      })(),
    );
    expect((await writing).added).toBe(12_000);
    const size = await store.size();
    const { added, unchanged } = await store.upsert(points);
    expect([added, unchanged]).toEqual([8_000, 4_000]);
    expect(await store.size()).toBe(size + added);
    expect((await stateOf(store)).size).toBe(12_001);
  });
});
