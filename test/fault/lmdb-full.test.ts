import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { bundleProgram } from '../support/bundle.ts';
import { LmdbWriters } from '../support/lmdb-writers.ts';

let folder: string;
let writers: LmdbWriters;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapscrape-full-'));
  writers = new LmdbWriters();
});
afterAll(async () => {
  await writers.end();
  rmSync(folder, { recursive: true });
});

/** A small file system, if this process may make one; it ends with the test. */
function smallDisk(path: string, size = '8m'): { path: string; remove(): void } | undefined {
  try {
    mkdirSync(path);
    const options = ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path];
    execFileSync('mount', options, { stdio: 'ignore' });
    return { path, remove: () => execFileSync('umount', [path]) };
  } catch {
    return undefined;
  }
}

/** Fills a disk until only so many bytes are free. */
function fill(file: string, free: number): void {
  writeFileSync(file, '');
  const { bfree, bsize } = statfsSync(file);
  writeFileSync(file, Buffer.alloc(bfree * bsize - free));
}

function remade(file: string): string {
  rmSync(file);
  writeFileSync(file, '');
  return file;
}

function filler(batch: number): object[] {
  const pad = 'x'.repeat(200);
  return Array.from({ length: 500 }, (_, i) => ({
    name: 'filler',
    labels: { batch: `${batch}`, i: `${i}`, pad },
    value: batch,
    updatedAt: 1,
  }));
}

describe('a disk without room', () => {
  it('is store_full for the writer; what was acknowledged is there, and writes go on after room was made', async (context) => {
    const disk = smallDisk(join(folder, 'disk'));
    context.skip(disk === undefined, 'a small file system cannot be mounted here');
    const store = await LmdbStore.open(join(disk!.path, 'store'));
    const ballast = await LmdbStore.open(join(disk!.path, 'ballast'));
    try {
      await ballast.upsert([0, 1, 2, 3].flatMap(filler) as []);
      let batches = 0;
      const fill = async (): Promise<void> => {
        for (;;) {
          await store.upsert(filler(batches) as []);
          batches++;
        }
      };
      await expect(fill()).rejects.toMatchObject({ name: 'SnapscrapeError', code: 'store_full' });
      expect(batches).toBeGreaterThan(0);
      const found = new Map<string, number>();
      for (const { labels } of store.snapshot()) {
        found.set(labels.batch!, (found.get(labels.batch!) ?? 0) + 1);
      }
      for (let batch = 0; batch < batches; batch++) expect(found.get(`${batch}`)).toBe(500);
      expect(await store.healthy()).toBe(true);

      await ballast.close();
      rmSync(join(disk!.path, 'ballast'), { recursive: true });
      expect((await store.upsert(filler(9_999) as [])).added).toBe(500);
    } finally {
      await store.close();
      await ballast.close();
      disk!.remove();
    }
  });

  it('when a store is opened is store_full or enough, and nothing is left that is in the way', async (context) => {
    const disk = smallDisk(join(folder, 'opening'), '1m');
    context.skip(disk === undefined, 'a small file system cannot be mounted here');
    const { path } = disk!;
    const filler = join(path, 'filler');
    const opener = bundleProgram(join(import.meta.dirname, 'lmdb-opener.ts'));
    const states: Record<string, (store: string) => void> = {
      new: (store) => rmSync(store, { recursive: true }),
      empty: (store) => rmSync(join(store, 'data.mdb')),
      lockless: (store) => rmSync(join(store, 'lock.mdb')),
      // As LMDB makes it: without the blocks that were not yet used.
      sparse: (store) => truncateSync(remade(join(store, 'lock.mdb')), 8_272),
      whole: () => undefined,
    };
    try {
      for (const [name, prepare] of Object.entries(states)) {
        const store = join(path, 'store');
        const codes = new Set<string>();
        const isMade = name === 'new' || name === 'sparse';
        for (const room of isMade ? [0, 1, 2, 3, 5, 8, 12, 40] : [0, 3, 40]) {
          await (await LmdbStore.open(store)).close();
          prepare(store);
          fill(filler, room * 4_096);
          const { stdout, status, signal } = spawnSync(process.execPath, [opener.path, '', store], {
            encoding: 'utf8',
          });
          expect([name, room, status, signal]).toEqual([name, room, 0, null]);
          const { code = 'opened' } = JSON.parse(stdout) as { code?: string };
          codes.add(code);
          rmSync(filler);
          const again = await LmdbStore.open(store);
          expect((await again.upsert({ name: 'a', labels: {}, value: 1 })).added).toBe(1);
          await again.close();
          expect(readdirSync(store).sort()).toEqual(['data.mdb', 'lock.mdb']);
          rmSync(store, { recursive: true });
        }
        expect([name, [...codes]]).toEqual([name, ['store_full', 'opened']]);
      }
    } finally {
      opener.remove();
      disk!.remove();
    }
  });

  it('that limits files fails the write with a code, and loses nothing', async () => {
    const path = join(folder, 'limited');
    const first = await LmdbStore.open(path);
    await first.upsert(filler(0) as []);
    await first.close();
    // A file of 2 MB at most: series that come and go fill it.
    const writer = writers.start(path, 'limited', 1, 2_048);
    await writer.reached(1);
    const grower = await LmdbStore.open(path);
    for (let batch = 1; batch < 12; batch++) await grower.upsert(filler(batch) as []);
    await writer.reached(Number.POSITIVE_INFINITY);
    expect(writer.failure).toMatch(/^store_(full|unavailable)$/);
    const values = new Set<number>();
    let fillers = 0;
    for (const { name, value } of grower.snapshot()) {
      if (name === 'own') values.add(value as number);
      if (name === 'filler') fillers++;
    }
    expect(fillers).toBe(12 * 500);
    expect(values.size).toBe(1);
    expect(Math.max(...values)).toBeGreaterThanOrEqual(writer.acknowledged);
    await grower.close();
  });
});
