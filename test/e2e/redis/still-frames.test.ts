import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader, type MetricPoint } from '../../../src/index.ts';
import { hashOf, partitionOf } from '../../../src/stores/redis/layout.ts';
import { RedisCalls } from '../../../src/stores/redis/redis-calls.ts';
import { manyPoints, pointOf, stateOf } from '../../../src/testing/case-run.ts';
import { type RedisServer, startRedis } from '../../support/redis-servers.ts';
import { closeStoresAfterEach, failureOf, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';

const servers: RedisServer[] = [];

async function newServer(): Promise<RedisServer> {
  const server = await startRedis();
  servers.push(server);
  return server;
}

skipWithoutRedis();
closeStoresAfterEach();
afterEach(async () => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) await server.stop();
});

/**
 * Does something before one of the calls that a snapshot makes, counted from 0 on, or before each.
 */
function beforeSnapshotCall(
  nth: number | 'each',
  interrupt: () => Promise<void> | void,
): () => number {
  let calls = 0;
  for (const name of ['run', 'read'] as const) {
    const original = RedisCalls.prototype[name] as (...args: unknown[]) => Promise<unknown>;
    vi.spyOn(RedisCalls.prototype, name).mockImplementation(async function (
      this: RedisCalls,
      ...args: unknown[]
    ) {
      const isDue = args[0] === 'snapshot' && (calls++ === nth || nth === 'each');
      if (isDue) await interrupt();
      return original.apply(this, args);
    });
  }
  return () => calls;
}

/** Twenty series of one partition: one call writes them, in one script. */
function groupOf(partitions: number, value: number): MetricPoint[] {
  const points = manyPoints('group', 400, value, value).filter(({ labels }) => {
    const id = `group{i="${(labels as { i: string }).i}"}`;
    return partitionOf(hashOf(id), { partitions, buckets: 1 }) === partitions - 1;
  });
  return points.slice(0, 20);
}

