import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import {
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../../support/redis-servers.ts';
import { closeStoresAfterEach, failureOf, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

describe("the writer's lease", () => {
  let redis: RedisServer;
  let cluster: RedisCluster;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      [redis, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
    }),
  );
  afterAll(async () => {
    await redis?.stop();
    await cluster?.stop();
  });

  it.each(['one server', 'a cluster'])('over %s lets one store write', async (kind) => {
    const url = kind === 'a cluster' ? cluster.url : redis.url;
    const options = { keyPrefix: 'lease:', writerLease: 60_000 };
    const [one, other] = [await openStore(url, options), await openStore(url, options)];
    const plain = await openStore(url, { keyPrefix: 'lease:' });
    await plain.upsert(manyPoints('a', 100, 0, 0));
    await one.upsert(manyPoints('a', 100, 1, 1));
    for (const store of [other, plain]) {
      expect((await failureOf(store.upsert(manyPoints('a', 100, 2, 2)))).code).toBe('store_fenced');
      expect((await failureOf(store.delete({ name: 'a' }))).code).toBe('store_fenced');
    }
    expect((await failureOf(other.setFamilies([{ name: 'a', type: 'gauge' }]))).code).toBe(
      'store_fenced',
    );
    const values = [...(await stateOf(plain)).values()].map(({ value }) => value);
    expect(new Set(values)).toEqual(new Set([1]));
    // It is handed over at once by who closes, and nobody is kept out afterwards.
    await one.close();
    expect((await other.upsert(pointOf('a', 3))).added).toBe(1);
    await other.close();
    expect((await plain.upsert(pointOf('a', 4, 4))).changed).toBe(1);
  });

  it('that ended lets the next one write, and the last one no more in between', async () => {
    const options = { keyPrefix: 'ended:', writerLease: 60_000 };
    const [one, other] = [await openStore(redis.url, options), await openStore(redis.url, options)];
    await one.upsert(pointOf('a', 1, 1));
    // As if the time of the lease had passed while the first store's process was stopped.
    redis.cli('del', 'ended:{meta}:lease');
    await other.upsert(pointOf('a', 2, 2));
    expect((await failureOf(one.upsert(pointOf('a', 3, 3)))).code).toBe('store_fenced');
    expect((await stateOf(one)).get('a')).toEqual({ value: 2, updatedAt: 2 });
    expect((await other.upsert(pointOf('a', 4, 4))).changed).toBe(1);
  });

  it.each(['one server', 'a cluster'])(
    'over %s that ended without being given back keeps out nobody who needs none',
    async (kind) => {
      const at = kind === 'a cluster' ? cluster.servers : [redis];
      const url = kind === 'a cluster' ? cluster.url : redis.url;
      const dead = await openStore(url, { keyPrefix: 'dead:', writerLease: 60_000 });
      const plain = await openStore(url, { keyPrefix: 'dead:' });
      await dead.upsert(manyPoints('a', 100, 1, 1));
      expect((await failureOf(plain.upsert(pointOf('a', 2, 2)))).code).toBe('store_fenced');
      // As if its process had died and the time of the lease had passed.
      for (const server of at) server.cli('-c', 'del', 'dead:{meta}:lease');
      expect((await plain.upsert(manyPoints('a', 100, 2, 2))).changed).toBe(100);
      expect(await plain.delete({ name: 'a' })).toBe(100);
      // The next one who takes it keeps them out again.
      const next = await openStore(url, { keyPrefix: 'dead:', writerLease: 60_000 });
      await next.upsert(manyPoints('a', 100, 3, 3));
      expect((await failureOf(plain.upsert(pointOf('a', 4, 4)))).code).toBe('store_fenced');
    },
  );

  it('is not taken again while it is given back: the store is closed at once', async () => {
    const options = { keyPrefix: 'closing:', writerLease: 60_000 };
    const one = await openStore(redis.url, options);
    await one.upsert(pointOf('a', 1, 1));
    const closed = one.close();
    expect((await failureOf(one.upsert(pointOf('a', 2, 2)))).code).toBe('closed');
    await closed;
    const next = await openStore(redis.url, options);
    expect((await next.upsert(pointOf('a', 3, 3))).changed).toBe(1);
    expect((await stateOf(next)).get('a')).toEqual({ value: 3, updatedAt: 3 });
  });

  it('of which FLUSHALL took the count is above the ones before it', async () => {
    const server = await startRedis();
    try {
      for (let i = 0; i < 3; i++) {
        const before = await openStore(server.url, { writerLease: 60_000 });
        await before.upsert(pointOf('a', i, i));
        await before.close();
      }
      const one = await openStore(server.url, { writerLease: 60_000 });
      await one.upsert(pointOf('a', 3, 3));
      server.cli('flushall');
      // The fence of the one who writes first goes with what it makes.
      await one.upsert(pointOf('a', 4, 4));
      const next = await openStore(server.url, { writerLease: 60_000 });
      expect((await next.upsert(pointOf('a', 5, 5))).changed).toBe(1);
      expect((await next.upsert(pointOf('a', 6, 6))).changed).toBe(1);
      expect((await failureOf(one.upsert(pointOf('a', 7, 7)))).code).toBe('store_fenced');
      const { schema } = JSON.parse(server.cli('--json', 'hgetall', 'snapscrape:{meta}'));
      expect(schema).toBe('2');
    } finally {
      await server.stop();
    }
  });

  it('is kept by writing, and ends by itself', async () => {
    const options = { keyPrefix: 'short:', writerLease: 300 };
    const [one, other] = [await openStore(redis.url, options), await openStore(redis.url, options)];
    const end = performance.now() + 900;
    for (let i = 0; performance.now() < end; i++) {
      await one.upsert(pointOf('a', i, i));
      expect((await failureOf(other.upsert(pointOf('b', i)))).code).toBe('store_fenced');
    }
    await expect
      .poll(() => other.upsert(pointOf('b', 1)).catch(() => undefined), { timeout: 60_000 })
      .toBeDefined();
    expect((await failureOf(one.upsert(pointOf('a', 1, 1e6)))).code).toBe('store_fenced');
  });
});
