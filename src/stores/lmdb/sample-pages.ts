import type { Database, Transaction } from 'lmdb';

/**
 * How many samples stand on a page. With 16 bytes each a page fills one of LMDB's, so that writing one
 * sample copies 4 KiB, and writing its neighbours with it copies no more.
 */
export const SLOTS_PER_PAGE = 250;

const NUMBERS_PER_PAGE = 2 * SLOTS_PER_PAGE;
const PAGE_BYTES = 8 * NUMBERS_PER_PAGE;
// 1 MB for each open store. The more pages wait, the more writes to one page cost a single copy.
const PAGES_KEPT = 256;

/** Value and time of each slot of a page, in turn; the time of a free slot is NaN. */
export type SamplePage = Float64Array;

// Where every page is read to: a page of its own for each read would be 4 KB of garbage.
const READ = new Float64Array(NUMBERS_PER_PAGE);
const READ_BYTES = new Uint8Array(READ.buffer);

/** How pages are written to and read from LMDB's own buffers, in the byte order of the machine. */
export const SAMPLE_PAGE_ENCODER = {
  /** The bytes of a page, not copied. */
  encode(page: SamplePage): Buffer {
    return Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  },
  /** A page, good until the next one is read. */
  decode(bytes: Buffer): SamplePage {
    // The buffer is LMDB's own, and may have room for more than its `length` says.
    READ_BYTES.set(bytes.subarray(0, PAGE_BYTES));
    return READ;
  },
};

/** Which page a slot is on. */
export function pageOf(slot: number): number {
  return Math.floor(slot / SLOTS_PER_PAGE);
}

/** Where on its page a slot's value stands; its time follows. */
export function placeOf(slot: number): number {
  return (slot % SLOTS_PER_PAGE) * 2;
}

/**
 * The samples as they are in one read transaction. What was read last stands in the fields, which spares an
 * object.
 */
export class SampleView {
  /** The value of the slot that was read last. */
  value = 0;
  /** The time of the slot that was read last, in Unix milliseconds; NaN for a free slot. */
  updatedAt = 0;
  readonly #pages: Database<SamplePage, number>;
  readonly #transaction: Transaction;
  readonly #read: SamplePage[] = [];

  constructor(pages: Database<SamplePage, number>, transaction: Transaction) {
    this.#pages = pages;
    this.#transaction = transaction;
  }

  /** Reads a slot, and keeps its page for others; see the fields. */
  read(slot: number): void {
    this.#take((this.#read[pageOf(slot)] ??= this.page(pageOf(slot)).slice()), slot);
  }

  /** Reads a slot whose neighbours will hardly be asked for; see the fields. */
  readOnce(slot: number): void {
    this.#take(this.page(pageOf(slot)), slot);
  }

  /** A page as it is, good until the next one is read. */
  page(number: number): SamplePage {
    const page = this.#pages.get(number, { transaction: this.#transaction });
    return page ?? READ.fill(Number.NaN);
  }

  #take(page: SamplePage, slot: number): void {
    const place = placeOf(slot);
    this.value = page[place]!;
    this.updatedAt = page[place + 1]!;
  }
}

/** The samples within a write transaction: pages are changed here, and put all at once. */
export class SampleWriter {
  readonly #pages: Database<SamplePage, number>;
  // Views of one buffer, of which LMDB needs the address: it would ask for it for each buffer anew.
  readonly #kept: readonly SamplePage[];
  readonly #byNumber = new Map<number, SamplePage>();
  readonly #changed = new Set<number>();

  constructor(pages: Database<SamplePage, number>) {
    this.#pages = pages;
    const { buffer } = new Float64Array(PAGES_KEPT * NUMBERS_PER_PAGE);
    this.#kept = Array.from(
      { length: PAGES_KEPT },
      (_, i) => new Float64Array(buffer, i * PAGE_BYTES, NUMBERS_PER_PAGE),
    );
  }

  /** Forgets what an earlier transaction left. */
  begin(): void {
    this.#byNumber.clear();
    this.#changed.clear();
  }

  /** A page to read. It is good until the next call of any method. */
  page(number: number): SamplePage {
    let page = this.#byNumber.get(number);
    if (page !== undefined) return page;
    if (this.#byNumber.size === PAGES_KEPT) {
      this.flush();
      this.begin();
    }
    page = this.#kept[this.#byNumber.size]!;
    // The bytes are LMDB's own, good until its next call, and their `length` may be that of more.
    const stored = this.#pages.getBinaryFast(number);
    if (stored === undefined) page.fill(Number.NaN);
    else
      new Uint8Array(page.buffer, page.byteOffset, PAGE_BYTES).set(stored.subarray(0, PAGE_BYTES));
    this.#byNumber.set(number, page);
    return page;
  }

  /** Sets a slot. */
  set(slot: number, value: number, updatedAt: number): void {
    const number = pageOf(slot);
    const page = this.page(number);
    const place = placeOf(slot);
    page[place] = value;
    page[place + 1] = updatedAt;
    this.#changed.add(number);
  }

  /** Makes a slot free. */
  free(slot: number): void {
    this.set(slot, 0, Number.NaN);
  }

  /** Puts what was changed. */
  flush(): void {
    for (const number of this.#changed) this.#pages.putSync(number, this.#byNumber.get(number)!);
    this.#changed.clear();
  }
}
