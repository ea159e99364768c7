import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LmdbStore } from './lmdb-store.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-layout-'));
});
afterEach(() => rmSync(path, { recursive: true }));

/** Reads the layout of a file, and writes another one if it is given. */
async function layout(next?: number): Promise<number> {
  const root = open({ path, noSubdir: false, maxDbs: 12 });
  const meta = root.openDB<Buffer, string>({ name: 'meta', encoding: 'binary' });
  const state = Buffer.from(meta.get('state')!);
  const found = state.readDoubleLE(0);
  if (next !== undefined) {
    state.writeDoubleLE(next, 0);
    state.writeUInt32LE(crc32(state.subarray(0, -4)), state.length - 4);
    await meta.put('state', state);
  }
  await root.close();
  return found;
}

const NUMBERS = [1, Number.NaN, -0].map((value, i) => ({
  name: 'a',
  labels: { i: `${i}` },
  value,
  updatedAt: 1,
}));

describe('a file of layout 1', () => {
  beforeEach(async () => {
    const store = await LmdbStore.open(path);
    await store.upsert(NUMBERS);
    await store.close();
    expect(await layout(1)).toBe(2);
  });

  it('is verified as it is', async () => {
    expect(await LmdbStore.verify(path)).toEqual({ series: 3, faults: [] });
    expect(await layout()).toBe(1);
  });

  it('has layout 2 as soon as it is opened, with all that was in it', async () => {
    const store = await LmdbStore.open(path);
    expect([...store.snapshot()]).toEqual(NUMBERS);
    await store.close();
    expect(await layout()).toBe(2);
  });
});

describe('verify', () => {
  const point = { name: 'h', labels: {}, value: 1, timestamp: 5, updatedAt: 1 };

  it.each(['texts', 'members', 'owners', 'groups'])(
    'finds that a record of %s is gone',
    async (name) => {
      const store = await LmdbStore.open(path);
      await store.replace({ job: 'a' }, [point]);
      await store.close();
      expect(await LmdbStore.verify(path)).toEqual({ series: 1, faults: [] });
      const root = open({ path, noSubdir: false, maxDbs: 12 });
      await root.openDB({ name, encoding: 'binary' }).clearAsync();
      await root.close();
      const { faults } = await LmdbStore.verify(path);
      expect(faults).not.toEqual([]);
      // What is left can be read, and written again.
      const left = await LmdbStore.open(path);
      expect([...left.snapshot()].length).toBe(name === 'texts' ? 0 : 1);
      await left.delete('h');
      expect(await left.upsert(point)).toMatchObject({ added: 1 });
      await left.close();
    },
  );
});
