import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SnapscrapeError } from '../../../src/index.ts';
import { bucketOf, hashOf } from '../../../src/stores/redis/layout.ts';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import {
  closeStoresAfterEach,
  failureOf,
  openReplica,
  type Replica,
} from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

skipWithoutRedis();
closeStoresAfterEach();

const OPTIONS = { keyPrefix: 'd:', buckets: 4, changeLogSize: 300, retention: 1_000, now: () => 0 };
const LAST = [11, 12, 13].map((i) => pointOf('a', i, i, { i: `${i}` }));

/** Calls that write, each of which changes something in each part of the data set. */
const WRITES = {
  upsert: ({ store }: Replica) =>
    store.upsert([...manyPoints('a', 300, 2, 2), ...manyPoints('b', 50, 1)]),
  delete: ({ store }: Replica) => store.delete({ name: 'a' }),
  gc: ({ store }: Replica) => store.gc(500_000),
} as const;

type Write = keyof typeof WRITES;

function bucketOfSeries(id: string): string {
  return String(bucketOf(hashOf(id), { partitions: 1, buckets: OPTIONS.buckets }));
}

/** All keys and what they have, but those of a test's own. */
function contentOf(server: RedisServer): Record<string, string> {
  const script = `
    local all = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do
      local kind = redis.call('TYPE', key).ok
      local text = kind == 'hash' and redis.call('HGETALL', key)
        or kind == 'stream' and redis.call('XRANGE', key, '-', '+') or { kind }
      if kind == 'hash' then
        local pairs = {}
        for i = 1, #text, 2 do pairs[#pairs + 1] = text[i] .. '=' .. text[i + 1] end
        table.sort(pairs)
        text = pairs
      end
      all[key] = cjson.encode(text)
    end
    return cjson.encode(all)`;
  return JSON.parse(server.cli('--raw', 'eval', script, '0')) as Record<string, string>;
}

/**
 * What all readers must agree on after something was mended: a cache by deltas, a new one, the
 * store.
 */
async function expectSound(replica: Replica, url: string): Promise<void> {
  const direct = await openReplica(url, OPTIONS);
  expect(await direct.refreshed()).toBe(await replica.refreshed());
  expect(direct.reader.cacheStats().cursor).toBe(replica.reader.cacheStats().cursor);
  expect((await stateOf(replica.store)).size).toBe(await replica.store.size());
  expect(await replica.store.healthy()).toBe(true);
}

