import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** What a meta page of LMDB says (lmdb 3, format version 2). */
export interface MetaPage {
  readonly pageSize: number;
  /** The transaction that wrote it; of two meta pages the later one counts. */
  readonly transaction: number;
  /** The number of the last page in use. */
  readonly lastPage: number;
  /** How large the memory map was, in bytes. The pages in use always fit in it. */
  readonly mapBytes: number;
  /** The list of free pages, and the tree of the databases. */
  readonly trees: readonly [TreeRecord, TreeRecord];
}

/** Where a tree of pages begins. */
export interface TreeRecord {
  readonly flags: number;
  readonly depth: number;
  /** The number of its root page; undefined for an empty tree. */
  readonly root: number | undefined;
}

/** What can be said of a file from its first two pages. */
export type FileHead =
  | { readonly kind: 'sound'; readonly meta: MetaPage }
  /** A file that was never finished: nothing was ever acknowledged that would be in it. */
  | { readonly kind: 'unfinished' }
  /** Not a file that LMDB can open; `why` completes a sentence. */
  | { readonly kind: 'unusable'; readonly why: string };

const MAGIC = 0xbeefc0de;
const VERSION = 2;
const IS_META = 0x08;
// Of the flags of the two trees: what LMDB keeps of the order of keys, of fixed maps and of
// encryption.
const TREE_FLAGS = 0x207f;
/** The flag of a tree whose keys are numbers. */
export const INTEGER_KEYS = 0x08;
const PAGE_SIZES: readonly number[] = Array.from({ length: 9 }, (_, i) => 256 << i);
const AT = { flags: 18, magic: 24, version: 28, mapBytes: 40, trees: 48, lastPage: 144 };
const META_BYTES = 168;
/** How long the record of a tree is. */
export const TREE_BYTES = 48;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
// More than a new file has before its first transaction is on the disk.
const LARGEST_UNFINISHED = 1024 * 1024;

/** What is left to do with a damaged file. */
export const RESTORE = 'restore it from a copy, or remove it to begin with an empty store';

const FOREIGN: FileHead = {
  kind: 'unusable',
  why: 'is not an LMDB file that this version reads; give another folder',
};

/** A store's file as bytes, read without LMDB. */
export class PageFile {
  readonly #descriptor: number;

  /** Opens a file, which must be a regular one, for reading and writing: LMDB needs both. */
  constructor(file: string) {
    this.#descriptor = openSync(file, 'r+');
  }

  /** Opens a file, does something with it, and closes it again. */
  static async with<T>(file: string, work: (file: PageFile) => T | Promise<T>): Promise<T> {
    const opened = new PageFile(file);
    try {
      return await work(opened);
    } finally {
      opened.close();
    }
  }

  /** How long the file is, in bytes. */
  get bytes(): number {
    return fstatSync(this.#descriptor).size;
  }

  /** Reads bytes into a buffer; returns whether there were enough. */
  read(into: Buffer, position: number): boolean {
    return readSync(this.#descriptor, into, 0, into.length, position) === into.length;
  }

  /** Reads the first two pages as LMDB does when it opens the file. */
  head(): FileHead {
    const { bytes } = this;
    const first = Buffer.alloc(META_BYTES);
    const isWhole = this.read(first, 0);
    const isPlausible = isPrefixOfMeta(first, bytes);
    if (!isWhole) return isPlausible ? { kind: 'unfinished' } : FOREIGN;
    if (isZero(first)) {
      const all = Buffer.alloc(Math.min(bytes, LARGEST_UNFINISHED));
      this.read(all, 0);
      if (bytes === all.length && isZero(all)) return { kind: 'unfinished' };
      return damaged('its first page is missing');
    }
    if (!isPlausible) return FOREIGN;
    const meta = metaOf(first);
    if (meta === undefined) return damaged('its first page is damaged');
    const second = Buffer.alloc(META_BYTES);
    if (bytes < 2 * meta.pageSize) return { kind: 'unfinished' };
    this.read(second, meta.pageSize);
    if (bytes === 2 * meta.pageSize && isZero(second)) return { kind: 'unfinished' };
    const other = isPrefixOfMeta(second, META_BYTES) ? metaOf(second) : undefined;
    if (other?.pageSize !== meta.pageSize) return damaged('its second page is damaged');
    const latest = other.transaction > meta.transaction ? other : meta;
    if ((latest.lastPage + 1) * latest.pageSize > latest.mapBytes) {
      return damaged('its number of pages is damaged');
    }
    return { kind: 'sound', meta: latest };
  }

  /** Closes it. */
  close(): void {
    closeSync(this.#descriptor);
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

/** Whether bytes, as far as there are any, begin like a meta page. */
function isPrefixOfMeta(page: Buffer, bytes: number): boolean {
  const has = (at: number): boolean => bytes >= at;
  if (page.subarray(0, Math.min(bytes, AT.flags)).some((byte) => byte > 1)) return false;
  return (
    (!has(AT.magic) || page.readUInt16LE(AT.flags) === IS_META) &&
    (!has(AT.version) || page.readUInt32LE(AT.magic) === MAGIC) &&
    (!has(AT.version + 4) || (page.readUInt32LE(AT.version) & 0xffff) === VERSION)
  );
}

function metaOf(page: Buffer): MetaPage | undefined {
  const [free, main] = [treeOf(page, AT.trees), treeOf(page, AT.trees + TREE_BYTES)];
  const pageSize = page.readUInt32LE(AT.trees);
  const isRight = (free.flags & TREE_FLAGS) === INTEGER_KEYS && (main.flags & TREE_FLAGS) === 0;
  if (!PAGE_SIZES.includes(pageSize) || !isRight) return undefined;
  const lastPage = Number(page.readBigUInt64LE(AT.lastPage));
  const transaction = Number(page.readBigUInt64LE(AT.lastPage + 8));
  const mapBytes = Number(page.readBigUInt64LE(AT.mapBytes));
  return { pageSize, transaction, lastPage, mapBytes, trees: [free, main] };
}

/** Reads where a tree begins. */
export function treeOf(bytes: Buffer, at: number): TreeRecord {
  const root = bytes.readBigUInt64LE(at + 40);
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    root: root === NO_PAGE ? undefined : Number(root),
  };
}

function damaged(what: string): FileHead {
  return { kind: 'unusable', why: `is damaged: ${what}; ${RESTORE}` };
}
