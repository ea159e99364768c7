import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader, type SnapshotPoint } from '../../../src/index.ts';
import { READ } from '../../../src/stores/redis/read-scripts.ts';
import { RedisCalls } from '../../../src/stores/redis/redis-calls.ts';
import { DeltaFollower, manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { bareHandler, pageOf } from '../../support/page.ts';
import { type RedisServer, startRedis, startRedisCluster } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';

const JOB = { job: 'batch' };

skipWithoutRedis();

describe('groups in Redis', () => {
  let server: RedisServer;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      server = await startRedis();
    }),
  );
  afterAll(() => server?.stop());
  beforeEach(() => void server?.cli('flushall'));

  it('are never seen in part, by frames of many reads and by deltas of many batches', async () => {
    const writer = await openStore(server.url, { changeLogSize: 1_000_000 });
    const frames = await openStore(server.url);
    const deltas = await openStore(server.url, { deltaBatchSize: 700 });
    await writer.upsert(manyPoints('other', 3_000, 1));
    await writer.replace(JOB, roundOf(0));
    let isWriting = true;
    const follower = await DeltaFollower.begin(deltas);
    const write = async (): Promise<void> => {
      for (let round = 1; round <= 25; round++) await writer.replace(JOB, roundOf(round));
      isWriting = false;
    };
    let read = 0;
    const readFrames = async (): Promise<void> => {
      while (isWriting) {
        const values = [...(await stateOf(frames))].map(([id, { value }]) => [id, value] as const);
        assertOneRound(values.filter(([id]) => id.startsWith('job')));
        read++;
      }
    };
    const readDeltas = async (): Promise<void> => {
      for (let isLast = false; !isLast; read++) {
        isLast = !isWriting;
        const values = [...(await follower.catchUp())].map(
          ([id, { value }]) => [id, value] as const,
        );
        assertOneRound(values.filter(([id]) => id.startsWith('job')));
      }
    };
    await Promise.all([write(), readFrames(), readDeltas()]);
    expect(read).toBeGreaterThan(4);
    expect(await follower.catchUp()).toEqual(await stateOf(frames));
    expect([follower.resets, follower.batches > 25]).toEqual([0, true]);
  });

  it('have the metadata of the same commit in each frame', async () => {
    const writer = await openStore(server.url);
    const reader = createCachedSnapshotReader(await openStore(server.url), {
      mode: 'full',
      refreshInterval: 2_000_000_000,
    });
    const replace = (name: string): Promise<unknown> =>
      writer.replace(JOB, [pointOf(name, 1)], { families: [{ name, type: 'counter' }] });
    await replace('before_total');
    await reader.refresh();
    // The reader has asked which metadata there is, and not yet for points.
    // oxlint-disable-next-line typescript/unbound-method -- called with its object below
    const run = RedisCalls.prototype.run;
    const spy = vi.spyOn(RedisCalls.prototype, 'run').mockImplementation(async function (
      this: RedisCalls,
      ...args
    ) {
      if (args[1] === READ) {
        spy.mockRestore();
        await replace('after_total');
      }
      return run.apply(this, args);
    });
    await reader.refresh();
    const page = await pageOf(bareHandler(reader));
    expect(page).toContain('# TYPE after_total counter\nafter_total 1');
    reader.close();
  });

  it('leave nothing behind when they end, of all kinds of values', async () => {
    const store = await openStore(server.url, { retention: 10, now: () => 1_000 });
    const points: SnapshotPoint[] = [
      pointOf('a', 1),
      { ...pointOf('b', 1), timestamp: 5 },
      { ...pointOf('h', 1), value: { count: 1, sum: 2, buckets: [[Infinity, 1]] } },
    ];
    await store.replace(JOB, points, { meta: 'a "b"\n' });
    // They are exempt from retention.
    expect(await store.gc()).toBe(0);
    expect(await store.upsert(pointOf('a', 2, 2_000))).toMatchObject({ refused: 1 });
    await store.replace(JOB, [{ ...points[2]!, value: 4 }, points[0]!, points[1]!]);
    expect(await store.delete(['h', 'a'])).toBe(2);
    expect([...(await store.groups())]).toMatchObject([{ labels: JOB, series: 1 }]);
    expect(await store.upsert(pointOf('a', 2, 2_000))).toMatchObject({ added: 1 });
    expect(await store.endGroup(JOB)).toBe(true);
    expect(await store.delete('a')).toBe(1);
    const state = JSON.parse(server.cli('--json', 'hgetall', 'snapscrape:{0}:state'));
    expect(state).toMatchObject({ series: '0', bytes: '0' });
    expect(server.cli('keys', '*group*')).toBe('');
  });

  it('need one partition, and say so before anything is written', async () => {
    const store = await openStore(server.url, { partitions: 3 });
    await expect(store.replace(JOB, [pointOf('a', 1)])).rejects.toMatchObject({
      code: 'invalid_options',
      message: /partitions: 1/,
    });
    await store.upsert(pointOf('a', 1));
    await expect(store.endGroup(JOB)).rejects.toMatchObject({ code: 'invalid_options' });
    expect([...(await store.groups())]).toEqual([]);
  });

  it('work in a cluster over one partition', async () => {
    const cluster = await startRedisCluster();
    try {
      const store = await openStore(cluster.url, { partitions: 1 });
      const families = [{ name: 'a', type: 'counter' as const }];
      await store.replace(JOB, manyPoints('a', 3_000, 1), { families });
      expect(await store.replace(JOB, manyPoints('a', 10, 2))).toMatchObject({ ended: 2_990 });
      expect((await store.families()).map(({ name }) => name)).toEqual(['a']);
      expect(await store.delete('a{i="3"}')).toBe(1);
      expect(await store.endGroup(JOB)).toBe(true);
      expect(await store.size()).toBe(0);
      await store.close();
    } finally {
      await cluster.stop();
    }
  });
});

/** Another number of series in each round; each has the round as its value. */
function roundOf(round: number): SnapshotPoint[] {
  return manyPoints('job', 1_500 + 100 * (round % 7), round, round);
}

function assertOneRound(values: readonly (readonly [string, unknown])[]): void {
  const rounds = new Set(values.map(([, value]) => value));
  expect(rounds.size).toBe(1);
  const [round] = rounds;
  expect(values.length).toBe(roundOf(round as number).length);
}
