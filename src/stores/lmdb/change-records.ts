import type { Database, Transaction } from 'lmdb';

// A record fits on half a page of LMDB's, which keeps it from pages of its own; a longer id has one
// to itself.
const RECORD_BYTES = 1_900;
const LENGTH_BYTES = 4;

/** How sequence numbers are written as keys: eight bytes whose order is that of the numbers. */
export const SEQUENCE_KEY_ENCODER = {
  /** Writes a number; returns where it ends. */
  writeKey(sequence: number | Uint8Array, target: Buffer, start: number): number {
    if (typeof sequence !== 'number') {
      target.set(sequence, start);
      return start + sequence.length;
    }
    if (target.length - start < 8) throw new RangeError('no room');
    target.writeUInt32BE(Math.floor(sequence / 0x1_0000_0000), start);
    return target.writeUInt32BE(sequence % 0x1_0000_0000, start + 4);
  },
  /** Reads a number. */
  readKey(source: Buffer, start: number): number {
    return source.readUInt32BE(start) * 0x1_0000_0000 + source.readUInt32BE(start + 4);
  },
};

/** How the ids of a record are written to and read from LMDB's own buffers. */
export const CHANGE_RECORD_ENCODER = {
  /** The bytes of a record: each id behind its length. */
  encode(ids: readonly string[]): Buffer {
    let bytes = 0;
    for (const id of ids) bytes += LENGTH_BYTES + Buffer.byteLength(id);
    const record = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (const id of ids) {
      const length = record.write(id, at + LENGTH_BYTES);
      record.writeUInt32LE(length, at);
      at += LENGTH_BYTES + length;
    }
    return record;
  },
  /** Reads a record; `length` is set by LMDB and may be less than what the buffer has room for. */
  decode(bytes: Buffer): string[] {
    const ids: string[] = [];
    const { length } = bytes;
    for (let at = 0; at < length; ) {
      const start = at + LENGTH_BYTES;
      at = start + bytes[at]! + bytes[at + 1]! * 0x100 + bytes[at + 2]! * 0x1_0000;
      // A damaged record has no ids, which leaves a gap in the log.
      if (at > length) return [];
      ids.push(bytes.toString('utf8', start, at));
    }
    return ids;
  },
};

/** The changes between two sequence numbers. */
export interface RecordedChanges {
  /** The ids of the series that changed, each once, in the order of their last change. */
  readonly ids: readonly string[];
  /** The sequence number after the last of these changes. */
  readonly end: number;
}

/**
 * The log of changes: records of ids, each under the sequence number after its last change. What a
 * series is now is read from the samples, so the log has no values.
 */
export class ChangeRecords {
  readonly #records: Database<string[], number>;
  readonly #room: number;

  /**
   * @param room - how many changes are remembered at least, once there were so many.
   */
  constructor(records: Database<string[], number>, room: number) {
    this.#records = records;
    this.#room = room;
  }

  /**
   * Writes changes that follow `sequence`; returns the number after them, and how many records it
   * took.
   */
  append(ids: readonly string[], sequence: number): { sequence: number; records: number } {
    let end = sequence;
    let records = 0;
    for (let from = 0; from < ids.length; records++) {
      let to = from;
      let bytes = 0;
      // An id of n units is at least n bytes and at most three times that: near enough.
      do bytes += LENGTH_BYTES + ids[to++]!.length;
      while (to < ids.length && bytes + ids[to]!.length <= RECORD_BYTES);
      end += to - from;
      this.#records.putSync(end, ids.slice(from, to));
      from = to;
    }
    return { sequence: end, records };
  }

  /**
   * Removes records that there is no room for, at most so many; returns where the log begins then.
   */
  trim(oldest: number, sequence: number, most: number): number {
    const beyond = sequence - this.#room;
    if (oldest >= beyond) return oldest;
    const range = { start: 0, end: beyond, inclusiveEnd: true, limit: most };
    // Collected first: a cursor does not go well with removals under it.
    const ends = [...this.#records.getKeys(range)];
    for (const end of ends) this.#records.removeSync(end);
    return ends.at(-1) ?? oldest;
  }

  /**
   * The changes that follow a sequence number which the log still reaches back to; undefined if a
   * part of them is missing or damaged.
   */
  since(sequence: number, most: number, transaction: Transaction): RecordedChanges | undefined {
    const all: string[] = [];
    let reached = sequence;
    for (const { key, value } of this.#records.getRange({ start: sequence + 1, transaction })) {
      // The first record may begin before what is asked for.
      const seen = reached - (key - value.length);
      if (seen < 0 || (seen > 0 && reached > sequence) || key <= reached) return undefined;
      reached = key;
      for (let i = seen; i < value.length && all.length < most; i++) all.push(value[i]!);
      if (all.length >= most) break;
    }
    // Backwards, so that the first sight of a series is its last change.
    const ids = new Set<string>();
    for (let i = all.length - 1; i >= 0; i--) ids.add(all[i]!);
    return { ids: [...ids].reverse(), end: sequence + all.length };
  }
}
