import type { Database, Transaction } from 'lmdb';
import type { WriteNote, WriteNotes } from '../driver.ts';
import type { UnwrittenCounts } from '../write-log.ts';

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

  constructor(records: Database<Buffer, string>) {
    this.#records = records;
  }

  /** Adds a note, within a write transaction. */
  note({ writer, at, unwritten }: WriteNote): void {
    if (at !== undefined) this.#noteTime(KEY_HEAD + (writer ?? ''), at);
    if (unwritten.size === 0) return;
    const all = new Map(this.#unwritten());
    for (const [reason, count] of unwritten) all.set(reason, (all.get(reason) ?? 0) + count);
    this.#records.putSync(UNWRITTEN, Buffer.from(JSON.stringify([...all])));
  }

  /** All that is noted. */
  all(transaction: Transaction): WriteNotes {
    const records = this.#records.getRange({ start: KEY_HEAD, transaction });
    const lastWrites = Array.from(records, ({ key, value }) => ({
      writer: key === KEY_HEAD ? undefined : key.slice(KEY_HEAD.length),
      at: timeOf(value),
    })).filter(({ at }) => Number.isFinite(at));
    return { lastWrites, unwritten: this.#unwritten(transaction) };
  }

  #noteTime(key: string, at: number): void {
    const isNew = this.#records.get(key) === undefined;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(at);
    this.#records.putSync(key, bytes);
    if (isNew) this.#forgetOldest(key);
  }

  #unwritten(transaction?: Transaction): UnwrittenCounts {
    const bytes = this.#records.get(UNWRITTEN, transaction && { transaction });
    return bytes === undefined ? new Map() : countsOf(bytes.toString());
  }

  #forgetOldest(kept: string): void {
    const all = Array.from(this.#records.getRange({ start: KEY_HEAD }), ({ key, value }) => {
      return { key, at: timeOf(value) };
    });
    all.sort((a, b) => b.at - a.at);
    for (const { key } of all.slice(MOST_WRITERS)) {
      if (key !== kept) this.#records.removeSync(key);
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