describe('a write that cannot be carried out', () => {
  let server: RedisServer;
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());

  async function filled(): Promise<Replica> {
    server.cli('flushall');
    const replica = await openReplica(server.url, OPTIONS);
    await replica.store.upsert(manyPoints('a', 200, 1));
    await replica.store.setFamilies([{ name: 'a', type: 'counter' }]);
    await replica.refreshed();
    return replica;
  }

  const keys = ['state', 'log', 'marks', '0', '1', '3'];
  const cases = keys.flatMap((key) =>
    (Object.keys(WRITES) as Write[]).map((write) => ({ key: `d:{0}:${key}`, write })),
  );
  it.each(cases)(
    '$write with a key of another type ($key) changes nothing',
    async ({ key, write }) => {
      const replica = await filled();
      server.cli('rename', key, 'aside');
      server.cli('set', key, 'foreign');
      const before = contentOf(server);
      const failure = await failureOf(WRITES[write](replica));
      expect(failure).toMatchObject({ code: 'store_unavailable', message: /WRONGTYPE.*keyPrefix/ });
      const after = contentOf(server);
      // A sweep is a script for each bucket: those before the one at fault are swept.
      if (write === 'gc' && /\d$/.test(key)) expect(after[key]).toEqual(before[key]);
      else expect(after).toEqual(before);
      expect(await replica.store.healthy()).toBe(false);
      server.cli('rename', 'aside', key);
      await WRITES[write](replica);
      await replica.store.upsert(LAST);
      await expectSound(replica, server.url);
    },
  );

  it.each(['d:{meta}', 'd:{meta}:families'])('metadata with %s of another type', async (key) => {
    const replica = await filled();
    server.cli('rename', key, 'aside');
    server.cli('set', key, 'foreign');
    const before = contentOf(server);
    const set = () => replica.store.setFamilies([{ name: 'b', type: 'gauge' }]);
    expect((await failureOf(set())).code).toBe('store_unavailable');
    expect(contentOf(server)).toEqual(before);
    expect(await replica.store.healthy()).toBe(false);
    server.cli('rename', 'aside', key);
    await set();
    expect(await replica.store.families()).toHaveLength(2);
    await expectSound(replica, server.url);
  });

  it.each([
    ['state', 'seq', 'x'],
    ['state', 'seq', '-1'],
    ['state', 'series', 'many'],
    ['state', 'bytes', ''],
    ['state', 'fence', 'x'],
    ['state', 'fence', 'inf'],
    ['marks', 'l0', 'x'],
    ['marks', 'l0', 'nan'],
    ['marks', 'd1', ':x'],
    [bucketOfSeries('a{i="0"}'), 'a{i="0"}', 'no sample'],
    [bucketOfSeries('a{i="1"}'), 'a{i="1"}', '0x10 0x20'],
    [bucketOfSeries('a{i="2"}'), 'a{i="2"}', '1 -'],
    [bucketOfSeries('a{i="4"}'), 'a{i="4"}', '1e999 4'],
    ['2', 'no series', ''],
  ])('%s with %s %j is carried out, and heals it', async (key, field, text) => {
    const replica = await filled();
    server.cli('hset', `d:{0}:${key}`, field, text);
    const { store } = replica;
    await store.upsert(manyPoints('a', 300, 2, 2));
    expect(await store.delete('a{i="7"}')).toBe(1);
    await store.upsert(LAST);
    expect(await store.gc(1_002)).toBe(0);
    server.cli('hdel', `d:{0}:${key}`, 'no series');
    await store.gc(1_002);
    await expectSound(replica, server.url);
    expect(await store.size()).toBe(299);
    expect(await store.gc(100_000)).toBe(299);
  });

  it.each([
    ['ahead by one', ['xadd', 'd:{0}:log', '201-0', 't', 'abc', 'a{i="0"}', '5 5']],
    ['ahead by far', ['xadd', 'd:{0}:log', '*', 'foo', 'bar']],
    ['at its end', ['xadd', 'd:{0}:log', '18446744073709551615-18446744073709551615', 'x', 'y']],
    ['removed', ['del', 'd:{0}:log']],
    ['emptied', ['xtrim', 'd:{0}:log', 'MAXLEN', '0']],
    ['without the last', ['xdel', 'd:{0}:log', '201-0']],
    ['ahead without an entry', ['xsetid', 'd:{0}:log', '999-0']],
    ['at its end without an entry', ['xsetid', 'd:{0}:log', '18446744073709551615-5']],
    ['behind', ['hset', 'd:{0}:state', 'seq', '150']],
    ['before nothing', ['hset', 'd:{0}:state', 'seq', '9007199254740993']],
    ['beside a lost state', ['del', 'd:{0}:state']],
    ['beside half a state', ['hdel', 'd:{0}:state', 'series', 'layout']],
  ])('the log %s is reconciled: writes go on and every reader agrees', async (_, command) => {
    const replica = await filled();
    const { store, reader } = replica;
    server.cli(...command);
    // Reads go on before the next write, too.
    expect((await replica.refreshed()).match(/^a\{/gm)).toHaveLength(200);
    expect(
      (await (await openReplica(server.url, OPTIONS)).refreshed()).match(/^a\{/gm),
    ).toHaveLength(200);
    expect(await store.delete('a{i="3"}')).toBe(1);
    await store.upsert([...LAST, pointOf('b', 1)]);
    await expectSound(replica, server.url);
    expect(await store.size()).toBe(200);
    // From there on it is deltas again.
    const { deltas } = reader.cacheStats();
    await store.upsert(pointOf('b', 2, 2));
    await expectSound(replica, server.url);
    expect(reader.cacheStats().deltas).toBe(deltas + 1);
  });

  it('a change in the middle of the log is missing: every reader reads everything', async () => {
    const replica = await filled();
    await replica.store.upsert(manyPoints('b', 1, 1));
    await replica.store.upsert(manyPoints('c', 1, 1));
    const cursor = await replica.store.snapshotCursor();
    server.cli('xdel', 'd:{0}:log', '202-0');
    await replica.store.upsert(manyPoints('d', 1, 1));
    await expectSound(replica, server.url);
    expect((await replica.store.snapshotDelta(cursor)).events).toHaveLength(1);
  });
});

describe('what is foreign in a data set', () => {
  let server: RedisServer;
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());
  beforeEach(() => void server?.cli('flushall'));

  it.each(['x', 'nan', 'inf', '-1', '1e3'])('a fence of %s counts as none', async (fence) => {
    const { store } = await openReplica(server.url, OPTIONS);
    await store.upsert(LAST);
    server.cli('hset', 'd:{0}:state', 'fence', fence);
    server.cli('hset', 'd:{meta}', 'fence', fence);
    const leased = await openReplica(server.url, { ...OPTIONS, writerLease: 60_000 });
    await leased.store.upsert(pointOf('b', 1));
    expect((await failureOf(store.upsert(LAST))).code).toBe('store_fenced');
    await leased.store.close();
    expect(await store.upsert(LAST)).toMatchObject({ unchanged: 3 });
  });

  it.each([
    ['l0', 'nan'],
    ['l0', 'x'],
    ['d0', 'NAME:nan'],
    ['d0', 'NAME:x'],
  ])('a mark %s of %s is no reason to keep what is over', async (field, text) => {
    const { store } = await openReplica(server.url, { ...OPTIONS, buckets: 1 });
    await store.upsert(manyPoints('a', 10, 1, 0));
    await store.gc(10);
    const [name] = server.cli('hget', 'd:{0}:marks', 'd0').split(':');
    server.cli('hdel', 'd:{0}:marks', 'd0');
    server.cli('hset', 'd:{0}:marks', field, text.replace('NAME', name!));
    expect(await store.gc(100_000)).toBe(10);
  });

  it('the log is removed after a cursor from before any write: it does not hide writes', async () => {
    const { store } = await openReplica(server.url, OPTIONS);
    let cursor = await store.snapshotCursor();
    await store.upsert(LAST);
    server.cli('del', 'd:{0}:log');
    let delta = await store.snapshotDelta(cursor);
    while (delta.more === true) {
      cursor = delta.nextCursor;
      delta = await store.snapshotDelta(cursor);
    }
    expect(delta.reset).toBe(true);
  });

  it('lines of writers and counts of another form are left out', async () => {
    const { store } = await openReplica(server.url, { ...OPTIONS, writer: 'w' });
    await store.upsert(pointOf('a', 1, 5));
    const writers = 'x\ny 5 6\nb 0x10\nc 1e9\nd 7\n8';
    const counts = `older ${'9'.repeat(30)}\nfoo 3`;
    server.cli('hset', 'd:{meta}', 'writers', writers, 'unwritten', counts);
    expect(await store.lastWrites()).toEqual([{ writer: 'd', at: 7 }]);
    expect(store.writeStats().older).toBe(0);
    await store.upsert(pointOf('a', 2, 1));
    expect(store.writeStats().older).toBe(1);
  });
});

