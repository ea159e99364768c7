import { crc32 } from 'node:zlib';
import type { Database, Transaction } from 'lmdb';
import type { Payload } from '../driver.ts';
import type { TextRecords } from './text-records.ts';

/**
 * How many samples are on a page. With 16 bytes each a page fills one of LMDB's, so that writing
 * one sample copies 4 KiB, and writing its neighbours with it copies no more.
 */
export const SLOTS_PER_PAGE = 250;

const PAGE_BYTES = 16 * SLOTS_PER_PAGE;
// Behind the samples: the number of the page, and a checksum of all before it.
const STORED_BYTES = PAGE_BYTES + 8;
const STORED_NUMBERS = STORED_BYTES / 8;
const NUMBER_AT = PAGE_BYTES / 4;
const CHECKSUM_AT = NUMBER_AT + 1;
// Where every page is read to: a page of its own for each read would be 4 KB of garbage.
const READ = new Float64Array(STORED_NUMBERS);
// 1 MB for each open store. The more pages wait, the more writes to one page cost a single copy.
const PAGES_KEPT = 256;
// The time of a slot whose page was damaged: any write is newer, and a sweep ends its series.
const LOST = Number.NEGATIVE_INFINITY;
// A value whose upper word is this stands for a text, whose checksum is the lower word. The value
// is not a number, so only those are looked at closer; a NaN that was written has other bits.
const TEXT_WORD = 0x7ffc_7e87;
/** The payload of a slot whose text was lost; no text that was written is empty. */
export const LOST_TEXT = '';

/**
 * Value and time of each slot of a page, in turn. The time of a free slot is NaN, and that of a
 * lost sample is not finite either.
 */
export type SamplePage = Float64Array;

/** How pages are written to and read from LMDB's own buffers, in the byte order of the machine. */
export const SAMPLE_PAGE_ENCODER = {
  /** The bytes of a page, not copied. */
  encode(page: SamplePage): Buffer {
    return Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  },
  /**
   * A page, good until the next one is read. `length` is set by LMDB and may be less than what the
   * buffer has room for.
   */
  decode(bytes: Buffer): SamplePage {
    const { length } = bytes;
    if (length !== STORED_BYTES && length !== PAGE_BYTES) return lost(READ);
    new Uint8Array(READ.buffer, 0, length).set(bytes.subarray(0, length));
    // Older versions wrote no number and no checksum.
    if (length === PAGE_BYTES) READ[STORED_NUMBERS - 1] = Number.NaN;
    else if (wordsOf(READ)[CHECKSUM_AT] !== checksumOf(READ)) return lost(READ);
    return READ;
  },
};

/**
 * Reads a page, good until the next one is read, in a read transaction or, without one, in the
 * current write. A damaged page has no numbers at all: its samples are lost.
 */
function readPage(
  pages: Database<SamplePage, number>,
  number: number,
  transaction?: Transaction,
): SamplePage {
  const page = pages.get(number, transaction && { transaction });
  if (page === undefined) return READ.fill(Number.NaN);
  const isRight = Number.isNaN(page[STORED_NUMBERS - 1]) || wordsOf(page)[NUMBER_AT] === number;
  return isRight ? page : lost(page);
}

function lost(page: SamplePage): SamplePage {
  for (let i = 0; i < page.length; i += 2) {
    page[i] = 0;
    page[i + 1] = LOST;
  }
  page[STORED_NUMBERS - 1] = Number.NaN;
  return page;
}

/** Writes number and checksum of a page, so that it can be stored. */
function seal(page: SamplePage, number: number): SamplePage {
  const words = wordsOf(page);
  words[NUMBER_AT] = number;
  words[CHECKSUM_AT] = checksumOf(page);
  return page;
}

function checksumOf(page: SamplePage): number {
  return crc32(new Uint8Array(page.buffer, page.byteOffset, PAGE_BYTES + 4));
}

function wordsOf(page: SamplePage): Uint32Array {
  return new Uint32Array(page.buffer, page.byteOffset, STORED_BYTES / 4);
}

/** The checksum of the text that a place stands for; undefined if it is a number. */
function textChecksum(page: SamplePage, place: number): number | undefined {
  if (!Number.isNaN(page[place])) return undefined;
  const words = new Uint32Array(page.buffer, page.byteOffset + 8 * place, 2);
  return words[1] === TEXT_WORD ? words[0] : undefined;
}

