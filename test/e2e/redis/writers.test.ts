import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../../src/index.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();

describe('the writers of a data set', () => {
  let redis: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      redis = await startRedis();
    }),
  );
  afterAll(() => redis?.stop());

  it('are remembered if they were among the last hundred', async () => {
    for (let i = 0; i <= 105; i++) {
      const options = { keyPrefix: 'many:', writer: `w${i}`, now: () => 1_000 * i };
      const writer = await openStore(redis.url, options);
      await writer.upsert({ name: 'a', value: i });
      await writer.close();
    }
    const store = await openStore(redis.url, { keyPrefix: 'many:' });
    const writes = await store.lastWrites();
    expect(writes).toHaveLength(100);
    expect(writes[0]).toEqual({ writer: 'w105', at: 105_000 });
    expect(writes.at(-1)).toEqual({ writer: 'w6', at: 6_000 });
  });

  it('are noted by the first write after one that found no data set', async () => {
    const store = await openStore(redis.url, { keyPrefix: 'absent:', now: () => 5_000 });
    expect(await store.delete('a')).toBe(0);
    expect(await store.lastWrites()).toEqual([]);
    await store.upsert({ name: 'a', value: 1 });
    expect(await store.lastWrites()).toEqual([{ writer: undefined, at: 5_000 }]);
  });

  it('show on the page of a process that only reads, by the name of each', async () => {
    const open = (writer?: string, at = 0) =>
      openStore(redis.url, { keyPrefix: 'page:', now: () => at, ...(writer && { writer }) });
    await (await open('west', 7_000)).upsert({ name: 'a', value: 1 });
    await (await open(undefined, 9_500)).delete('a');
    const reader = createCachedSnapshotReader(await open());
    const response = await createOpenMetricsHandler(reader).fetch(new Request('http://host/'));
    const page = await response.text();
    const metric = 'snapscrape_store_last_write_timestamp_seconds';
    expect(page).toContain(`\n${metric}{writer="west"} 7\n`);
    expect(page).toContain(`\n${metric} 9.5\n`);
  });
});
