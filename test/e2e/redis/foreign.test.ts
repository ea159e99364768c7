import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RedisStore } from '../../../src/stores/redis/index.ts';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openReplica, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

/** Fields of buckets that are no samples, and the reason that each is refused for. */
const FOREIGN = [
  ['', '1 1', 'invalid_name'],
  ['foreign', '', 'invalid_updated_at'],
  ['foreign', 'text', 'invalid_updated_at'],
  ['not a name', '1 1', 'invalid_name'],
  ['line\nfeed', '1 1', 'invalid_name'],
  ['a{x="line\nfeed"}', '1 1', 'invalid_labels'],
  ['9a{x="1"}', '1 1', 'invalid_name'],
  ['a{x="1"', '1 1', 'invalid_labels'],
  ['a{x="1"} ', '1 1', 'invalid_labels'],
  ['a{x="1"}}', '1 1', 'invalid_labels'],
  ['a{x="1",}', '1 1', 'invalid_labels'],
  ['a{}', '1 1', 'invalid_labels'],
  ['a{x=""}', '1 1', 'invalid_labels'],
  ['a{y="1",x="1"}', '1 1', 'invalid_labels'],
  ['a{x="1",x="2"}', '1 1', 'invalid_labels'],
  ['a{__name__="b"}', '1 1', 'invalid_labels'],
  ['a{x="\\q"}', '1 1', 'invalid_labels'],
  ['a{x="1"} # {', '1 1', 'invalid_labels'],
  ['b', '1700000000000 abc', 'invalid_value'],
  ['b', '0x10 0x20', 'invalid_updated_at'],
  ['b', '1 0x20', 'invalid_value'],
  ['b', '1 1 1 1', 'invalid_value'],
  ['b', '1  1', 'invalid_value'],
  ['b', ' 1 1', 'invalid_updated_at'],
  ['b', '1 1\n', 'invalid_value'],
  ['b', '1 ', 'invalid_value'],
  ['b', '1', 'invalid_updated_at'],
  ['b', '1\t1', 'invalid_updated_at'],
  ['b', '+1 1', 'invalid_updated_at'],
  ['b', '1e999 1', 'invalid_updated_at'],
  ['b', 'NaN 1', 'invalid_updated_at'],
  ['b', '1 nan', 'invalid_value'],
  ['b', '1 +Inf', 'invalid_value'],
  ['b', '1 1_000', 'invalid_value'],
  ['b', '1 １', 'invalid_value'],
  ['b', '1E5 1', 'invalid_updated_at'],
  ['b', '-.5 1', 'invalid_updated_at'],
  ['b', '1 1E5', 'invalid_value'],
  ['b', '1 -.5', 'invalid_value'],
  ['b', '1=', 'invalid_updated_at'],
  ['b', '1=text', 'invalid_value'],
  ['b', '1={count:1', 'invalid_value'],
  ['b', '=5', 'invalid_updated_at'],
  ['b', 'x=5 6', 'invalid_updated_at'],
] as const;

/** That each is refused for its reason, counted and listed, and nothing else is. */
function expectRefused(
  store: RedisStore,
  rows: readonly (readonly [string, string, string])[],
): void {
  const { rejected, lastRejected } = store.stats();
  const reasons = rows.map(([, , reason]) => reason).toSorted();
  expect(lastRejected.map(({ reason }) => reason).toSorted()).toEqual(reasons);
  const counted = Object.entries(rejected).flatMap(([reason, count]) =>
    Array.from({ length: count }, () => reason),
  );
  expect(counted.toSorted()).toEqual(reasons);
}

skipWithoutRedis();

