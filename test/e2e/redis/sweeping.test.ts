import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataSet } from '../../../src/stores/redis/data-set.ts';
import { Expiry } from '../../../src/stores/redis/expiry.ts';
import { Keys } from '../../../src/stores/redis/layout.ts';
import { loadRedisLibrary } from '../../../src/stores/redis/open-link.ts';
import { RedisCalls } from '../../../src/stores/redis/redis-calls.ts';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

/** A data set on which something is done after the first script of a sweep. */
class InterruptedDataSet extends DataSet {
  interruption: (() => Promise<void>) | undefined;

  override async change(
    ...args: Parameters<DataSet['change']>
  ): Promise<readonly unknown[] | undefined> {
    const reply = await super.change(...args);
    const interruption = this.interruption;
    this.interruption = undefined;
    await interruption?.();
    return reply;
  }
}

let redis: RedisServer;
closeStoresAfterEach();
beforeAll(
  whereRedisIs(async () => {
    redis = await startRedis();
  }),
);
afterAll(() => redis?.stop());

describe('sweeping in two processes at once', () => {
  it('forgets no series that was written behind the place of one and seen by the other', async () => {
    const options = { buckets: 1, retention: 1_000, sweepInterval: 1e9 };
    const store = await openStore(redis.url, options);
    await store.upsert([...manyPoints('a', 3_000, 1, 10_000), pointOf('old', 1, 0)]);
    const connection = { kind: 'standalone', options: { url: redis.url } } as const;
    const calls = new RedisCalls(await loadRedisLibrary(), connection, 5_000, () => undefined);
    const dataSet = new InterruptedDataSet(calls, new Keys('snapscrape:'), undefined, {
      layout: { schema: 2, partitions: 1, buckets: 1 },
      changeLogSize: 262_144,
    });
    // One of those that the first slice of a sweep comes to; it stands at the same place when it is
    // written again.
    const [, behind] = redis.cli('hscan', 'snapscrape:{0}:0', '0', 'COUNT', '500').split('\n');
    let endedByOther = -1;
    dataSet.interruption = async () => {
      const id = behind === 'old' ? 'a{i="0"}' : behind!;
      expect(await store.delete(id)).toBe(1);
      const label = /i="(\d+)"/.exec(id)![1]!;
      await store.upsert({ name: 'a', labels: { i: label }, value: 2, updatedAt: 9_600 });
      endedByOther = await store.gc(10_500);
    };
    const sweep = new Expiry(dataSet, { general: 1_000, byFamily: new Map(), shortest: 1_000 });
    const ended = await sweep.run(10_500);
    calls.close();
    expect(ended + endedByOther).toBe(1);
    expect(await store.gc(10_700)).toBe(1);
    expect((await stateOf(store)).size).toBe(2_999);
  });
});

describe('the retention of a family', () => {
  it('is not that of another one whose name begins with its name', async () => {
    const retentionByFamily = { a: 1e9, ab: 1_000 };
    const options = { keyPrefix: 'families:', retention: 1e9, retentionByFamily };
    const store = await openStore(redis.url, options);
    const names = ['a', 'ab', 'abc', 'b'];
    await store.upsert(names.map((name) => pointOf(name, 1, 0)));
    await store.upsert(names.map((name) => ({ ...pointOf(name, 1, 0), labels: { l: 'x' } })));
    expect(await store.gc(2_000)).toBe(2);
    const left = new Set((await stateOf(store)).keys());
    expect(left).toEqual(new Set(['a', 'a{l="x"}', 'abc', 'abc{l="x"}', 'b', 'b{l="x"}']));
  });
});
