import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manyPoints, pointOf } from '../../../src/testing/case-run.ts';
import { freePort, type RedisServer, startRedis } from '../../support/redis-servers.ts';
import {
  closeStoresAfterEach,
  failureOf,
  openReplica,
  openStore,
} from '../../support/redis-stores.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

const servers: RedisServer[] = [];

async function serverWith(...settings: [string, string][]): Promise<RedisServer> {
  const server = await startRedis(settings);
  servers.push(server);
  return server;
}

skipWithoutRedis();
closeStoresAfterEach();
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

describe('a server that is not there', () => {
  it('fails calls in time with a coded error that has no secret, and is used once it is there', async () => {
    const port = await freePort();
    const url = `redis://somebody:secret-word@127.0.0.1:${port}`;
    const errors: string[] = [];
    const store = await openStore(url, { timeout: 300, onError: (e) => errors.push(e.message) });
    const begun = performance.now();
    const failure = await failureOf(store.upsert(pointOf('a', 1)));
    expect(performance.now() - begun).toBeLessThan(4_500);
    expect(failure.code).toBe('store_unavailable');
    expect(await store.healthy()).toBe(false);
    expect([failure.message, ...errors].join()).not.toMatch(/secret|somebody/);
    expect(errors.length).toBeGreaterThan(0);
  });

  it('is found again after it was gone, and readers go on with deltas', async () => {
    const server = await serverWith(['appendonly', 'yes'], ['appendfsync', 'always']);
    const { store, reader, refreshed, page } = await openReplica(server.url, { timeout: 1_000 });
    await store.upsert(pointOf('a', 1));
    const before = await refreshed();
    server.signal('SIGKILL');
    expect((await failureOf(store.upsert(pointOf('a', 2, 2)))).code).toBe('store_unavailable');
    expect((await failureOf(reader.refresh())).code).toMatch(/store_unavailable|refresh_failed/);
    expect(await page()).toBe(before);
    await server.restart();
    await until('the connection is back', () => store.stats().connected);
    await store.upsert(pointOf('a', 2, 2));
    expect(await refreshed()).toContain('a 2\n');
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(0);
  });
});

describe('a server that hangs', () => {
  it('fails every call within its deadline, and is used again when it goes on', async () => {
    const server = await serverWith();
    const { store, refreshed } = await openReplica(server.url, { timeout: 400 });
    await store.upsert(manyPoints('a', 3_000, 1));
    await refreshed();
    server.signal('SIGSTOP');
    const calls = [
      () => store.upsert(pointOf('a', 2, 2)),
      () => store.snapshotCursor(),
      () => store.delete({ name: 'a' }),
      () => store.families(),
    ];
    for (const call of calls) {
      const begun = performance.now();
      expect((await failureOf(call())).code).toBe('store_unavailable');
      expect(performance.now() - begun).toBeLessThan(4_500);
    }
    expect(await store.healthy()).toBe(false);
    expect(store.stats().connectionsReplaced).toBeGreaterThan(0);
    server.signal('SIGCONT');
    await until('it answers', () => store.stats().connected);
    await store.upsert(pointOf('b', 7, 3));
    expect(await refreshed()).toContain('b 7\n');
  });
});

