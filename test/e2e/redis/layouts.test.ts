import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SnapshotPoint } from '../../../src/index.ts';
import { manyPoints, pointOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openReplica, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

const PARTITIONS = 3;
const HISTOGRAM: SnapshotPoint = {
  ...pointOf('h', 0, 2),
  value: { count: 3, sum: 2.5, buckets: [[Infinity, 3]] },
};

skipWithoutRedis();

describe('a data set of layout 1', () => {
  let server: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());
  // The numbers of both layouts are written alike.
  beforeEach(async () => {
    server?.cli('flushall');
    if (server === undefined) return;
    const store = await openStore(server.url, { partitions: PARTITIONS });
    await store.upsert(manyPoints('a', 300, 1));
    await store.setFamilies([{ name: 'a', type: 'gauge' }]);
    await store.close();
    server.cli('hset', 'snapscrape:{meta}', 'schema', '1');
    for (const key of states()) {
      server.cli('hset', key, 'layout', server.cli('hget', key, 'layout').replace('2:', '1:'));
    }
  });

  const states = (): string[] =>
    Array.from({ length: PARTITIONS }, (_, i) => `snapscrape:{${i}}:state`);
  const schemas = (): string[] => [
    server.cli('hget', 'snapscrape:{meta}', 'schema'),
    ...states().map((key) => server.cli('hget', key, 'layout').split(':')[0]!),
  ];

  it('stays one while only plain numbers are written, so that older programs go on', async () => {
    const { store, refreshed } = await openReplica(server.url, {
      retention: 50,
      sweepInterval: 1e9,
      now: () => 100,
    });
    await refreshed();
    await store.upsert(manyPoints('b', 300, 2, 90));
    await store.setFamilies([{ name: 'b', type: 'gauge' }]);
    expect(await store.gc()).toBe(300);
    expect(await refreshed()).toContain('b{i="7"} 2');
    expect(schemas()).toEqual(['1', '1', '1', '1']);
  });

  it('is raised before the first other payload, and each partition before one is in it', async () => {
    const before = await openReplica(server.url);
    await before.refreshed();
    const logs = states().map((key) => key.replace('state', 'log'));
    const entriesOf = (log: string): string[] =>
      server.cli('xrange', log, '-', '+').match(/\d+-0/g) ?? [];
    const earlier = logs.map(entriesOf);
    const store = await openStore(server.url);
    const families = [{ name: 'h', type: 'histogram' }] as const;
    await store.setFamilies(families);
    expect(await store.upsert([HISTOGRAM])).toMatchObject({ added: 1 });
    const [schema, ...layouts] = schemas();
    expect(schema).toBe('2');
    expect([...layouts].sort()).toEqual(['1', '1', '2']);
    // Programs of layout 1 lose their place there, so that they read all, which they refuse.
    const raised = layouts.indexOf('2');
    const later = entriesOf(logs[raised]!);
    expect(later.some((id) => earlier[raised]!.includes(id))).toBe(false);
    // One that was open meanwhile goes on, by a full read.
    expect(await before.refreshed()).toContain('h_bucket{le="+Inf"} 3');
    await before.store.upsert(manyPoints('a', 300, 5, 5));
    await before.store.setFamilies([{ name: 'a', type: 'gauge', help: 'A.' }]);
    expect(await before.refreshed()).toContain('a{i="7"} 5');
    const all = Array.from({ length: 30 }, (_, i) => ({ ...HISTOGRAM, labels: { i: `${i}` } }));
    await before.store.upsert(all);
    expect(schemas()).toEqual(['2', '2', '2', '2']);
    expect(await before.refreshed()).toBe(await (await openReplica(server.url)).refreshed());
  });

  it('is raised once by many that write at once', async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openStore(server.url)));
    const points = Array.from({ length: 60 }, (_, i) => ({ ...HISTOGRAM, labels: { i: `${i}` } }));
    const results = await Promise.all(stores.map((store) => store.upsert(points)));
    expect(results.reduce((sum, { added }) => sum + added, 0)).toBe(60);
    expect(schemas()).toEqual(['2', '2', '2', '2']);
    expect(await stores[0]!.size()).toBe(360);
  });

  it('is refused as long as it is of a newer one', async () => {
    const store = await openStore(server.url);
    server.cli('hset', 'snapscrape:{meta}', 'schema', '3');
    await expect(store.upsert(HISTOGRAM)).rejects.toMatchObject({ code: 'store_schema_newer' });
    await expect(store.snapshotCursor()).rejects.toMatchObject({ code: 'store_schema_newer' });
    await store.close();
  });
});
