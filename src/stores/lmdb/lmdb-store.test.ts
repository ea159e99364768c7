import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asDocumented, documentedDefaults } from '../../../test/support/documented-defaults.ts';
import { until } from '../../../test/support/until.ts';
import { seriesId } from '../../model/series-id.ts';
import { trustedSeriesId } from '../../model/trusted-point.ts';
import { openEnvironment } from './environment.ts';
import { LmdbStore } from './lmdb-store.ts';
import { LMDB_STORE_DEFAULTS, type LmdbStoreOptions } from './lmdb-store-options.ts';

let path: string;
const opened: LmdbStore[] = [];
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-store-'));
});
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
  rmSync(path, { recursive: true });
});

async function openStore(options?: LmdbStoreOptions): Promise<LmdbStore> {
  const store = await LmdbStore.open(path, options);
  opened.push(store);
  return store;
}

const many = (count: number, value: number, name = 'm') =>
  Array.from({ length: count }, (_, i) => ({
    name,
    labels: { i: `${i}` },
    value,
    updatedAt: value,
  }));

describe('opening', () => {
  it('reports every bad option at once, and a path that is none', async () => {
    const bad = { retention: 0, maxReadTime: 0, maxSerie: 3 };
    const error = await openStore(bad as object).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid_options' });
    for (const name of Object.keys(bad)) expect((error as Error).message).toContain(name);
    await expect(LmdbStore.open('')).rejects.toMatchObject({ code: 'invalid_options' });
  });

  it('of a file that is none of ours is an error, and not the end of the process', async () => {
    const unavailable = { code: 'store_unavailable' };
    const file = join(path, 'data.mdb');
    for (const text of ['x', 'something else '.repeat(10_000)]) {
      writeFileSync(file, text);
      await expect(openStore()).rejects.toMatchObject(unavailable);
    }
    await expect(LmdbStore.open(file)).rejects.toMatchObject(unavailable);
    writeFileSync(file, '');
    expect(await (await openStore()).healthy()).toBe(true);
  });

  it('of a file that was cut short is an error that says so', async () => {
    const store = await openStore();
    await store.upsert(many(5_000, 1));
    await store.close();
    truncateSync(join(path, 'data.mdb'), 65_536);
    await expect(openStore()).rejects.toThrow(/was cut short/);
  });

  it('makes the folders that are missing', async () => {
    const deep = join(path, 'a', 'b');
    const store = await LmdbStore.open(deep);
    await store.upsert(many(1, 1));
    await store.close();
    expect(() => mkdirSync(deep)).toThrow('EEXIST');
  });

  it('has the defaults that its options say', () => {
    const file = new URL('./lmdb-store-options.ts', import.meta.url);
    const told = documentedDefaults(file, 'LmdbStoreOptions extends SharedStoreOptions');
    expect(told.size).toBeGreaterThanOrEqual(2);
    for (const [option, said] of told) {
      const value = LMDB_STORE_DEFAULTS[option as keyof typeof LMDB_STORE_DEFAULTS];
      expect(said.replaceAll('`', ''), option).toBe(asDocumented(value).replaceAll('`', ''));
    }
  });
});

describe('a snapshot', () => {
  it('is in series order, and its points carry their ids', async () => {
    const store = await openStore();
    await store.upsert([...many(500, 1, 'b'), ...many(500, 1, 'a'), ...many(500, 1, 'a_b')]);
    const ids = [...store.snapshot()].map((point) => trustedSeriesId(point)!);
    expect(ids).toHaveLength(1_500);
    expect(ids).toEqual([...ids].sort());
    expect(ids[0]).toBe(seriesId({ name: 'a_b', labels: { i: '0' } }));
  });

  it('is one still frame while writers go on between points', async () => {
    const [store, other] = [await openStore(), await openStore()];
    await store.upsert(many(3_000, 0));
    const values = new Set<number>();
    let seen = 0;
    for (const point of store.snapshot()) {
      values.add(point.value as number);
      if (seen++ % 300 !== 0) continue;
      await store.upsert(many(3_000, seen));
      await other.delete(`m{i="${3_000 - seen}"}`);
    }
    expect(seen).toBe(3_000);
    expect([...values]).toEqual([0]);
  });

  it('has the cursor of exactly the points of its latest iteration', async () => {
    const [store, other] = [await openStore(), await openStore()];
    await store.upsert(many(600, 0));
    const snapshot = store.snapshot();
    expect(snapshot.cursor).toBeUndefined();
    await other.upsert(many(700, 0));
    const before = store.snapshotCursor();
    let seen = 0;
    for (const _ of snapshot) if (seen++ % 300 === 0) await other.upsert(many(900, seen));
    expect([seen, snapshot.cursor]).toEqual([700, before]);
    expect([...snapshot]).toHaveLength(900);
    expect(snapshot.cursor).toBe(store.snapshotCursor());
  });

  it('that nobody reads to its end lets go of the file after maxReadTime', async () => {
    const store = await openStore({ maxReadTime: 200 });
    await store.upsert(many(1_000, 1));
    const delta = store.snapshotDelta(cursorBefore(store, 1_000));
    const walk = store.snapshot()[Symbol.iterator]();
    walk.next();
    let thrown: unknown;
    await until('it has expired', () => {
      try {
        walk.next();
      } catch (error) {
        thrown = error;
      }
      return thrown !== undefined;
    });
    expect(thrown).toMatchObject({ code: 'snapshot_expired' });
    // A batch of a delta is read at once, so it does not expire.
    expect([...(delta.events as Iterable<unknown>)]).toHaveLength(1_000);
    expect([...(await openStore()).snapshot()]).toHaveLength(1_000);
  });

  it('that is being read when the store closes fails with closed', async () => {
    const store = await openStore();
    await store.upsert(many(5_000, 1));
    const walk = store.snapshot()[Symbol.iterator]();
    const later = store.snapshot();
    const delta = store.snapshotDelta(cursorBefore(store, 1_000));
    walk.next();
    await store.close();
    const closed = expect.objectContaining({ code: 'closed' });
    // The points of the page that was read are there.
    expect(() => [...{ [Symbol.iterator]: () => walk }]).toThrow(closed);
    expect(() => [...later]).toThrow(closed);
    expect(() => store.snapshotDelta(delta.nextCursor)).toThrow(closed);
  });
});

