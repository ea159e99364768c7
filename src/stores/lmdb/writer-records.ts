import type { Database, Transaction } from 'lmdb';
import type { LastWrite } from '../../model/write-stats.ts';
import type { UnwrittenCounts } from '../write-log.ts';
import { WritePulse } from '../write-pulse.ts';

/** How many writers are remembered: those that wrote last. */
const MOST_WRITERS = 100;
// LMDB has no empty keys, and a writer may have no name.
const KEY_HEAD = '.';
// Comes before all names.
const UNWRITTEN = '#';

/**
 * When each writer wrote last, eight bytes under its name; and how many points none of them wrote,
 * as JSON.
 */
export class WriterRecords {
  readonly #records: Database<Buffer, string>;
  readonly #key: string;
  readonly #pulse: WritePulse;

  /**
   * @param writer - the name of this store's writer.
   * @param now - the store's clock, in Unix milliseconds.
   */
  constructor(records: Database<Buffer, string>, writer: string | undefined, now: () => number) {
    this.#records = records;
    this.#key = KEY_HEAD + (writer ?? '');
    this.#pulse = new WritePulse(now);
  }

  /** Notes that this writer writes now, within its write transaction. */
  note(): void {
    const at = this.#pulse.next();
    if (at === undefined) return;
    const isNew = this.#records.get(this.#key) === undefined;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(at);
    this.#records.putSync(this.#key, bytes);
    if (isNew) this.#forgetOldest();
  }

  /** What was noted in a transaction that failed is noted again by the next one. */
  forget(): void {
    this.#pulse.forget();
  }

  /** All that is noted. */
  all(transaction: Transaction): readonly LastWrite[] {
    const records = this.#records.getRange({ start: KEY_HEAD, transaction });
    return Array.from(records, ({ key, value }) => ({
      writer: key === KEY_HEAD ? undefined : key.slice(KEY_HEAD.length),
      at: timeOf(value),
    })).filter(({ at }) => Number.isFinite(at));
  }

  /** Adds to the counts of points that were not written, within a write transaction. */
  addUnwritten(counts: UnwrittenCounts): void {
    const all = new Map(this.#readUnwritten(undefined));
    for (const [reason, count] of counts) all.set(reason, (all.get(reason) ?? 0) + count);
    this.#records.putSync(UNWRITTEN, Buffer.from(JSON.stringify([...all])));
  }

  /** How many points were not written, by all processes. */
  unwritten(transaction: Transaction): UnwrittenCounts {
    return this.#readUnwritten(transaction);
  }

  #readUnwritten(transaction: Transaction | undefined): UnwrittenCounts {
    const bytes = this.#records.get(UNWRITTEN, transaction && { transaction });
    return bytes === undefined ? new Map() : countsOf(bytes.toString());
  }

  #forgetOldest(): void {
    const all = Array.from(this.#records.getRange({ start: KEY_HEAD }), ({ key, value }) => {
      return { key, at: timeOf(value) };
    });
    all.sort((a, b) => b.at - a.at);
    for (const { key } of all.slice(MOST_WRITERS)) {
      if (key !== this.#key) this.#records.removeSync(key);
    }
  }
}

// A damaged record does not count: it must not fail what is read or written beside it.
function timeOf(record: Buffer): number {
  return record.length === 8 ? record.readDoubleLE() : Number.NEGATIVE_INFINITY;
}

function countsOf(text: string): UnwrittenCounts {
  try {
    const counts: unknown = JSON.parse(text);
    return new Map(Array.isArray(counts) ? counts.filter(isCount) : []);
  } catch {
    return new Map();
  }
}

function isCount(entry: unknown): entry is readonly [string, number] {
  return (
    Array.isArray(entry) &&
    typeof entry[0] === 'string' &&
    Number.isSafeInteger(entry[1]) &&
    entry[1] >= 0
  );
}
