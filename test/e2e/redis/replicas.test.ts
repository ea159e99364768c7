import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pointOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openReplica, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';
import { type RunningProcess, startProcess } from '../process.ts';

/**
 * How long the long test runs; a longer one finds rarer faults: `SNAPSCRAPE_REPLICAS_SECONDS=300`.
 */
const SECONDS = Number(process.env.SNAPSCRAPE_REPLICAS_SECONDS ?? 20);
const PREFIX = 'replicas:';

skipWithoutRedis();

describe('replicas over one data set', () => {
  let redis: RedisServer;
  const processes: RunningProcess[] = [];
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      redis = await startRedis();
    }),
  );
  afterAll(async () => {
    for (const process of processes) await process.stop();
    await redis?.stop();
  });

  it(
    'in processes of their own serve the same bytes for the same version while others write',
    async () => {
      const store = await openStore(redis.url, { keyPrefix: PREFIX });
      await store.upsert(pointsOf(0, 3_000, 0));
      const script = 'test/e2e/redis/replica-process.ts';
      const addresses: string[] = [];
      for (let i = 0; i < 2; i++) {
        const replica = startProcess('node', ['--import', 'tsx', script, redis.url, PREFIX]);
        processes.push(replica);
        const [, port] = await replica.printed(/listening at (\d+)/);
        addresses.push(`http://127.0.0.1:${port}`);
      }
      const end = performance.now() + SECONDS * 1000;
      const writing = write(store, end);
      const seen = [new Map<string, string>(), new Map<string, string>()];
      let samples = 0;
      while (performance.now() < end) {
        const sample = async (url: string, by: Map<string, string>): Promise<void> => {
          const response = await fetch(url);
          if (response.status !== 200) return;
          const { version, hash } = (await response.json()) as { version: string; hash: string };
          expect(by.get(version) ?? hash, `one replica at ${version}`).toBe(hash);
          by.set(version, hash);
          samples++;
        };
        await Promise.all(addresses.map((url, i) => sample(url, seen[i]!)));
        await setTimeout(5);
      }
      await writing;
      const [one, other] = seen as [Map<string, string>, Map<string, string>];
      const common = [...one.keys()].filter((version) => other.has(version));
      for (const version of common) {
        expect(other.get(version), `at ${version}`).toBe(one.get(version));
      }
      expect(samples).toBeGreaterThan(20 * SECONDS);
      expect(common.length, 'versions that both were seen at').toBeGreaterThan(SECONDS);
    },
    (SECONDS + 60) * 1000,
  );

  it('a snapshot that nobody wrote beside has the cursor of that state', async () => {
    const options = { keyPrefix: 'still:' };
    const [one, other] = [
      await openReplica(redis.url, options),
      await openReplica(redis.url, options),
    ];
    await one.store.upsert(pointsOf(0, 5_000, 0));
    await one.refreshed();
    await one.store.upsert(pointsOf(7, 50, 1));
    expect(await one.refreshed()).toBe(await other.refreshed());
    expect(one.reader.cacheStats().cursor).toBe(other.reader.cacheStats().cursor);
    expect(one.reader.cacheStats().cursor).toBe(await one.store.snapshotCursor());
  });
});

function pointsOf(first: number, count: number, round: number): ReturnType<typeof pointOf>[] {
  return Array.from({ length: count }, (_, i) => {
    const n = first + i;
    return pointOf(`family_${n % 5}`, n * 1000 + round, round, { n: `${n}`, text: 'a "b"\\' });
  });
}

async function write(store: Awaited<ReturnType<typeof openStore>>, end: number): Promise<void> {
  for (let round = 1; performance.now() < end; round++) {
    const first = (round * 37) % 2_500;
    await store.upsert(pointsOf(first, 20 + ((round * 13) % 400), round));
    if (round % 5 === 0) await store.delete({ labels: { n: `${first + 3}` } });
    if (round % 11 === 0) await store.upsert(pointsOf(5_000 + round, 3, round));
    // Readers come to the same place in the pauses, and to different ones in the rounds without.
    if (round % 3 === 0) await setTimeout(60);
  }
}