describe('a data set that lost changes', () => {
  it('is read anew after the server came back empty', async () => {
    const server = await serverWith();
    const { store, reader, refreshed } = await openReplica(server.url);
    await store.upsert(manyPoints('a', 100, 1));
    expect(await refreshed()).toContain('a{i="99"} 1\n');
    server.signal('SIGKILL');
    await server.restart();
    expect(await refreshed()).not.toContain('a{');
    await store.upsert(pointOf('b', 1));
    expect(await refreshed()).toContain('b 1\n');
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
  });

  it('is read anew after FLUSHALL, even when as much was written again', async () => {
    const server = await serverWith();
    const { store, reader, refreshed } = await openReplica(server.url);
    await store.upsert(manyPoints('a', 100, 1));
    await refreshed();
    server.cli('flushall');
    await store.upsert(manyPoints('b', 100, 2));
    const page = await refreshed();
    expect(page).not.toContain('a{');
    expect(page).toContain('b{i="99"} 2\n');
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
  });

  it('is read anew after a backup came back, even when the lost part was written again otherwise', async () => {
    const server = await serverWith();
    const { store, reader, refreshed } = await openReplica(server.url);
    await store.upsert(manyPoints('a', 100, 1));
    server.cli('save');
    await store.upsert(manyPoints('lost', 50, 1));
    expect(await refreshed()).toContain('lost{i="49"} 1\n');
    server.signal('SIGKILL');
    await server.restart();
    // Fewer changes than were lost, then as many, then more.
    await store.upsert(manyPoints('anew', 20, 1));
    const page = await refreshed();
    expect(page).not.toContain('lost');
    expect(page).toContain('anew{i="19"} 1\n');
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
    await store.upsert(manyPoints('anew', 30, 2, 2));
    expect(await refreshed()).toContain('anew{i="29"} 2\n');
    expect(reader.cacheStats().fallbacksByReason.reset).toBe(1);
  });

  it.each([50, 80])(
    'is told by a cursor from the lost part after %i new changes',
    async (count) => {
      const server = await serverWith();
      const store = await openStore(server.url);
      await store.upsert(manyPoints('a', 100, 1));
      server.cli('save');
      await store.upsert(manyPoints('lost', 50, 1));
      const cursor = await store.snapshotCursor();
      server.signal('SIGKILL');
      await server.restart();
      await store.upsert(manyPoints('anew', count, 1));
      expect((await store.snapshotDelta(cursor)).reset).toBe(true);
    },
  );
});

