import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LmdbStore } from './lmdb-store.ts';
import { structureFault } from './page-check.ts';
import { PageFile } from './page-file.ts';

const PAGE_BYTES = 4_096;
const HEAD_BYTES = 24;
const AT = { flags: 18, lower: 20, upper: 22, mainRoot: 136, transaction: 152 };

let path: string;
let file: string;
let sound: Buffer;
/** Where the root page of the databases is in the file. */
let root: number;
beforeAll(async () => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-pages-'));
  file = join(path, 'data.mdb');
  const store = await LmdbStore.open(path);
  await store.upsert({ name: 'm', labels: {}, value: 1 });
  await store.close();
  sound = readFileSync(file);
  const metas = [sound, sound.subarray(PAGE_BYTES)];
  const latest = metas.reduce((a, b) =>
    a.readBigUInt64LE(AT.transaction) > b.readBigUInt64LE(AT.transaction) ? a : b,
  );
  root = Number(latest.readBigUInt64LE(AT.mainRoot)) * PAGE_BYTES;
});
afterAll(() => rmSync(path, { recursive: true }));

async function faultOf(spoil: (page: Buffer) => void): Promise<string | undefined> {
  const bytes = Buffer.from(sound);
  spoil(bytes.subarray(root, root + PAGE_BYTES));
  writeFileSync(file, bytes);
  const pages = new PageFile(file);
  try {
    return await structureFault(pages);
  } finally {
    pages.close();
  }
}

const slot = (i: number): number => HEAD_BYTES + 2 * i;
const nodeOf = (page: Buffer, i: number): number => HEAD_BYTES + page.readUInt16LE(slot(i));

it('a sound file has no fault', async () => {
  expect(await faultOf(() => undefined)).toBeUndefined();
});

const DAMAGES: readonly (readonly [string, (page: Buffer) => void])[] = [
  ['two kinds at once', (page) => page.writeUInt16LE(0x42, AT.flags)],
  ['the mark of a free one', (page) => page.writeUInt16LE(0x4002, AT.flags)],
  ['more free room than there is', (page) => page.writeUInt16LE(0xff00, AT.upper)],
  ['free room where its nodes are', (page) => page.writeUInt16LE(PAGE_BYTES - 200, AT.upper)],
  ['less than no free room', (page) => page.writeUInt16LE(2, AT.upper)],
  ['an odd number of bytes of slots', (page) => page.writeUInt16LE(13, AT.lower)],
  ['no slots', (page) => page.writeUInt16LE(0, AT.lower)],
  ['more slots than fit', (page) => page.writeUInt16LE(0xfffe, AT.lower)],
  ['a node twice', (page) => page.writeUInt16LE(page.readUInt16LE(slot(0)), slot(1))],
  ['a node at an odd place', (page) => page.writeUInt16LE(page.readUInt16LE(slot(0)) - 1, slot(0))],
  ['a node beyond its end', (page) => page.writeUInt16LE(PAGE_BYTES, slot(0))],
  ['a key that reaches over the next node', (page) => page.writeUInt16LE(60, nodeOf(page, 1) + 6)],
  ['a value longer than the page', (page) => page.writeUInt32LE(2 ** 31, nodeOf(page, 0))],
  ['a tree that is cut short', (page) => page.writeUInt32LE(46, nodeOf(page, 0))],
  ['a node of an unknown kind', (page) => page.writeUInt16LE(0x80, nodeOf(page, 0) + 4)],
];

it.each(DAMAGES)('finds a page with %s', async (_, spoil) => {
  expect(await faultOf(spoil)).toMatch(`damaged (page ${root / PAGE_BYTES})`);
});
