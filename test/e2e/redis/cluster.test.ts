import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { proxyTo, redisWith, stopAfterEach } from '../../support/reached-redis.ts';
import { type RedisCluster, startRedisCluster } from '../../support/redis-servers.ts';
import {
  closeStoresAfterEach,
  failureOf,
  openReplica,
  openStore,
} from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

skipWithoutRedis();
stopAfterEach();

describe('a cluster', () => {
  let cluster: RedisCluster;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      cluster = await startRedisCluster();
    }),
  );
  afterAll(() => cluster?.stop());

  const slotOf = (key: string): string => cluster.servers[0]!.cli('cluster', 'keyslot', key);
  const idOf = (i: number): string => cluster.servers[i]!.cli('cluster', 'myid');
  const ownerOf = (slot: string): number =>
    cluster.servers.findIndex((_, i) =>
      cluster.servers[i]!.cli('cluster', 'nodes')
        .split('\n')
        .some((line) => line.includes('myself') && covers(line, Number(slot))),
    );

  it('has parts of a data set on each server', async () => {
    const store = await openStore(cluster.url, { keyPrefix: 'spread:' });
    await store.upsert(manyPoints('a', 1_000, 1));
    for (const server of cluster.servers) {
      expect(Number(server.cli('dbsize'))).toBeGreaterThan(0);
    }
  });

  it('goes on while a slot moves: writes wait for it, and nothing is lost or mixed', async () => {
    const options = { keyPrefix: 'moving:', timeout: 20_000 };
    const { store, reader, refreshed } = await openReplica(cluster.url, options);
    const other = await openReplica(cluster.url, options);
    await store.upsert(manyPoints('a', 2_000, 0, 0));
    await refreshed();
    const slot = slotOf('moving:{3}:state');
    const from = ownerOf(slot);
    const to = (from + 1) % cluster.servers.length;
    const [source, target] = [cluster.servers[from]!, cluster.servers[to]!];

    target.cli('cluster', 'setslot', slot, 'importing', idOf(from));
    source.cli('cluster', 'setslot', slot, 'migrating', idOf(to));
    const keys = source.cli('cluster', 'getkeysinslot', slot, '10000').split('\n');
    expect(keys.length).toBeGreaterThan(10);
    const half = keys.slice(0, keys.length / 2);
    source.cli('migrate', '127.0.0.1', `${target.port}`, '', '0', '5000', 'keys', ...half);

    // Half of the slot's keys are here and half are there: what touches both waits.
    let isWritten = false;
    const writing = store.upsert(manyPoints('a', 2_000, 1, 1)).then((result) => {
      isWritten = true;
      return result;
    });
    const retries = store.stats().retries;
    await expect
      .poll(() => store.stats().retries, { timeout: 60_000 })
      .toBeGreaterThan(retries + 2);
    expect(isWritten).toBe(false);
    const rest = source.cli('cluster', 'getkeysinslot', slot, '10000').split('\n');
    source.cli('migrate', '127.0.0.1', `${target.port}`, '', '0', '5000', 'keys', ...rest);
    for (const server of cluster.servers) server.cli('cluster', 'setslot', slot, 'node', idOf(to));

    expect((await writing).changed).toBe(2_000);
    const state = await stateOf(store);
    expect(state.size).toBe(2_000);
    expect([...state.values()].every(({ value }) => value === 1)).toBe(true);
    expect(await refreshed()).toBe(await other.refreshed());
    // The log moved with the rest, and the cursor is still good.
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(0);
  });

  it('that redirects twice, as a slot moved and moves on, is followed', async () => {
    const keyPrefix = 'twice:';
    const slot = slotOf(`${keyPrefix}{meta}`);
    const from = ownerOf(slot);
    const [next, last] = [(from + 1) % 3, (from + 2) % 3];
    const store = await openStore(cluster.url, { keyPrefix, timeout: 2_000 });
    expect(await store.families()).toEqual([]);
    const [owner, target] = [cluster.servers[next]!, cluster.servers[last]!];
    for (const i of [next, from, last]) {
      cluster.servers[i]!.cli('cluster', 'setslot', slot, 'node', idOf(next));
    }
    target.cli('cluster', 'setslot', slot, 'importing', idOf(next));
    owner.cli('cluster', 'setslot', slot, 'migrating', idOf(last));
    // The first server says MOVED, the second one ASK.
    expect(await store.families()).toEqual([]);
    for (const server of cluster.servers) {
      server.cli('cluster', 'setslot', slot, 'node', idOf(next));
    }
  });

  it('is found by servers that it still has', async () => {
    const left = await redisWith(['cluster-enabled', 'yes'], ['cluster-config-file', 'n.conf']);
    const proxy = await proxyTo(cluster.servers[0]!.port);
    // The one that has left is the first to reply.
    proxy.delayMs = 10;
    const rootNodes = [left, proxy].map(({ port }) => ({ socket: { host: '127.0.0.1', port } }));
    const where = { kind: 'cluster', options: { rootNodes } } as const;
    const store = await openStore(where, { keyPrefix: 'left:', timeout: 2_000 });
    expect((await store.upsert(manyPoints('a', 100, 1))).added).toBe(100);
  });

  it('without any slots is asked for them with pauses', async () => {
    const server = await redisWith(['cluster-enabled', 'yes'], ['cluster-config-file', 'n.conf']);
    const proxy = await proxyTo(server.port);
    const store = await openStore(`redis-cluster://127.0.0.1:${proxy.port}`, { timeout: 2_000 });
    const failures = await Promise.all(
      [1, 2, 3].map((value) => failureOf(store.upsert(pointOf('a', value)))),
    );
    expect(failures[0]).toMatchObject({ code: 'store_unavailable', message: /CLUSTER INFO/ });
    expect(proxy.accepted).toBeLessThan(12);
  });

  it('of which one server lost everything is read anew', async () => {
    const options = { keyPrefix: 'flushed:' };
    const { store, reader, refreshed } = await openReplica(cluster.url, options);
    const other = await openReplica(cluster.url, options);
    await store.upsert(manyPoints('a', 1_000, 1));
    await refreshed();
    // Not the one that has the description of the data set, then that one too.
    const meta = ownerOf(slotOf('flushed:{meta}'));
    cluster.servers[(meta + 1) % cluster.servers.length]!.cli('flushall');
    const page = await refreshed();
    expect(page).toBe(await other.refreshed());
    expect(page.match(/^a\{/gm)!.length).toBeLessThan(1_000);
    cluster.servers[meta]!.cli('flushall');
    await store.upsert(manyPoints('a', 1_000, 2, 2));
    expect((await refreshed()).match(/^a\{i="\d+"\} 2$/gm)).toHaveLength(1_000);
    expect(reader.cacheStats().fallbacksByReason.reset).toBeGreaterThan(0);
  });

  it('that lost the description of a data set has it from the parts', async () => {
    const keyPrefix = 'undescribed:';
    const store = await openStore(cluster.url, { keyPrefix, partitions: 5, buckets: 100 });
    await store.upsert(manyPoints('a', 1_000, 1));
    const meta = ownerOf(slotOf(`${keyPrefix}{meta}`));
    expect(cluster.servers[meta]!.cli('del', `${keyPrefix}{meta}`)).toBe('1');
    const other = await openStore(cluster.url, { keyPrefix });
    expect((await stateOf(other)).size).toBe(1_000);
    expect((await other.upsert(manyPoints('a', 1_000, 2))).changed).toBe(1_000);
    expect((await store.upsert(manyPoints('a', 1_000, 2))).unchanged).toBe(1_000);
  });

  it('a server of which hangs fails what needs it in time, and nothing else', async () => {
    const options = { keyPrefix: 'hanging:', timeout: 2_000 };
    const store = await openStore(cluster.url, options);
    await store.upsert(manyPoints('a', 200, 1));
    const hanging = cluster.servers[2]!;
    hanging.signal('SIGSTOP');
    const begun = performance.now();
    expect((await failureOf(store.upsert(manyPoints('a', 200, 2, 2)))).code).toBe(
      'store_unavailable',
    );
    expect(performance.now() - begun).toBeLessThan(4_500);
    hanging.signal('SIGCONT');
    await expect
      .poll(() => store.upsert(pointOf('b', 1)).catch(() => undefined), {
        timeout: 60_000,
      })
      .toBeDefined();
    await expect
      .poll(() => store.upsert(manyPoints('a', 200, 3, 3)).catch(() => undefined), {
        timeout: 60_000,
      })
      .toBeDefined();
    expect((await stateOf(store)).size).toBe(201);
  });
});

function covers(line: string, slot: number): boolean {
  return line
    .split(' ')
    .slice(8)
    .some((range) => {
      const [first, last = first] = range.split('-').map(Number);
      return first! <= slot && slot <= last!;
    });
}