describe('a memory that is full', () => {
  it('does not keep series from being ended, whatever is lost or leased', async () => {
    const server = await startRedis();
    try {
      const options = { ...OPTIONS, retention: 100, writerLease: 150 };
      const { store } = await openReplica(server.url, options);
      await store.upsert(manyPoints('a', 100, 1, 0));
      server.cli('config', 'set', 'maxmemory', '1');
      server.cli('del', 'd:{0}:state', 'd:{meta}', 'd:{meta}:lease');
      expect((await failureOf(store.upsert(LAST))).code).toBe('store_full');
      expect(await store.delete('a{i="1"}')).toBe(1);
      expect(await store.delete({ labels: { i: '2' } })).toBe(1);
      expect(await store.gc(1_000)).toBe(98);
      expect(await store.healthy()).toBe(false);
      server.cli('config', 'set', 'maxmemory', '0');
      await store.upsert(LAST);
      expect(await store.size()).toBe(3);
    } finally {
      await server.stop();
    }
  });
});

describe('a right that is missing', () => {
  let server: RedisServer;
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());

  it.each([
    ['hset', 'upsert'],
    ['xadd', 'upsert'],
    ['hdel', 'upsert'],
    ['unlink', 'upsert'],
    ['xrevrange', 'upsert'],
    ['hmget', 'upsert'],
    ['hset', 'delete'],
    ['xadd', 'delete'],
    ['hdel', 'gc'],
    ['hscan', 'gc'],
  ] as const)(
    '%s fails %s before anything is changed, and is reported at open',
    async (command, write) => {
      server.cli('flushall');
      const owner = await openReplica(server.url, OPTIONS);
      await owner.store.upsert(manyPoints('a', 200, 1));
      await owner.refreshed();
      server.cli('acl', 'setuser', 'lacking', 'reset', 'on', '>p', '~*', '+@all', `-${command}`);
      const url = `redis://lacking:p@127.0.0.1:${server.port}`;
      const errors: SnapscrapeError[] = [];
      const lacking = await openReplica(url, {
        ...OPTIONS,
        onError: (error) => errors.push(error),
      });
      const before = contentOf(server);
      const failure = await failureOf(WRITES[write](lacking));
      expect(failure.code).toBe('store_forbidden');
      expect(contentOf(server)).toEqual(before);
      expect(await lacking.store.healthy()).toBe(false);
      await until('it is reported', () => errors.some(({ code }) => code === 'store_forbidden'));
      // That of HMGET is Redis's own: it is not used within a script first.
      expect(`${errors[0]!.message} ${String(errors[0]!.cause)}`.toUpperCase()).toContain(
        command.toUpperCase(),
      );
      if (['hset', 'xadd', 'hdel', 'unlink'].includes(command)) {
        expect(failure.message).toContain(command.toUpperCase());
      }
      await WRITES[write](owner);
      await expectSound(owner, server.url);
    },
  );

  it.each(['get', 'set', 'exists', 'del'])('%s is reported if a lock takes it', async (command) => {
    server.cli('flushall');
    server.cli('acl', 'setuser', 'lacking', 'reset', 'on', '>p', '~*', '+@all', `-${command}`);
    const url = `redis://lacking:p@127.0.0.1:${server.port}`;
    for (const options of [{ writerLease: 1_000 }, { partitions: 3, maxSeries: 9 }]) {
      const errors: SnapscrapeError[] = [];
      const onError = (error: SnapscrapeError) => errors.push(error);
      const { store } = await openReplica(url, { ...OPTIONS, ...options, onError });
      expect(await store.healthy()).toBe(false);
      await until('it is reported', () => errors.length > 0);
      expect(errors[0]!.message).toContain(command.toUpperCase());
      await store.close();
    }
    expect(await (await openReplica(url, OPTIONS)).store.healthy()).toBe(true);
  });

  it('to write at all is no fault of a store that only reads', async () => {
    server.cli('flushall');
    const owner = await openReplica(server.url, OPTIONS);
    await owner.store.upsert(manyPoints('a', 200, 1));
    const rights = [
      'eval',
      'evalsha',
      'hget',
      'hmget',
      'hlen',
      'hgetall',
      'hscan',
      'xrange',
      'xrevrange',
    ];
    const allowed = rights.map((name) => `+${name}`);
    server.cli('acl', 'setuser', 'reader', 'reset', 'on', '>p', '~d:*', ...allowed);
    const errors: SnapscrapeError[] = [];
    const reader = await openReplica(`redis://reader:p@127.0.0.1:${server.port}`, {
      ...OPTIONS,
      onError: (error) => errors.push(error),
    });
    expect(await reader.refreshed()).toBe(await owner.refreshed());
    expect((await failureOf(reader.store.upsert(LAST))).code).toBe('store_forbidden');
    // Of writes it tells the truth.
    expect(await reader.store.healthy()).toBe(false);
    expect(errors).toEqual([]);
  });
});

describe('a server whose commands have other names', () => {
  it.each([
    ['XADD', 'store_forbidden'],
    ['HDEL', 'store_forbidden'],
    ['UNLINK', 'store_forbidden'],
    ['XTRIM', undefined],
    ['HINCRBY', undefined],
    ['INFO', undefined],
    ['KEYS', undefined],
  ])('%s: %s', async (command, code) => {
    const server = await startRedis([['rename-command', `${command} ""`]]);
    try {
      const replica = await openReplica(server.url, { ...OPTIONS, changeLogSize: 10 });
      for (let round = 1; round < 4; round++) {
        const writing = replica.store.upsert(manyPoints('a', 100, round, round));
        if (code === undefined) await writing;
        else expect((await failureOf(writing)).code).toBe(code);
      }
      expect(await replica.store.healthy()).toBe(code === undefined);
      const series = code === undefined ? 100 : 0;
      expect(await replica.store.size()).toBe(series);
      expect((await replica.refreshed()).match(/^a\{/gm) ?? []).toHaveLength(series);
      await replica.store.close();
    } finally {
      await server.stop();
    }
  });
});
