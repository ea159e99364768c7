import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, type MetricPoint } from '../../src/index.ts';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { bundleProgram } from '../support/bundle.ts';
import { LmdbWriters } from '../support/lmdb-writers.ts';
import { bareHandler, pageOf } from '../support/page.ts';

let path: string;
let writers: LmdbWriters;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-processes-'));
  writers = new LmdbWriters();
});
afterEach(async () => {
  await writers.end();
  rmSync(path, { recursive: true });
});

function point(name: string, value: number): MetricPoint {
  return { name, labels: {}, value };
}

describe('processes on one LMDB file', () => {
  it('two write, and a third one serves whole rounds of both by deltas', async () => {
    const store = await LmdbStore.open(path);
    const reader = createCachedSnapshotReader(store, { refreshInterval: 0 });
    const handler = bareHandler(reader);
    const [a, b] = [writers.start(path, 'a', 1), writers.start(path, 'b', 1)];
    await Promise.all([a.reached(1), b.reached(1)]);
    for (let page = 0; page < 50; page++) {
      const seen = [a.acknowledged, b.acknowledged];
      const text = await pageOf(handler);
      for (const [i, writer] of ['a', 'b'].entries()) {
        const lines = [...text.matchAll(new RegExp(`^own{.*writer="${writer}"} (\\d+)$`, 'gm'))];
        expect(lines).toHaveLength(40);
        const rounds = new Set(lines.map(([, round]) => Number(round)));
        expect(rounds.size, `a torn page: ${[...rounds].join()}`).toBe(1);
        expect(Math.max(...rounds)).toBeGreaterThanOrEqual(seen[i]!);
      }
      await Promise.all([a.reached(seen[0]! + 1), b.reached(seen[1]! + 1)]);
    }
    expect(reader.cacheStats()).toMatchObject({ lastRefreshKind: 'delta', fullRefreshes: 1 });
    reader.close();
    await store.close();
  });

  it('what one wrote and closed, another finds when it opens the file', async () => {
    const writer = writers.start(path, 'a', 1);
    await writer.reached(3);
    await writer.kill();
    const store = await LmdbStore.open(path);
    const values = new Set<number>();
    for (const { name, value } of store.snapshot()) if (name === 'own') values.add(value as number);
    expect(values.size).toBe(1);
    expect(Math.max(...values)).toBeGreaterThanOrEqual(writer.acknowledged);
    await store.close();
  });

  it('a newer layout is refused when the file is opened, and while it is open', async () => {
    const store = await LmdbStore.open(path);
    await store.upsert(point('a', 1));
    const newer = open({ path, noSubdir: false, maxDbs: 8 });
    const meta = newer.openDB<Buffer, string>({ name: 'meta', encoding: 'binary' });
    const state = Buffer.from(meta.get('state')!);
    const before = Buffer.from(state);
    state.writeDoubleLE(3, 0);
    await meta.put('state', state);
    const refused = { name: 'SnapscrapeError', code: 'store_schema_newer' };
    await expect(store.upsert(point('b', 1))).rejects.toMatchObject(refused);
    await expect(store.delete('a')).rejects.toMatchObject(refused);
    await expect(store.setFamilies([{ name: 'a', type: 'gauge' }])).rejects.toMatchObject(refused);
    expect(() => store.snapshotCursor()).toThrow(expect.objectContaining(refused));
    expect(() => [...store.snapshot()]).toThrow(expect.objectContaining(refused));
    expect(() => store.families()).toThrow(expect.objectContaining(refused));
    expect(await store.healthy()).toBe(false);
    await expect(LmdbStore.open(path)).rejects.toMatchObject(refused);
    // Nothing was written meanwhile.
    await meta.put('state', before);
    expect([...store.snapshot()].map(({ name }) => name)).toEqual(['a']);
    expect(store.families()).toEqual([]);
    await store.close();
    await newer.close();
  });

  it('a file that was replaced under an open store makes it unhealthy', async () => {
    const store = await LmdbStore.open(path);
    expect(await store.healthy()).toBe(true);
    renameSync(join(path, 'data.mdb'), join(path, 'data.old'));
    expect(await store.healthy()).toBe(false);
    await store.close();
  });

  it('have places for maxReaders snapshots, and then an error says so', async () => {
    const open: IterableIterator<unknown>[] = [];
    const read = async (store: LmdbStore): Promise<void> => {
      // Of another moment than the last one, so it takes a place of its own.
      await store.upsert(point('a', open.length));
      open.push(store.snapshot()[Symbol.iterator]() as IterableIterator<unknown>);
      open.at(-1)!.next();
    };
    // A process that was killed leaves its place, which is found when there is no other.
    const program = bundleProgram(join(import.meta.dirname, 'lmdb-reader.ts'));
    const store = await LmdbStore.open(path, { maxReaders: 12 });
    for (let i = 0; i < 300; i++) await store.upsert(point('a', i));
    for (const reader of [1, 2, 3].map(() => spawn(process.execPath, [program.path, path]))) {
      await once(reader.stdout, 'data');
      reader.kill('SIGKILL');
      await once(reader, 'close');
    }
    program.remove();
    const readAll = async (): Promise<void> => {
      while (open.length < 13) await read(store);
    };
    await expect(readAll()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(/too many readers.*raise maxReaders/),
    });
    expect(open.length).toBeGreaterThanOrEqual(11);
    expect(() => store.snapshotCursor()).toThrow(/maxReaders/);
    expect(await store.healthy()).toBe(false);
    for (const each of open) each.return?.();
    expect(await store.healthy()).toBe(true);
    await store.close();
    // The next that opens it while no other does may raise it.
    const next = await LmdbStore.open(path, { maxReaders: 200 });
    for (let i = 0; i < 150; i++) await read(next);
    await next.close();
  });

  it('stays as large as it became, however often it is written', async () => {
    const store = await LmdbStore.open(path, { changeLogSize: 100 });
    for (let round = 1; round <= 30; round++) await rewrite(store, round);
    const { fileBytes } = await store.stats();
    for (let round = 31; round <= 150; round++) await rewrite(store, round);
    expect((await store.stats()).fileBytes).toBeLessThanOrEqual(fileBytes * 1.5);
    expect((await store.stats()).changes).toBeLessThan(1_200);
    await store.close();
  });

  it('does not keep for ever what a reader saw that was killed', async () => {
    const store = await LmdbStore.open(path, { changeLogSize: 100 });
    await rewrite(store, 1);
    const program = bundleProgram(join(import.meta.dirname, 'lmdb-reader.ts'));
    const reader = spawn(process.execPath, [program.path, path]);
    await once(reader.stdout, 'data');
    reader.kill('SIGKILL');
    await once(reader, 'close');
    program.remove();
    for (let round = 2; round <= 300; round++) await rewrite(store, round);
    const { fileBytes } = await store.stats();
    for (let round = 301; round <= 400; round++) await rewrite(store, round);
    expect((await store.stats()).fileBytes).toBeLessThanOrEqual(fileBytes * 1.1);
    await store.close();
  });
});

it('without the package lmdb, opening fails with the remedy', async () => {
  const program = bundleProgram(join(import.meta.dirname, 'lmdb-reader.ts'));
  // Where no package is found.
  copyFileSync(program.path, join(path, 'program.mjs'));
  program.remove();
  const child = spawn(process.execPath, [join(path, 'program.mjs'), join(path, 'store')]);
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  await once(child, 'close');
  expect(errors).toContain('npm install lmdb');
  expect(errors).toContain("code: 'dependency_missing'");
});

async function rewrite(store: LmdbStore, round: number): Promise<void> {
  await store.upsert(
    Array.from({ length: 1_000 }, (_, i) => ({
      name: 'm',
      labels: { i: `${i}` },
      value: round,
      updatedAt: round,
    })),
  );
}
