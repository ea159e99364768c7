import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
    const limited = await openStore({ maxSeries: 10_000, retention: 10 });
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