describe('a full read while others write', () => {
  it.each([
    { partitions: 1, mode: 'full' },
    { partitions: 3, mode: 'incremental' },
  ] as const)(
    'shows each group as one script wrote it ($partitions partitions, $mode)',
    async ({ partitions, mode }) => {
      const server = await newServer();
      const options = { partitions, buckets: 256 };
      const store = await openStore(server.url, options);
      const writer = await openStore(server.url, options);
      await store.upsert(manyPoints('filler', 6_000, 1));
      let round = 1;
      await writer.upsert(groupOf(partitions, round));
      let isOver = false;
      const writing = (async () => {
        while (!isOver) await writer.upsert(groupOf(partitions, ++round));
      })();
      const seen = new Set<string>();
      for (let i = 0; i < 25; i++) {
        const reader = createCachedSnapshotReader(store, { mode });
        const values = new Set<number>();
        let size = 0;
        for (const { name, value } of await reader.snapshot()) {
          if (name !== 'group') continue;
          values.add(value as number);
          size++;
        }
        reader.close();
        expect(size).toBe(20);
        expect([...values], `refresh ${i}`).toHaveLength(1);
        seen.add(String([...values]));
      }
      isOver = true;
      await writing;
      // Otherwise nothing was written beside the reads.
      expect(seen.size).toBeGreaterThan(5);
    },
  );

  it('has what began, changed and ended meanwhile, and the cursor of exactly that', async () => {
    const server = await newServer();
    const options = { partitions: 2, buckets: 64 };
    const store = await openStore(server.url, options);
    const other = await openStore(server.url, options);
    await store.upsert(manyPoints('a', 3_000, 1, 10));
    for (let nth = 1; nth < 14; nth++) {
      const calls = beforeSnapshotCall(nth, async () => {
        await other.upsert([...manyPoints('a', 40, nth, 10 + nth), pointOf(`new_${nth}`, 1)]);
        // It begins again with an older time than it had.
        await other.delete('a{i="7"}');
        await other.upsert(pointOf('a', 7, nth % 2, { i: '7' }));
        await other.delete(`a{i="${100 + nth}"}`);
      });
      const points = store.snapshot();
      const state = new Map<string, number>();
      for await (const { name, labels, value } of points) {
        const id = `${name}${JSON.stringify(labels)}`;
        expect(state.has(id), id).toBe(false);
        state.set(id, value as number);
      }
      const { cursor } = points;
      expect(calls()).toBeGreaterThan(6);
      vi.restoreAllMocks();
      const after = await store.snapshotDelta(cursor!);
      expect(after.reset ?? false).toBe(false);
      // An interruption behind the last call interrupts nothing.
      if (calls() > nth && (await store.snapshotCursor()) === cursor) {
        expect(state.size).toBe((await stateOf(store)).size);
        expect(state.get('a{"i":"7"}')).toBe(7);
        expect(state.has(`a{"i":"${100 + nth}"}`)).toBe(false);
      }
    }
  });

  it.each([
    { what: 'nothing', writes: 0 },
    { what: 'other series', writes: 1 },
  ])('never mixes two histories: FLUSHALL at any moment, then $what', async ({ writes }) => {
    const server = await newServer();
    const options = { partitions: 3, buckets: 48 };
    const store = await openStore(server.url, options);
    const writer = await openStore(server.url, options);
    let isInterrupted = true;
    for (let nth = 0; isInterrupted; nth++) {
      server.cli('flushall');
      await writer.upsert(manyPoints('old', 6_000, 1));
      const calls = beforeSnapshotCall(nth, async () => {
        server.cli('flushall');
        if (writes > 0) await writer.upsert(manyPoints('new', 6_000, 1));
      });
      const ids = [...(await stateOf(store)).keys()];
      isInterrupted = calls() > nth;
      vi.restoreAllMocks();
      const old = ids.filter((id) => id.startsWith('old')).length;
      expect([0, 6_000], `at call ${nth}`).toContain(old);
      expect(ids.length - old, `at call ${nth}`).toBe(old > 0 ? 0 : 6_000 * writes);
    }
  });

  it('never mixes two histories: a backup comes back at any moment', async () => {
    const server = await newServer();
    const store = await openStore(server.url, { buckets: 8 });
    await store.upsert(manyPoints('a', 4_000, 1));
    server.cli('save');
    for (const nth of [2, 4, 6, 7, 8]) {
      await store.upsert(manyPoints('lost', 2_000, 1));
      const calls = beforeSnapshotCall(nth, async () => {
        server.signal('SIGKILL');
        await server.restart();
      });
      expect([4_000, 6_000], `at call ${nth}`).toContain((await stateOf(store)).size);
      expect(calls()).toBeGreaterThan(nth);
      vi.restoreAllMocks();
      await store.delete({ name: 'lost' });
    }
  });

  it('fails and says why when more changes than are remembered, each time', async () => {
    const server = await newServer();
    const options = { changeLogSize: 5, buckets: 8 };
    const store = await openStore(server.url, options);
    const writer = await openStore(server.url, options);
    await store.upsert(manyPoints('a', 4_000, 1));
    let round = 2;
    beforeSnapshotCall('each', async () => {
      await writer.upsert(manyPoints('a', 200, round, round++));
    });
    const failure = await failureOf(stateOf(store));
    expect(failure).toMatchObject({ code: 'store_unavailable', message: /changeLogSize/ });
    vi.restoreAllMocks();
    // Few series are read at one moment, so no log is needed.
    const few = await openStore(server.url, { ...options, keyPrefix: 'few:' });
    await few.upsert(manyPoints('a', 900, 1));
    beforeSnapshotCall(1, async () => void (await few.upsert(manyPoints('a', 200, 2, 2))));
    expect((await stateOf(few)).size).toBe(900);
  });

  it('ends when its signal is aborted, and when the store is closed', async () => {
    const server = await newServer();
    const store = await openStore(server.url, { buckets: 8 });
    await store.upsert(manyPoints('a', 4_000, 1));
    const controller = new AbortController();
    beforeSnapshotCall(4, () => controller.abort());
    const read = async (): Promise<void> => {
      for await (const _ of store.snapshot({ signal: controller.signal }));
    };
    expect((await failureOf(read())).code).toBe('aborted');
    vi.restoreAllMocks();
    // Closing waits for calls that are under way, this one among them.
    beforeSnapshotCall(4, () => void store.close());
    expect((await failureOf(stateOf(store))).code).toBe('closed');
  });
});
