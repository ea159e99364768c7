import { setImmediate } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  INTEGER_KEYS,
  type MetaPage,
  type PageFile,
  RESTORE,
  TREE_BYTES,
  type TreeRecord,
  treeOf,
} from './page-file.ts';

const AT = { number: 0, transaction: 8, flags: 18, lower: 20, upper: 22, pages: 20, slots: 24 };
const KIND = { branch: 0x01, leaf: 0x02, overflow: 0x04 };
// What a page is; the other flags are of no effect in the file.
const KINDS = 0x40ff;
const NODE = { overflow: 0x01, tree: 0x02 };
const NODE_BYTES = 8;
// Where an overflow page is: its number, its transaction, and how many pages follow.
const REFERENCE_BYTES = 24;
// LMDB follows no deeper path.
const DEEPEST = 32;
// Other processes may write while a file is read here: then it is read again, so many times.
const TRIES = 20;
// Pages read between two turns of the event loop: about a millisecond.
const PAGE_SLICE = 256;

/**
 * A page that LMDB would follow and must not: it would read beyond the file, or end the process.
 */
class PageFault extends Error {}

/**
 * Reads every page that LMDB would follow, and returns what is wrong; undefined for a sound file.
 * Pages in use are known from the trees, so pages that were freed before they were ever written, at
 * the end of the file, may be missing.
 */
export async function structureFault(file: PageFile): Promise<string | undefined> {
  let fault: string | undefined;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const head = file.head();
    if (head.kind !== 'sound') return head.kind === 'unusable' ? head.why : undefined;
    try {
      await new PageCheck(file, head.meta).run();
      return undefined;
    } catch (error) {
      if (!(error instanceof PageFault)) throw error;
      fault = error.message;
    }
    if (isDeepStrictEqual(file.head(), head)) return fault;
  }
  // The process that writes so much has it open, and finds it sound.
  return undefined;
}

class PageCheck {
  readonly #file: PageFile;
  readonly #meta: MetaPage;
  readonly #seen: Uint8Array;
  readonly #trees: TreeRecord[] = [];
  // Where lists of free pages are in the file.
  readonly #freeLists: (readonly [position: number, bytes: number])[] = [];
  #isFreeTree = true;
  #read = 0;

  constructor(file: PageFile, meta: MetaPage) {
    this.#file = file;
    this.#meta = meta;
    this.#seen = new Uint8Array(Math.floor(file.bytes / meta.pageSize));
  }

  async run(): Promise<void> {
    const [free, main] = this.#meta.trees;
    await this.#checkTree(free);
    this.#isFreeTree = false;
    this.#trees.push(main);
    for (let tree = this.#trees.pop(); tree !== undefined; tree = this.#trees.pop()) {
      await this.#checkTree(tree);
    }
    for (const [position, bytes] of this.#freeLists) this.#checkFreeList(position, bytes);
  }

  async #checkTree({ root, depth }: TreeRecord): Promise<void> {
    if (root === undefined) return;
    if (depth === 0 || depth > DEEPEST) throw damage('a tree has no sound depth');
    const rest: (readonly [page: number, depth: number])[] = [[root, depth]];
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [number, below] = next;
      const page = this.#page(number, below === 1 ? KIND.leaf : KIND.branch);
      for (const node of this.#nodes(page, number, below === 1)) {
        if (below > 1) rest.push([childOf(page, node), below - 1]);
        else this.#checkLeafNode(page, node, number);
      }
      if (++this.#read % PAGE_SLICE === 0) await setImmediate();
    }
  }

