import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SnapscrapeError } from '../../../src/index.ts';
import { manyPoints, stateOf } from '../../../src/testing/case-run.ts';
import { startWatchedRedis, type WatchedRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, openReplica, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis, whereRedisIs } from '../../support/skip-without-redis.ts';
import { until } from '../../support/until.ts';

const SERIES = 400;
const FAILOVER_MS = 40_000;

skipWithoutRedis();

describe('a master that is killed in the middle of writes', () => {
  let watched: WatchedRedis;
  closeStoresAfterEach();
  beforeAll(
    whereRedisIs(async () => {
      watched = await startWatchedRedis();
    }),
  );
  afterAll(() => watched?.stop());

  it('is replaced; readers end with what the new master has, and nothing of what was lost', async () => {
    const writer = await openStore(watched.url, { timeout: 2_000 });
    const replica = await openReplica(watched.url, { timeout: 2_000 });
    const direct = await openReplica(watched.url, { timeout: 2_000 });
    await writer.upsert(manyPoints('a', SERIES, 0, 0));
    await replica.refreshed();

    // The last writes are acknowledged by a master that no replica follows any more: they will be
    // lost.
    const old = watched.master();
    const others = watched.servers.filter((server) => server !== old);
    for (const server of others) server.signal('SIGSTOP');
    // Otherwise the writes would wait for them in the buffers of their sockets.
    old.cli('client', 'kill', 'type', 'replica');
    let round = 1;
    for (; round <= 20; round++) await writer.upsert(manyPoints('a', SERIES, round, round));
    await writer.upsert(manyPoints('lost', 100, 1));
    expect(await replica.refreshed()).toContain('lost{i="99"} 1\n');
    const rounds = countWrites(writer, round);
    old.signal('SIGKILL');
    for (const server of others) server.signal('SIGCONT');

    await until('another is the master', () => watched.master() !== old, FAILOVER_MS);
    await untilAsync('a write succeeds again', () => rounds.hasSucceededSince(), FAILOVER_MS);
    await rounds.stop();

    // What was read by deltas over the failover is what is read anew, byte for byte.
    await untilAsync('the cache is refreshed', () => succeeds(replica.reader.refresh()));
    expect(await replica.refreshed()).toBe(await direct.refreshed());
    expect(replica.reader.cacheStats().fallbacksByReason.reset).toBeGreaterThan(0);
    const state = await stateOf(writer);
    expect([...state.keys()].filter((id) => id.startsWith('lost'))).toEqual([]);
    expect(await replica.page()).not.toContain('lost');
    expect(state.size).toBe(SERIES);
  });
});

/** Writes all the time, whatever happens; only coded errors may. */
function countWrites(
  writer: Awaited<ReturnType<typeof openStore>>,
  from: number,
): { hasSucceededSince(): Promise<boolean>; stop(): Promise<void> } {
  let failed = 0;
  let succeededAfterFailure = 0;
  let isStopped = false;
  const writing = (async (): Promise<void> => {
    for (let round = from; !isStopped; round++) {
      try {
        await writer.upsert(manyPoints('a', SERIES, round, round));
        if (failed > 0) succeededAfterFailure++;
      } catch (error) {
        expect(error).toBeInstanceOf(SnapscrapeError);
        expect((error as SnapscrapeError).code).toMatch(/^store_(unavailable|read_only)$/);
        failed++;
      }
    }
  })();
  return {
    hasSucceededSince: async () => succeededAfterFailure > 3,
    stop: async () => {
      isStopped = true;
      await writing;
    },
  };
}

async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

async function untilAsync(
  what: string,
  holds: () => Promise<boolean>,
  withinMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`It never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
