import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LmdbStore } from './lmdb-store.ts';

// What the file system says to a hard link, if it does not make one.
let linkFailure: string | undefined;
// What another process does just before a file is renamed.
let beforeRename: (() => void) | undefined;
vi.mock('node:fs', async (load) => {
  const real = await load<typeof fs>();
  const linkSync: typeof fs.linkSync = (from, to) => {
    if (linkFailure === undefined) return real.linkSync(from, to);
    throw Object.assign(new Error(linkFailure), { code: linkFailure });
  };
  const renameSync: typeof fs.renameSync = (from, to) => {
    beforeRename?.();
    real.renameSync(from, to);
  };
  return { ...real, linkSync, renameSync };
});

const point = { name: 'a', labels: {}, value: 1 };

let path: string;
beforeEach(() => {
  path = fs.mkdtempSync(join(tmpdir(), 'snapscrape-store-files-'));
});
afterEach(() => {
  linkFailure = undefined;
  beforeRename = undefined;
  fs.rmSync(path, { recursive: true });
});

async function openAndWrite(): Promise<number> {
  const store = await LmdbStore.open(path);
  await store.upsert(point);
  const series = [...store.snapshot()].length;
  await store.close();
  return series;
}

describe('the files of a store', () => {
  it.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EMLINK'])(
    'are made where hard links fail with %s',
    async (failure) => {
      linkFailure = failure;
      expect(await openAndWrite()).toBe(1);
      expect(fs.readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb']);
      // An unfinished file is replaced in the same way, and a lock file is made again.
      fs.writeFileSync(join(path, 'data.mdb'), '');
      fs.rmSync(join(path, 'lock.mdb'));
      expect(await openAndWrite()).toBe(1);
      expect(fs.readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb']);
    },
  );

  it('are made though another process replaces an unfinished file at the same time', async () => {
    const data = join(path, 'data.mdb');
    fs.writeFileSync(data, '');
    beforeRename = () => fs.rmSync(data);
    expect(await openAndWrite()).toBe(1);
    const sound = fs.readFileSync(data);
    fs.writeFileSync(data, '');
    beforeRename = () => fs.writeFileSync(data, sound);
    const store = await LmdbStore.open(path);
    expect([...store.snapshot()]).toHaveLength(1);
    await store.close();
    expect(fs.readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb']);
  });

  it('that a killed process left half made are removed, and nothing else is', async () => {
    const old = ['data.mdb.new-a1B2c3', 'data.mdb.unfinished-x', 'lock.mdb.new-x', 'data.mdb.copy'];
    for (const name of old) fs.writeFileSync(join(path, name), 'x');
    fs.rmSync(join(path, old[0]!));
    fs.mkdirSync(join(path, old[0]!));
    fs.writeFileSync(join(path, old[0]!, 'data.mdb'), 'x');
    const hourAgo = Date.now() / 1_000 - 3_600;
    for (const name of old) fs.utimesSync(join(path, name), hourAgo, hourAgo);
    fs.mkdirSync(join(path, 'data.mdb.new-young'));
    await openAndWrite();
    const left = ['data.mdb', 'data.mdb.copy', 'data.mdb.new-young', 'lock.mdb'];
    expect(fs.readdirSync(path).sort()).toEqual(left);
  });
});

it('a machine with another layout of files is refused', async () => {
  const arch = Object.getOwnPropertyDescriptor(process, 'arch')!;
  Object.defineProperty(process, 'arch', { ...arch, value: 'arm' });
  try {
    await expect(LmdbStore.open(path)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('64-bit'),
    });
  } finally {
    Object.defineProperty(process, 'arch', arch);
  }
});