  /** Where the nodes of a page are. They fill its end, one after the other, and do not overlap. */
  #nodes(page: Buffer, number: number, isLeaf: boolean): Uint32Array {
    const lower = page.readUInt16LE(AT.lower);
    let end = page.readUInt16LE(AT.upper) + AT.slots;
    const count = lower >> 1;
    const fewest = isLeaf || this.#isFreeTree ? 1 : 2;
    if (count < fewest || lower % 2 !== 0 || end < AT.slots + lower) throw broken(number);
    if (AT.slots + lower > page.length) throw broken(number);
    const nodes = Uint32Array.from(
      { length: count },
      (_, i) => page.readUInt16LE(AT.slots + 2 * i) + AT.slots,
    ).sort();
    for (const node of nodes) {
      if (node < end || node % 2 !== 0 || node + NODE_BYTES > page.length) throw broken(number);
      end = node + sizeOf(page, node, isLeaf);
      end += end % 2;
      if (end > page.length) throw broken(number);
    }
    return nodes;
  }

  #checkLeafNode(page: Buffer, node: number, number: number): void {
    const flags = page.readUInt16LE(node + 4);
    if ((flags & ~(NODE.overflow | NODE.tree)) !== 0) throw broken(number);
    const data = node + NODE_BYTES + page.readUInt16LE(node + 6);
    const size = page.readUInt32LE(node);
    if ((flags & NODE.overflow) !== 0) {
      if (Number(page.readBigUInt64LE(data + 8)) > this.#meta.transaction) throw broken(number);
      const first = Number(page.readBigUInt64LE(data));
      const pages = Number(page.readBigUInt64LE(data + 16));
      if (size + AT.slots > pages * page.length) throw broken(number);
      this.#checkOverflow(first, pages);
      if (this.#isFreeTree) this.#freeLists.push([first * page.length + AT.slots, size]);
      return;
    }
    if (this.#isFreeTree) this.#freeLists.push([number * page.length + data, size]);
    if ((flags & NODE.tree) === 0) return;
    if (size !== TREE_BYTES) throw broken(number);
    const tree = treeOf(page, data);
    // A tree with keys in other orders, or several values to a key, is not a store's.
    if ((tree.flags & ~INTEGER_KEYS) !== 0) throw broken(number);
    this.#trees.push(tree);
  }

  #checkOverflow(first: number, pages: number): void {
    const page = this.#page(first, KIND.overflow);
    if (page.readUInt32LE(AT.pages) !== pages) throw broken(first);
    for (let number = first + 1; number < first + pages; number++) this.#mark(number);
  }

  /** Checks that no page in use is on a list of free ones: LMDB would write over it. */
  #checkFreeList(position: number, bytes: number): void {
    const list = Buffer.alloc(bytes);
    if (!this.#file.read(list, position)) throw cutShort();
    const numbers = Array.from({ length: bytes >> 3 }, (_, i) =>
      Number(list.readBigInt64LE(8 * i)),
    );
    const count = numbers[0] ?? -1;
    if (count < 0 || count >= numbers.length) throw damage('a list of free pages');
    // A negative number is how many pages there are from the next number on; zeros are gaps.
    let length = 1;
    for (const number of numbers.slice(1, count + 1)) {
      if (number > 0) this.#checkFree(number, length);
      length = number < 0 ? -number : 1;
    }
  }

  #checkFree(first: number, length: number): void {
    const end = first + length;
    if (first < 2 || end - 1 > this.#meta.lastPage) throw damage('a list of free pages');
    if (this.#seen.subarray(first, end).includes(1)) {
      throw damage('a page in use is on the list of free ones');
    }
  }

  #page(number: number, kind: number): Buffer {
    this.#mark(number);
    const page = Buffer.allocUnsafe(this.#meta.pageSize);
    if (!this.#file.read(page, number * page.length)) throw cutShort();
    // LMDB takes a page of a later transaction for a copy of its own, and writes to it.
    const isRight =
      Number(page.readBigUInt64LE(AT.number)) === number &&
      Number(page.readBigUInt64LE(AT.transaction)) <= this.#meta.transaction &&
      (page.readUInt16LE(AT.flags) & KINDS) === kind;
    if (!isRight) throw broken(number);
    return page;
  }

  /** Notes that a page is in use; each may be so once. */
  #mark(number: number): void {
    if (number < 2 || number > this.#meta.lastPage) throw damage('a page number');
    if (number >= this.#seen.length) throw cutShort();
    if (this.#seen[number] !== 0) throw damage(`page ${number} is used twice`);
    this.#seen[number] = 1;
  }
}

/** How long a node is: its head, its key and, in a leaf, its value or where that is. */
function sizeOf(page: Buffer, node: number, isLeaf: boolean): number {
  const size = NODE_BYTES + page.readUInt16LE(node + 6);
  if (!isLeaf) return size;
  const isElsewhere = (page.readUInt16LE(node + 4) & NODE.overflow) !== 0;
  return size + (isElsewhere ? REFERENCE_BYTES : page.readUInt32LE(node));
}

function childOf(page: Buffer, node: number): number {
  return page.readUInt32LE(node) + page.readUInt16LE(node + 4) * 0x1_0000_0000;
}

function broken(number: number): PageFault {
  return damage(`page ${number}`);
}

function damage(what: string): PageFault {
  return new PageFault(`is damaged (${what}); ${RESTORE}`);
}

function cutShort(): PageFault {
  return new PageFault(`was cut short; ${RESTORE}`);
}
