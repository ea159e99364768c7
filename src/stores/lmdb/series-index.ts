import type { Database, Transaction } from 'lmdb';
import { type SeriesHash, type SeriesKey, seriesKey, sha256 } from './series-key.ts';

/** A series whose id is longer than a key: the id stands beside the slot. */
export interface LongSeries {
  readonly id: string;
  readonly slot: number;
}

/** What stands under a key: a slot, or all long series whose cut ids have the same hash. */
export type IndexEntry = number | readonly LongSeries[];

const SLOT_BYTES = 4;
const scratch = Buffer.alloc(SLOT_BYTES);

/** How entries are written to and read from LMDB's own buffers. */
export const INDEX_ENTRY_ENCODER = {
  /** The bytes of an entry; they may be overwritten by the next call. */
  encode(entry: IndexEntry): Buffer {
    if (typeof entry === 'number') {
      scratch.writeUInt32LE(entry);
      return scratch;
    }
    return Buffer.concat(
      entry.map(({ id, slot }) => {
        const text = Buffer.from(id);
        const head = Buffer.alloc(2 * SLOT_BYTES);
        head.writeUInt32LE(slot, 0);
        head.writeUInt32LE(text.length, SLOT_BYTES);
        return Buffer.concat([head, text]);
      }),
    );
  },
  /** Reads an entry; `length` is set by LMDB and may be less than what the buffer has room for. */
  decode(bytes: Buffer): IndexEntry {
    const { length } = bytes;
    if (length === SLOT_BYTES) return readUint32(bytes, 0);
    const entries: LongSeries[] = [];
    for (let at = 0; at < length; ) {
      const slot = readUint32(bytes, at);
      const start = at + 2 * SLOT_BYTES;
      at = start + readUint32(bytes, at + SLOT_BYTES);
      entries.push({ slot, id: bytes.toString('utf8', start, at) });
    }
    return entries;
  },
};

function readUint32(bytes: Buffer, at: number): number {
  // Not readUInt32LE, which checks the bounds against a length that is not the buffer's own.
  return (
    bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000 + bytes[at + 3]! * 0x100_0000
  );
}

/** Which slot each series has. Changed only within a write transaction. */
export class SeriesIndex {
  readonly #series: Database<IndexEntry, SeriesKey>;
  readonly #hash: SeriesHash;

  constructor(series: Database<IndexEntry, SeriesKey>, hash: SeriesHash = sha256) {
    this.#series = series;
    this.#hash = hash;
  }

  /** The slot of a series, as it is in a read transaction or, without one, in the current write. */
  slotOf(id: string, transaction?: Transaction): number | undefined {
    const key = seriesKey(id, this.#hash);
    const entry = this.#series.get(key, transaction === undefined ? undefined : { transaction });
    if (typeof entry === 'number' || entry === undefined) return entry;
    return entry.find((long) => long.id === id)?.slot;
  }

  /** Adds a series that is not there. */
  add(id: string, slot: number): void {
    const key = seriesKey(id, this.#hash);
    if (typeof key === 'string') this.#series.putSync(key, slot);
    else this.#series.putSync(key, [...this.#longAt(key), { id, slot }]);
  }

  /** Removes a series. */
  remove(id: string): void {
    const key = seriesKey(id, this.#hash);
    const others = typeof key === 'string' ? [] : this.#longAt(key).filter((l) => l.id !== id);
    if (others.length === 0) this.#series.removeSync(key);
    else this.#series.putSync(key, others);
  }

  #longAt(key: SeriesKey): readonly LongSeries[] {
    const entry = this.#series.get(key);
    return typeof entry === 'object' ? entry : [];
  }
}
