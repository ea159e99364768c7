import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader } from '../../index.ts';
import { openEnvironment } from './environment.ts';
import { LmdbStore } from './lmdb-store.ts';
import type { LmdbStoreOptions } from './lmdb-store-options.ts';
import { PageFile } from './page-file.ts';

let path: string;
const opened: LmdbStore[] = [];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-transactions-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  for (const store of opened.splice(0)) await store.close();
  rmSync(path, { recursive: true });
});

async function openStore(options?: LmdbStoreOptions): Promise<LmdbStore> {
  const store = await LmdbStore.open(path, options);
  opened.push(store);
  return store;
}

const points = (count: number, value = 1) =>
  Array.from({ length: count }, (_, i) => ({
    name: 'm',
    labels: { i: `${i}` },
    value,
    updatedAt: value,
  }));

/** The number of the last transaction of the file. */
function lastTransaction(): number {
  const file = new PageFile(join(path, 'data.mdb'));
  const head = file.head();
  file.close();
  return head.kind === 'sound' ? head.meta.transaction : Number.NaN;
}

async function transactionsOf(work: () => Promise<unknown>): Promise<number> {
  const before = lastTransaction();
  await work();
  return lastTransaction() - before;
}

describe('a call of up to 500 series is one transaction, whatever the clock says', () => {
  beforeEach(() => {
    let now = 0;
    // Each look at the clock finds that a second is over.
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
  });

  it.each([1, 65, 300, 499, 500])('%i points', async (count) => {
    const store = await openStore();
    const ids = points(count).map(({ labels }) => `m{i="${labels.i}"}`);
    expect(await transactionsOf(() => store.upsert(points(count)))).toBe(1);
    expect(await transactionsOf(() => store.upsert(points(count, 2)))).toBe(1);
    expect(await transactionsOf(() => store.delete(ids))).toBe(1);
    expect(await transactionsOf(() => store.upsert(points(count)))).toBe(1);
    expect(await transactionsOf(() => store.delete({ name: 'm' }))).toBe(1);
    // A sweep by itself would be one more.
    const sweepInterval = 2 ** 31 - 1;
    const limited = await openStore({ maxSeries: 10_000, retention: 10, sweepInterval });
    expect(await transactionsOf(() => limited.upsert(points(count)))).toBe(1);
    expect(await transactionsOf(() => limited.gc(1_000))).toBe(1);
  });

  it('and a longer one is several', async () => {
    const store = await openStore();
    expect(await transactionsOf(() => store.upsert(points(2_000)))).toBeGreaterThan(1);
    expect(await transactionsOf(() => store.delete({ name: 'm' }))).toBeGreaterThan(1);
  });
});

describe('a clock that was set back', () => {
  it('makes no write older whose time the store itself supplies', async () => {
    let now = 1_000_000;
    const store = await openStore({ now: () => now });
    const point = { name: 'a', labels: {} };
    await store.upsert({ ...point, value: 1 });
    now = 500_000;
    expect(await store.upsert({ ...point, value: 2 })).toMatchObject({ changed: 1, older: 0 });
    const both = [
      { ...point, value: 3 },
      { ...point, value: 4 },
    ];
    expect(await store.upsert(both)).toMatchObject({ changed: 2, older: 0 });
    expect([...store.snapshot()]).toMatchObject([{ value: 4, updatedAt: 1_000_000 }]);
    // A time that the caller gave is compared as it is.
    expect(await store.upsert({ ...point, value: 5, updatedAt: now })).toMatchObject({ older: 1 });
    now = 2_000_000;
    await store.upsert({ ...point, value: 6 });
    expect([...store.snapshot()]).toMatchObject([{ value: 6, updatedAt: 2_000_000 }]);
  });
});

