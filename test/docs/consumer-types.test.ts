import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
// Inside the project, so that the program finds `snapscrape` as this very package.
const folder = mkdtempSync(join(ROOT, 'test/docs/.consumer-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PROGRAM = `
import {
  createCachedSnapshotReader, MemoryStore, mergeReaders, seriesId,
  type MetricPoint, type ReadOptions, type SnapshotPoint, type SnapshotReader,
} from 'snapscrape';
import { createExporterServer } from 'snapscrape/server';
import { storeContract } from 'snapscrape/testing';

interface TeamLabels { team: string; code: number; ok: boolean; user?: string }
class OwnLabels { readonly team: string = 'a'; }
const labels: TeamLabels = { team: 'a', code: 1, ok: true };
const point: MetricPoint = { name: 'a', labels, value: 1 };
const bare: MetricPoint = { name: 'a', value: 1, updatedAt: 5 };
const store = new MemoryStore();
await store.upsert({ name: 'a', labels, value: 1 });
await store.upsert([point, bare, { name: 'b', labels: { n: 5, yes: true }, value: 2 }]);
await store.upsert({ name: 'c', labels: new OwnLabels(), value: 1 });
interface Team { team: string }
const team: Team = { team: 'a' };
await store.delete({ name: 'c', labels: team });
const ids: string[] = [seriesId({ name: 'a', labels }), seriesId({ name: 'a' })];

// What comes out is complete.
for (const { labels: { team }, updatedAt } of store.snapshot()) {
  const known: readonly [string | undefined, number] = [team, updatedAt];
}
for (const given of await createCachedSnapshotReader(store).snapshot()) {
  const complete: SnapshotPoint = given;
  await store.upsert(complete);
}

const source = {
  families: () => [{ name: 'bill_euros', type: 'gauge', help: 'Cost of this month.' }],
  async *snapshot({ signal } = {}) {
    signal?.throwIfAborted();
    yield { name: 'bill_euros', labels, value: 1200.5 };
  },
} satisfies SnapshotReader;
class Bill implements SnapshotReader {
  async *snapshot({ signal }: ReadOptions = {}) {
    signal?.throwIfAborted();
    yield { name: 'bill_euros', labels, value: 1 };
  }
}
const reader = mergeReaders([new Bill(), createCachedSnapshotReader(source)]);
createExporterServer(reader);
createCachedSnapshotReader({ snapshot: async () => [{ name: 'a', value: 1 }] });
createCachedSnapshotReader({
  snapshot: () => [point],
  snapshotCursor: () => 'x:1',
  snapshotDelta: async (cursor) => ({
    nextCursor: cursor,
    events: [
      { point },
      { deleted: true, seriesId: 'a' },
      { deleted: true, point: { name: 'a', labels } },
    ],
  }),
  writeStats: () => store.writeStats(),
  lastWrites: async () => store.lastWrites(),
});

// @ts-expect-error labels are no array
const array: MetricPoint = { name: 'a', labels: ['x'], value: 1 };
// @ts-expect-error labels are no map
const map: MetricPoint = { name: 'a', labels: new Map(), value: 1 };
// @ts-expect-error a value is a number
const text: MetricPoint = { name: 'a', value: '1' };
// @ts-expect-error a time is a number
const date: MetricPoint = { name: 'a', value: 1, updatedAt: new Date() };
export { array, date, ids, map, storeContract, text };
`;

describe('the types of the package', () => {
  it.each([
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
    [
      'nodenext and exact optional properties',
      ['--module', 'nodenext', '--exactOptionalPropertyTypes'],
    ],
  ])('take what writers and sources have, in strict mode with %s', (name, flags) => {
    const file = join(folder, `${name.replaceAll(' ', '-')}.mts`);
    writeFileSync(file, PROGRAM);
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    const all = ['--ignoreConfig', '--noEmit', '--strict', '--target', 'es2022', ...flags];
    execFileSync(tsc, [...all, '--types', 'node', file], { cwd: ROOT });
  });

  it('fit the example for Next.js, whose build checks types by the tsconfig.json beside it', ({
    skip,
  }) => {
    const installed = existsSync(join(ROOT, 'examples/adapters/node_modules/snapscrape'));
    skip(!installed, 'npm ci --prefix examples/adapters installs what the example imports');
    const tsc = join(ROOT, 'node_modules/.bin/tsc');
    execFileSync(tsc, ['-p', join(ROOT, 'examples/adapters/next'), '--types', 'node']);
  });

  it('have an entry for node10 resolution for each subpath', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, { readonly types?: string }>>;
      readonly typesVersions: Readonly<Record<string, Readonly<Record<string, string[]>>>>;
    };
    const subpaths = Object.entries(manifest.exports)
      .filter(([path, { types }]) => path !== '.' && types !== undefined)
      .map(([path, { types }]) => [path.slice(2), [types]]);
    expect(manifest.typesVersions).toEqual({ '*': Object.fromEntries(subpaths) });
  });

  it('have no comment that an editor would show as a reference to another', () => {
    const declarations = readdirSync(join(ROOT, 'dist'), { recursive: true, encoding: 'utf8' });
    const bad = declarations
      .filter((file) => file.endsWith('.d.ts'))
      .filter((file) => /@inheritDoc/i.test(readFileSync(join(ROOT, 'dist', file), 'utf8')));
    expect(bad).toEqual([]);
  });
});
