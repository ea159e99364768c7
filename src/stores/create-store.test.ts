import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createStore } from './create-store.ts';
import { LmdbStore } from './lmdb/lmdb-store.ts';
import { MemoryStore } from './memory-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'snapscrape-create-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('createStore', () => {
  it('opens the store in memory, with its options', async () => {
    const store = await createStore('memory:', { maxSeries: 0 });
    expect(store).toBeInstanceOf(MemoryStore);
    expect((await store.upsert({ name: 'a', labels: {}, value: 1 })).refused).toBe(1);
    await store.close();
  });

  it.each(['lmdb:', 'lmdb://'])(
    'opens the store in a folder from the root behind %s',
    async (scheme) => {
      const path = join(folder, 'a b%20');
      const first = await createStore(`${scheme}${path}`, { maxReadTime: 1_000 });
      expect(first).toBeInstanceOf(LmdbStore);
      await first.upsert({ name: 'a', labels: {}, value: 1 });
      await first.close();
      const same = await LmdbStore.open(path);
      expect([...same.snapshot()]).toHaveLength(1);
      await same.close();
    },
  );

  it.each(['', 'memory', 'http://user:secret@host/', 'secret', ':'])(
    'refuses %j without repeating it',
    async (url) => {
      const error = await createStore(url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'invalid_options' });
      expect((error as Error).message).not.toContain('secret');
      expect((error as Error).message).toContain('lmdb:');
    },
  );

  it.each(['lmdb://data', 'lmdb://', 'lmdb://./data', 'lmdb://host/data'])(
    'refuses %s, behind which neither a folder here nor one at the root is certain',
    async (url) => {
      const error = await createStore(url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'invalid_options' });
      expect((error as Error).message).toContain('lmdb:///data');
    },
  );

  it.each(['redis', 'rediss', 'redis-sentinel', 'redis-cluster'])(
    'leaves %s:// to the store for Redis, which says what is wrong with it',
    async (scheme) => {
      const error = await createStore(`${scheme}://user:secret@/`).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'invalid_options' });
      expect((error as Error).message).toMatch(/^RedisStore: /);
      expect((error as Error).message).not.toContain('secret');
    },
  );

  it.each(['memory:', `lmdb:${join(folder, 'c')}`, 'redis://127.0.0.1:1'])(
    'refuses options that %s does not have',
    async (url) => {
      const options = { maxSerie: 1 } as object;
      await expect(createStore(url, options)).rejects.toMatchObject({ code: 'invalid_options' });
    },
  );
});