describe('a delta in several batches', () => {
  const MAX_BATCHES = 1_200;

  /** Follows a delta to its end, and writes to the store before each batch. */
  async function follow(
    store: LmdbStore,
    cursor: string,
    write: (batch: number) => Promise<unknown>,
  ): Promise<{ cursor: string; values: Map<string, number>; batches: number }> {
    const values = new Map<string, number>();
    for (let batch = 1; batch <= MAX_BATCHES; batch++) {
      const delta = store.snapshotDelta(cursor);
      await write(batch);
      for (const event of delta.events as Iterable<{
        point?: { labels: { i: string }; value: number };
      }>) {
        if (event.point !== undefined) values.set(event.point.labels.i, event.point.value);
      }
      cursor = delta.nextCursor;
      if (delta.more !== true) return { cursor, values, batches: batch };
    }
    throw new Error('it never ends');
  }

  it.each([20, 300])('of %i changes ends where it began to be read', async (deltaBatchSize) => {
    const [store, writer] = [await openStore({ deltaBatchSize }), await openStore()];
    const before = store.snapshotCursor();
    await store.upsert(points(1_000));
    const target = store.snapshotCursor();
    const first = await follow(store, before, (batch) => writer.upsert(points(400, batch + 1)));
    expect(first.cursor).toBe(target);
    expect(first.batches).toBe(Math.ceil(1_000 / deltaBatchSize));
    // All of it is of one moment, though what was written since is of the same series.
    expect([first.values.size, ...new Set(first.values.values())]).toEqual([1_000, 1]);
    const second = await follow(store, first.cursor, async () => undefined);
    expect(second.cursor).toBe(store.snapshotCursor());
    const state = new Map([...first.values, ...second.values]);
    const now = new Map([...store.snapshot()].map(({ labels, value }) => [labels!.i!, value]));
    expect(state).toEqual(now);
  });

  it('goes on without its frame, in another store or much later', async () => {
    const options = { deltaBatchSize: 100, maxReadTime: 50 };
    const stores = [await openStore(options), await openStore(options)];
    let cursor = stores[0]!.snapshotCursor();
    await stores[0]!.upsert(points(1_000));
    const values = new Map<string, number>();
    for (let batch = 0, more = true; more; batch++) {
      const delta = stores[batch % 2]!.snapshotDelta(cursor);
      for (const { point } of delta.events as Iterable<{
        point: { labels: { i: string }; value: number };
      }>) {
        values.set(point.labels.i, point.value);
      }
      cursor = delta.nextCursor;
      more = delta.more === true;
      if (batch < 3) await stores[0]!.upsert(points(200, batch + 2));
      if (batch === 5) await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const now = [...stores[0]!.snapshot()].map(({ labels, value }) => [labels!.i!, value] as const);
    expect(values).toEqual(new Map(now));
  });

  it('that is given up does not keep the file for long', async () => {
    const store = await openStore({ deltaBatchSize: 10, changeLogSize: 5_000 });
    const before = store.snapshotCursor();
    await store.upsert(points(1_000));
    for (let i = 0; i < 200; i++) {
      const delta = store.snapshotDelta(`${before.slice(0, -1)}${i}`);
      expect(delta.more).toBe(true);
    }
    const { root } = await openEnvironment(path);
    // One line each, under a headline.
    expect(root.readerList().trim().split('\n').length).toBeLessThan(12);
    await store.close();
    await root.close();
  });
});

describe('metadata of families', () => {
  const families = (count: number, help: string) =>
    Array.from({ length: count }, (_, i) => ({ name: `m_${i}`, type: 'gauge' as const, help }));

  it('is read in steps, and again only after it was written', async () => {
    const [store, other] = [await openStore(), await openStore()];
    await store.setFamilies(families(3_000, 'a'));
    await store.upsert(points(1));
    const parse = vi.spyOn(JSON, 'parse');
    const reader = createCachedSnapshotReader(store, { refreshInterval: 0, sliceBudget: 5 });
    const first = store.families();
    expect(parse).toHaveBeenCalledTimes(0);
    expect([...first]).toHaveLength(3_000);
    expect(parse).toHaveBeenCalledTimes(3_000);
    expect(store.families()).toBe(store.families());
    await reader.snapshot();
    for (let value = 2; value < 5; value++) {
      await store.upsert(points(1, value));
      await reader.snapshot();
    }
    expect(reader.cacheStats()).toMatchObject({ lastRefreshKind: 'delta', familyFaults: [] });
    expect(parse).toHaveBeenCalledTimes(3_000);
    // What another store writes, perhaps of another process, is seen.
    await other.setFamilies([{ name: 'm', type: 'gauge', help: 'b' }]);
    expect([...store.families()]).toContainEqual({ name: 'm', type: 'gauge', help: 'b' });
    await reader.snapshot();
    expect(await reader.families()).toContainEqual({ name: 'm', type: 'gauge', help: 'b' });
    reader.close();
  });

  it('takes no place for readers, however often it is iterated', async () => {
    const store = await openStore({ maxReaders: 4, maxReadTime: 1_000_000 });
    await store.setFamilies(families(300, 'a'));
    for (let value = 1; value < 10; value++) {
      store.families();
      await store.upsert(points(1, value));
    }
    const all = store.families();
    await store.setFamilies([{ name: 'm', type: 'gauge', help: 'b' }]);
    // It is of the state when it was asked for.
    for (let i = 0; i < 5; i++) {
      expect([...all]).toHaveLength(300);
      for (const _ of all) break;
    }
    expect([...store.families()]).toHaveLength(301);
    expect([...store.snapshot()]).toHaveLength(1);
  });
});

it('counts that were damaged in the file fail neither reads nor writes', async () => {
  const bad = { name: '', labels: {}, value: 1 };
  const store = await openStore({ writer: 'a' });
  await store.upsert([bad, ...points(1)]);
  const { root, writers } = await openEnvironment(path);
  for (const text of ['{[', '5', 'null', '[7,["invalid_name","9"],["invalid_name",-1]]']) {
    await root.transaction(() => {
      writers.putSync('#', Buffer.from(text));
      writers.putSync('.b', Buffer.from('x'));
    });
    expect(store.writeStats().rejected.invalid_name).toBe(0);
    expect(store.lastWrites().map(({ writer }) => writer)).toEqual(['a']);
    await store.upsert([bad, ...points(1)]);
    expect(store.writeStats().rejected.invalid_name).toBe(1);
  }
  await root.close();
});
