import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyPoints, pointOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

describe('commands to Redis', () => {
  let redis: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      redis = await startRedis();
    }),
  );
  afterAll(() => redis?.stop());

  it('grow with the batches of a delta, not with its series', async () => {
    const store = await openStore(redis.url, { keyPrefix: 'delta:' });
    await store.upsert(manyPoints('a', 20_000, 0, 0));
    const commandsFor = async (changes: number): Promise<number> => {
      const cursor = await store.snapshotCursor();
      await store.upsert(manyPoints('a', changes, Math.random(), changes));
      const before = store.stats().commands;
      const { events, more } = await store.snapshotDelta(cursor);
      expect(events.length).toBe(changes);
      expect(more).toBe(false);
      return store.stats().commands - before;
    };
    expect(await commandsFor(1)).toBe(1);
    expect(await commandsFor(100)).toBe(1);
    expect(await commandsFor(1_000)).toBeLessThanOrEqual(2);
    expect(await commandsFor(10_000)).toBeLessThanOrEqual(8);
  });

  it('are one for a delta of nothing, and few for points that were written one by one', async () => {
    const store = await openStore(redis.url, { keyPrefix: 'single:' });
    await store.upsert(pointOf('a', 0));
    const cursor = await store.snapshotCursor();
    let before = store.stats().commands;
    await store.snapshotDelta(cursor);
    expect(store.stats().commands - before).toBe(1);
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => store.upsert(pointOf(`m${i}`, i))));
    before = store.stats().commands;
    expect((await store.snapshotDelta(cursor)).events.length).toBe(2_000);
    expect(store.stats().commands - before).toBeLessThanOrEqual(6);
  });

  it('are one for each few hundred points that are written, and for each thousand that are read', async () => {
    const store = await openStore(redis.url, { keyPrefix: 'bulk:' });
    await store.upsert(pointOf('first', 0));
    let before = store.stats().commands;
    await store.upsert(manyPoints('a', 50_000, 1));
    expect(store.stats().commands - before).toBeLessThanOrEqual(101);
    before = store.stats().commands;
    let seen = 0;
    for await (const _ of store.snapshot()) seen++;
    expect(seen).toBe(50_001);
    expect(store.stats().commands - before).toBeLessThanOrEqual(60);
  });

  it('never use KEYS, and none has more than a thousand series, in one bucket with everything either', async () => {
    const options = {
      keyPrefix: 'one-bucket:',
      buckets: 1,
      retention: 1_000,
      sweepInterval: 1e9,
      now: () => 5_000,
    };
    const store = await openStore(redis.url, options);
    redis.cli('config', 'resetstat');
    await store.upsert(manyPoints('a', 60_000, 1, 0));
    let seen = 0;
    for await (const _ of store.snapshot()) seen++;
    expect(seen).toBe(60_000);
    expect(await store.delete({ labels: { i: '17' } })).toBe(1);
    expect(await store.gc()).toBe(59_999);
    expect(await store.size()).toBe(0);
    const used = redis.cli('info', 'commandstats');
    expect(used).not.toMatch(/cmdstat_(keys|scan|smembers|hkeys|hvals|hgetall):/);
    // How many series a command has on average: one with everything at once would show.
    const callsOf = (command: string): number =>
      Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(used)?.[1]);
    expect(60_000 / callsOf('hset')).toBeLessThanOrEqual(500);
    expect(60_000 / callsOf('hdel')).toBeLessThanOrEqual(1_000);
    // A snapshot, a delete by a matcher and a sweep look at all of them.
    expect((3 * 60_000) / callsOf('hscan')).toBeLessThanOrEqual(1_000);
  });
});