/** What a slot has on its page: a number, or a text that is read from elsewhere. */
function payloadOn(
  page: SamplePage,
  slot: number,
  texts: TextRecords,
  transaction?: Transaction,
): Payload {
  const value = page[placeOf(slot)]!;
  // Most values are numbers.
  if (!Number.isNaN(value)) return value;
  const checksum = textChecksum(page, placeOf(slot));
  if (checksum === undefined) return Number.NaN;
  return texts.read(slot, checksum, transaction) ?? LOST_TEXT;
}

/** Which page a slot is on. */
export function pageOf(slot: number): number {
  return Math.floor(slot / SLOTS_PER_PAGE);
}

/** Where on its page a slot's value stands; its time follows. */
export function placeOf(slot: number): number {
  return (slot % SLOTS_PER_PAGE) * 2;
}

/**
 * The samples as they are in one read transaction. What was read last is in the fields, which
 * spares an object.
 */
export class SampleView {
  /** What the slot that was read last has; `LOST_TEXT` for a text that was lost. */
  payload: Payload = 0;
  /**
   * The time of the slot that was read last, in Unix milliseconds; not finite if there is no
   * sample.
   */
  updatedAt = 0;
  readonly #pages: Database<SamplePage, number>;
  readonly #texts: TextRecords;
  readonly #transaction: Transaction;
  readonly #read: SamplePage[] = [];

  constructor(pages: Database<SamplePage, number>, texts: TextRecords, transaction: Transaction) {
    this.#pages = pages;
    this.#texts = texts;
    this.#transaction = transaction;
  }

  /** Reads a slot, and keeps its page for others; see the fields. */
  read(slot: number): void {
    const page = (this.#read[pageOf(slot)] ??= this.page(pageOf(slot)).slice());
    this.payload = this.payloadOn(page, slot);
    this.updatedAt = page[placeOf(slot) + 1]!;
  }

  /** What a slot has, whose page is given. */
  payloadOn(page: SamplePage, slot: number): Payload {
    return payloadOn(page, slot, this.#texts, this.#transaction);
  }

  /** Forgets the pages that were kept. */
  forget(): void {
    this.#read.length = 0;
  }

  /** A page as it is, good until the next one is read. */
  page(number: number): SamplePage {
    return readPage(this.#pages, number, this.#transaction);
  }
}

/** The samples within a write transaction: pages are changed here, and put all at once. */
export class SampleWriter {
  readonly #pages: Database<SamplePage, number>;
  readonly #texts: TextRecords;
  // Views of one buffer, of which LMDB needs the address: it would ask for that of each buffer.
  readonly #kept: readonly SamplePage[];
  readonly #byNumber = new Map<number, SamplePage>();
  readonly #changed = new Set<number>();

  constructor(pages: Database<SamplePage, number>, texts: TextRecords) {
    this.#pages = pages;
    this.#texts = texts;
    const { buffer } = new Float64Array(PAGES_KEPT * STORED_NUMBERS);
    this.#kept = Array.from(
      { length: PAGES_KEPT },
      (_, i) => new Float64Array(buffer, i * STORED_BYTES, STORED_NUMBERS),
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
    page.set(readPage(this.#pages, number));
    this.#byNumber.set(number, page);
    return page;
  }

  /** What a slot has; `LOST_TEXT` for a text that was lost. */
  payload(slot: number): Payload {
    return payloadOn(this.page(pageOf(slot)), slot, this.#texts);
  }

  /** Sets a slot. */
  set(slot: number, payload: Payload, updatedAt: number): void {
    const number = pageOf(slot);
    const page = this.page(number);
    const place = placeOf(slot);
    if (typeof payload === 'string') {
      const words = new Uint32Array(page.buffer, page.byteOffset + 8 * place, 2);
      words[0] = this.#texts.put(slot, payload);
      words[1] = TEXT_WORD;
    } else {
      if (textChecksum(page, place) !== undefined) this.#texts.remove(slot);
      // One NaN of all, so that none looks like a text.
      page[place] = Number.isNaN(payload) ? Number.NaN : payload;
    }
    page[place + 1] = updatedAt;
    this.#changed.add(number);
  }

  /** Makes a slot free. */
  free(slot: number): void {
    this.set(slot, 0, Number.NaN);
  }

  /** Puts what was changed. */
  flush(): void {
    for (const number of this.#changed) {
      this.#pages.putSync(number, seal(this.#byNumber.get(number)!, number));
    }
    this.#changed.clear();
  }
}