describe('what others wrote into a data set', () => {
  let server: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());
  beforeEach(() => void server?.cli('flushall'));

  it('is refused one by one, counted and listed; the rest is served', async () => {
    const { store, refreshed } = await openReplica(server.url);
    await store.upsert(manyPoints('a', 300, 1));
    const sound = await refreshed();
    for (const [bucket, [field, text]] of FOREIGN.entries()) {
      server.cli('hset', `snapscrape:{0}:${bucket}`, field, text);
    }
    const other = await openReplica(server.url);
    expect(await other.refreshed()).toBe(sound);
    expectRefused(other.store, FOREIGN);
    expect((await stateOf(other.store)).size).toBe(300);
    // Neither calls that read nor those that write take offence.
    expect(await other.store.delete({ name: 'a', labels: { i: '5' } })).toBe(1);
    await other.store.upsert(pointOf('a', 2, 2, { i: '6' }));
    const swept = await openStore(server.url, { retention: 1, now: () => 10 });
    expect(await swept.gc()).toBeGreaterThanOrEqual(299);
    expect(await stateOf(swept)).toEqual(new Map());
  });

  it.each([300, 20_000])('is refused one by one among %i in two buckets', async (series) => {
    const { store, refreshed } = await openReplica(server.url, { buckets: 2 });
    await store.upsert(manyPoints('a', series, 1));
    const sound = await refreshed();
    const script = `
      for i = 1, 300 do redis.call('HSET', KEYS[1 + i % 2], 'foreign\\n' .. i, string.rep('x\\n', i)) end`;
    server.cli('eval', script, '2', 'snapscrape:{0}:0', 'snapscrape:{0}:1');
    const other = await openReplica(server.url);
    expect(await other.refreshed()).toBe(sound);
    const { rejected, lastRejected } = other.store.stats();
    expect(rejected.invalid_name).toBe(300);
    expect(lastRejected).toHaveLength(100);
  });

  it.each(['of its own', 'among many'])(
    'is refused in a change %s in the log too, and deltas come to what a snapshot has',
    async (how) => {
      // The last word on a series counts: those on `b` are each of another one.
      const all = FOREIGN.filter(([field]) => !field.includes('foreign')).map(
        ([field, ...rest], at) => [field === 'b' ? `b${at}` : field, ...rest] as const,
      );
      for (const rows of how === 'among many' ? [all] : [all.slice(0, 1), all.slice(-1)]) {
        const lost = rows.map(([field]) => field).filter((field) => /^b\d/.test(field));
        const before = 302 + lost.length;
        server.cli('flushall');
        const { store, reader, refreshed } = await openReplica(server.url);
        await store.upsert(manyPoints('a', 300, 1));
        await store.upsert(['b', ...lost].map((name) => pointOf(name, 1)));
        await refreshed();
        // As a version with a fault would write it: sample, log and state.
        server.cli('del', 'snapscrape:{0}:log');
        const entries = `
        redis.call('XADD', KEYS[1], ARGV[1] .. '-0', 't', 'before', 'b', '1 1')
        redis.call('HSET', KEYS[2], 'seq', ARGV[1])`;
        const keys = ['2', 'snapscrape:{0}:log', 'snapscrape:{0}:state'];
        server.cli('eval', entries, ...keys, `${before}`);
        await refreshed();
        const { deltas } = reader.cacheStats();
        const add = `
        redis.call('XADD', KEYS[1], ARGV[3] .. '-0', 't', 'other', 'a{i="7"}', '9 9', ARGV[1], ARGV[2], 'a{i="8"}', '9 9')
        redis.call('HSET', KEYS[2], 'seq', ARGV[3])`;
        for (const [at, [field, text]] of rows.entries()) {
          server.cli('eval', add, ...keys, field, text, `${before + 3 * (at + 1)}`);
        }
        const page = await refreshed();
        expect(page).toContain('a{i="7"} 9\n');
        expect(page).toContain('a{i="8"} 9\n');
        expect(page.match(/^a\{/gm)).toHaveLength(300);
        // A series whose sample cannot be read is in no snapshot either.
        expect(page.match(/^b.*$/gm)).toEqual(['b 1']);
        expect(reader.cacheStats().deltas).toBe(deltas + 1);
        expectRefused(store, rows);
      }
    },
  );

  it.each([
    ['bad', 'no JSON', 'not_a_point'],
    ['bad', '{"name":"other","type":"gauge"}', 'not_a_point'],
    ['bad', '{"name":"bad","type":"odd"}', 'not_a_point'],
    ['bad', 'null', 'not_a_point'],
    ['', '{"name":"","type":"gauge"}', 'invalid_name'],
    ['line\nfeed', '', 'not_a_point'],
  ] as const)(
    'metadata %j with %j is refused, counted and listed; the rest is served',
    async (field, text, reason) => {
      const store = await openStore(server.url);
      await store.upsert(manyPoints('a_total', 3, 1));
      await store.setFamilies([{ name: 'a_total', type: 'counter', help: 'Of all.' }]);
      server.cli('hset', 'snapscrape:{meta}:families', field, text);
      const { store: other, refreshed } = await openReplica(server.url);
      expect(await refreshed()).toContain('# TYPE a_total counter\n');
      expect(await other.families()).toEqual([
        { name: 'a_total', type: 'counter', help: 'Of all.' },
      ]);
      expect(other.stats().rejected[reason]).toBe(1);
      expect(other.stats().lastRejected).toMatchObject([{ reason, subject: /^metadata of "/ }]);
    },
  );

  it.each([
    ['partitions', '1000000000'],
    ['partitions', '1.5'],
    ['buckets', '1e9'],
    ['buckets', 'many'],
    ['buckets', '-4'],
    ['partitions', ''],
  ])('a layout with %s %j is reported, and takes no memory', async (field, text) => {
    const store = await openStore(server.url);
    await store.upsert(pointOf('a', 1));
    server.cli('hset', 'snapscrape:{meta}', field, text);
    const other = await openStore(server.url);
    await expect(other.snapshotCursor()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(stateOf(other)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(await other.healthy()).toBe(false);
  });
});