describe('a server that refuses', () => {
  it('writes for want of memory says store_full, and lets series be ended', async () => {
    const server = await serverWith(['maxmemory', '3mb'], ['maxmemory-policy', 'noeviction']);
    const { store, refreshed } = await openReplica(server.url, { changeLogSize: 1_000 });
    const fill = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await store.upsert(manyPoints(`filler_${i}`, 1_000, 1));
    };
    const failure = await failureOf(fill());
    expect(failure).toMatchObject({ code: 'store_full', message: /maxmemory/ });
    // What was acknowledged can be read, all of it, and the count is right.
    const page = await refreshed();
    expect(page.match(/^filler_/gm)).toHaveLength(await store.size());
    expect(await store.delete({ name: 'filler_0' })).toBe(1_000);
    for (let i = 1; i < 10; i++) await store.delete({ name: `filler_${i}` });
    await store.upsert(pointOf('a', 1));
    expect(await refreshed()).toContain('a 1\n');
  });

  it('writes because it is a replica says store_read_only, and can be read', async () => {
    const master = await serverWith(['repl-diskless-sync-delay', '0']);
    const writer = await openStore(master.url);
    await writer.upsert(manyPoints('a', 2_000, 1));
    const replica = await serverWith(['replicaof', `127.0.0.1 ${master.port}`]);
    await until('the replica follows', () =>
      replica.cli('info', 'replication').includes('master_link_status:up'),
    );
    const { store, reader, refreshed } = await openReplica(replica.url);
    expect((await refreshed()).match(/^a\{/gm)).toHaveLength(2_000);
    expect((await failureOf(store.upsert(pointOf('a', 1)))).code).toBe('store_read_only');
    expect((await failureOf(store.delete('a'))).code).toBe('store_read_only');
    await writer.upsert(pointOf('b', 5));
    await until('the change arrives', () =>
      replica.cli('xrevrange', 'snapscrape:{0}:log', '+', '-', 'COUNT', '1').includes('\nb\n'),
    );
    expect(await refreshed()).toContain('b 5\n');
    expect(reader.cacheStats().deltas).toBe(1);
  });

  describe('the user', () => {
    let server: RedisServer;
    const asUser = (user: string): string => `redis://${user}:pass%2Fword@127.0.0.1:${server.port}`;
    beforeEach(async () => {
      server = await serverWith();
    });
    const allow = (user: string, ...rights: string[]): void => {
      server.cli('acl', 'setuser', user, 'on', '>pass/word', ...rights);
    };

    it('says store_forbidden where a command is not allowed, and does not wait', async () => {
      allow('reader', '~*', '+@read', '+evalsha', '+eval', '+ping');
      const store = await openStore(asUser('reader'));
      const begun = performance.now();
      expect((await failureOf(store.upsert(pointOf('a', 1)))).code).toBe('store_forbidden');
      expect(performance.now() - begun).toBeLessThan(4_500);
    });

    it('says store_forbidden where the keys are not allowed', async () => {
      allow('elsewhere', '~other:*', '+@all');
      const store = await openStore(asUser('elsewhere'));
      expect((await failureOf(store.upsert(pointOf('a', 1)))).code).toBe('store_forbidden');
      const other = await openStore(asUser('elsewhere'), { keyPrefix: 'other:' });
      expect((await other.upsert(pointOf('a', 1))).added).toBe(1);
    });

    it('says store_forbidden where the password is wrong, without the password', async () => {
      const store = await openStore(`redis://nobody:wrong-word@127.0.0.1:${server.port}`);
      const failure = await failureOf(store.upsert(pointOf('a', 1)));
      expect(failure.code).toBe('store_forbidden');
      expect(failure.message).not.toContain('wrong-word');
    });

    it('says store_forbidden at once where connecting takes a right that it lacks', async () => {
      allow('numbered', '~*', '+@all', '-select');
      const url = `${asUser('numbered')}/2`;
      const begun = performance.now();
      const failure = await failureOf((await openStore(url)).upsert(pointOf('a', 1)));
      expect(failure).toMatchObject({ code: 'store_forbidden', message: /NOPERM/ });
      expect(performance.now() - begun).toBeLessThan(4_500);
    });

    it('needs no more than the documented rights', async () => {
      const rights = ['hmget', 'hget', 'hset', 'hdel', 'hscan', 'hgetall', 'hlen', 'hincrby'];
      const more = ['xadd', 'xrange', 'xrevrange', 'xtrim', 'exists', 'unlink', 'get', 'set'];
      const last = ['del', 'eval', 'evalsha'];
      allow('least', '~snapscrape:*', ...[...rights, ...more, ...last].map((name) => `+${name}`));
      const options = { retention: 1_000, writerLease: 10_000, maxSeries: 5_000, now: () => 0 };
      const { store, refreshed } = await openReplica(asUser('least'), options);
      await store.upsert(manyPoints('a', 2_000, 1, 0));
      await store.setFamilies([{ name: 'a', type: 'counter' }]);
      expect(await refreshed()).toContain('# TYPE a ');
      expect(await store.delete({ labels: { i: '7' } })).toBe(1);
      expect(await store.gc(5_000)).toBe(1_999);
      expect(await refreshed()).not.toContain('a{');
    });
  });

  it('a newer layout, with store_schema_newer, and writes nothing to it', async () => {
    const server = await serverWith();
    server.cli('hset', 'snapscrape:{meta}', 'schema', '3', 'partitions', '1', 'buckets', '8');
    const store = await openStore(server.url);
    for (const call of [
      () => store.upsert(pointOf('a', 1)),
      () => store.snapshotCursor(),
      () => store.delete('a'),
      () => store.setFamilies([]),
    ]) {
      expect((await failureOf(call())).code).toBe('store_schema_newer');
    }
    expect(server.cli('keys', '*')).toBe('snapscrape:{meta}');
  });

  it('metadata for a layout that became newer while the store was open', async () => {
    const server = await serverWith();
    const store = await openStore(server.url);
    await store.setFamilies([{ name: 'a', type: 'counter' }]);
    server.cli('hset', 'snapscrape:{meta}', 'schema', '3');
    const failure = await failureOf(store.setFamilies([{ name: 'b', type: 'counter' }]));
    expect(failure.code).toBe('store_schema_newer');
    expect(server.cli('hkeys', 'snapscrape:{meta}:families')).toBe('a');
  });

  it('keys that hold something else, with the remedy', async () => {
    const server = await serverWith();
    server.cli('set', 'snapscrape:{meta}', 'mine');
    const store = await openStore(server.url);
    const failure = await failureOf(store.upsert(pointOf('a', 1)));
    expect(failure).toMatchObject({ code: 'store_unavailable', message: /keyPrefix/ });
    expect(server.cli('get', 'snapscrape:{meta}')).toBe('mine');
  });
});
