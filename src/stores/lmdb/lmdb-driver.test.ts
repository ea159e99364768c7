import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Commit, Entries } from '../driver.ts';
import { openEnvironment } from './environment.ts';
import { LedgerAccess } from './ledger-access.ts';
import { LmdbDriver } from './lmdb-driver.ts';
import { checkLmdbStoreOptions } from './lmdb-store-options.ts';

let path: string;
let driver: LmdbDriver;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-driver-'));
  const options = checkLmdbStoreOptions({});
  driver = new LmdbDriver(new LedgerAccess(await openEnvironment(path), options));
});
afterEach(async () => {
  await driver.close();
  rmSync(path, { recursive: true });
});

const commitOf = (part: Partial<Commit>): Commit => ({
  puts: [],
  ends: [],
  most: Number.POSITIVE_INFINITY,
  ...part,
});
const put = (key: string, payload = 1): Commit['puts'][number] => ({
  key,
  payload,
  time: 1,
  isTimeSupplied: false,
});
const keysOf = (pages: Iterable<Entries>): string[] => [...pages].flatMap(({ keys }) => keys);

it('reads no series of other names for a frame of one name', async () => {
  const long = 'n'.repeat(3_000);
  const keys = ['a{x="1"}', 'b', 'b{x="1"}', 'b{x="2"}', 'b_total', 'c', long, `${long}{x="1"}`];
  await driver.commit(commitOf({ puts: keys.map((key) => put(key)) }));
  for (const [name, expected] of [
    ['b', ['b', 'b{x="1"}', 'b{x="2"}']],
    ['none', []],
    [long, [long, `${long}{x="1"}`]],
  ] as const) {
    const frame = driver.frame({ name });
    expect(keysOf(frame.pages as Iterable<Entries>).sort()).toEqual(expected);
    frame.close();
  }
});

it('has pages and batches of 1 024 series at most, each series once', async () => {
  const from = driver.head();
  const keys = Array.from({ length: 3_000 }, (_, i) => `m{i="${i}"}`);
  await driver.commit(commitOf({ puts: keys.map((key) => put(key)) }));
  const frame = driver.frame();
  const pages = [...(frame.pages as Iterable<Entries>)];
  frame.close();
  expect(Math.max(...pages.map((page) => page.keys.length))).toBe(1_024);
  expect(keysOf(pages)).toEqual(keys.sort());
  const batches: Entries[] = [];
  for (let cursor = from, more = true; more; ) {
    const changes = driver.changes(cursor, 10_000);
    if (changes === 'lost') throw new Error('lost');
    batches.push(changes.entries);
    ({ next: cursor, more } = changes);
  }
  expect(batches.map((batch) => batch.keys.length)).toEqual([1_024, 1_024, 952]);
  expect(keysOf(batches)).toEqual(keys);
});

it('adds the series that come first if there is no room for all', async () => {
  await driver.commit(commitOf({ puts: ['c', 'd'].map((key) => put(key)) }));
  const { outcomes } = await driver.commit(
    commitOf({ puts: ['z', 'd', 'a', 'c'].map((key) => put(key, 2)), most: 3 }),
  );
  expect(outcomes).toEqual(['added', 'changed', undefined, 'changed']);
});

it('reports what became of each put at its place, whatever the order of the keys', async () => {
  await driver.commit(commitOf({ puts: [put('b'), put('c', 2)] }));
  const puts = [put('d'), put('c', 3), put('b'), put('d'), put('a')];
  const { outcomes } = await driver.commit(commitOf({ puts, most: 100 }));
  expect(outcomes).toEqual(['added', 'changed', 'unchanged', 'unchanged', 'added']);
});

it('leaves nothing of a commit that fails, neither series nor notes', async () => {
  const note = { writer: 'a', at: 5, unwritten: new Map([['older', 2]]) };
  await driver.commit(commitOf({ puts: [put('a')], note }));
  const before = [driver.head(), driver.notes()];
  const records = new Map([['c', 5 as unknown as string]]);
  const failing = commitOf({ puts: [put('c')], note: { ...note, at: 6 }, records });
  await expect(driver.commit(failing)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect([driver.head(), driver.notes()]).toEqual(before);
  expect(driver.notes()).toEqual({
    lastWrites: [{ writer: 'a', at: 5 }],
    unwritten: new Map([['older', 2]]),
  });
});