function cursorBefore(store: LmdbStore, changes: number): string {
  const [epoch, sequence] = store.snapshotCursor().split(':');
  return `${epoch}:${Number(sequence) - changes}`;
}

describe('a large delta', () => {
  it('is of the moment when it was asked for, however late it is iterated', async () => {
    const store = await openStore();
    const cursor = store.snapshotCursor();
    await store.upsert(many(1_000, 1));
    const delta = store.snapshotDelta(cursor);
    await store.upsert(many(1_000, 2));
    await store.delete({ name: 'm' });
    const values = new Set<number>();
    for (const event of delta.events as Iterable<{ point: { value: number } }>) {
      values.add(event.point.value);
    }
    expect([...values]).toEqual([1]);
  });
});

describe('slots', () => {
  it('of series that ended are taken again, so that the file does not grow', async () => {
    const store = await openStore({ changeLogSize: 100 });
    for (let round = 1; round <= 30; round++) {
      await store.upsert(many(600, round, `m${round}`));
      expect(await store.delete({ name: `m${round}` })).toBe(600);
    }
    expect((await store.stats()).series).toBe(0);
    await store.upsert(many(1_000, 99, 'last'));
    const points = [...store.snapshot()];
    expect(points).toHaveLength(1_000);
    for (const point of points) expect(point).toMatchObject({ name: 'last', value: 99 });
    await store.close();
    const environment = await openEnvironment(path);
    expect(environment.state.read().slots).toBe(1_000);
    await environment.root.close();
  });
});

describe('a file of an older version', () => {
  it('without checksums is read, and gets them as it is written', async () => {
    const store = await openStore();
    await store.upsert(many(600, 1));
    await store.close();
    const { root } = await openEnvironment(path);
    const meta = root.openDB<Buffer, string>('meta', { encoding: 'binary' });
    await meta.put('state', Buffer.from(meta.get('state')!.subarray(0, 40)));
    const samples = root.openDB<Buffer, number>('samples', {
      keyEncoding: 'uint32',
      encoding: 'binary',
    } as never);
    for (const page of [0, 1, 2]) {
      await samples.put(page, Buffer.from(samples.get(page)!.subarray(0, 4_000)));
    }
    await root.close();
    const again = await openStore();
    expect([...again.snapshot()]).toHaveLength(600);
    expect(await again.upsert(many(300, 2))).toMatchObject({ changed: 300 });
    expect(new Set([...again.snapshot()].map(({ value }) => value))).toEqual(new Set([1, 2]));
    expect(await LmdbStore.verify(path)).toEqual({ series: 600, faults: [] });
    expect(await again.delete({ name: 'm' })).toBe(600);
    await again.upsert(many(10, 3));
    await again.close();
    const environment = await openEnvironment(path);
    expect(environment.state.read().idSum).toBeGreaterThan(0);
    await environment.root.close();
  });
});

describe('closing', () => {
  it('in good order keeps everything for whoever opens the file next', async () => {
    const store = await openStore();
    await store.upsert(many(100, 1));
    await store.close();
    const again = await openStore();
    expect([...again.snapshot()]).toHaveLength(100);
    expect(await again.stats()).toMatchObject({ series: 100, changes: 100, expired: 0 });
  });

  it('rejects a write that is still queued with closed', async () => {
    const store = await openStore();
    const write = store.upsert(many(1, 1)).catch(({ code }) => code);
    await store.close();
    expect(await write).toBe('closed');
    expect([...(await openStore()).snapshot()]).toEqual([]);
  });

  it('in the middle of a write fails the call, and not the process', async () => {
    const store = await openStore();
    async function* points(): AsyncGenerator<{ name: string; labels: object; value: number }> {
      for (let i = 0; i < 20_000; i++) {
        if (i === 10_000) await store.close();
        yield { name: 'm', labels: { i: `${i}` }, value: 1 };
      }
    }
    await expect(store.upsert(points() as never)).rejects.toMatchObject({ code: 'closed' });
  });
});

describe('the writers of a file', () => {
  it('are remembered if they were among the last hundred, over a restart', async () => {
    for (let i = 0; i <= 120; i++) {
      const store = await LmdbStore.open(path, { writer: `w${i}`, now: () => 1_000 * i });
      await store.upsert({ name: 'a', value: i, updatedAt: 1 });
      await store.close();
    }
    const store = await LmdbStore.open(path);
    const writes = store.lastWrites();
    expect(writes).toHaveLength(100);
    expect(Math.min(...writes.map(({ at }) => at))).toBe(21_000);
    await store.close();
  });
});
