import { createHash } from 'node:crypto';
import { rangeOf } from '../../model/key/index.ts';

/**
 * How a series is found in the file: its id as text, or as bytes where the id is longer than a key
 * may be.
 */
export type SeriesKey = string | Uint8Array;

/** The longest id that is a key itself, in bytes of UTF-8. LMDB takes 1978 with pages of 4 KiB. */
export const LONGEST_PLAIN_KEY = 1_900;

// Stands in no UTF-8 text, so no id is a long one's key, and long ids follow all others of their
// beginning.
const MARK = 0xff;
const HASH_BYTES = 32;

/** Makes 32 bytes of an id; two ids may have the same. */
export type SeriesHash = (id: string) => Uint8Array;

/** SHA-256, which makes equal hashes a matter of theory; they are right all the same. */
export const sha256: SeriesHash = (id) => createHash('sha256').update(id).digest();

/**
 * The key of a series: its id, so that the file is in series order. A longer id is cut, and kept
 * apart from others of the same beginning by its hash.
 */
export function seriesKey(id: string, hash: SeriesHash = sha256): SeriesKey {
  // A UTF-16 unit is at most three bytes of UTF-8, so most ids need no count.
  if (id.length * 3 <= LONGEST_PLAIN_KEY) return id;
  const bytes = Buffer.from(id);
  if (bytes.length <= LONGEST_PLAIN_KEY) return id;
  const key = Buffer.alloc(LONGEST_PLAIN_KEY + 1 + HASH_BYTES, MARK);
  bytes.copy(key, 0, 0, LONGEST_PLAIN_KEY);
  key.set(hash(id), LONGEST_PLAIN_KEY + 1);
  return key;
}

/** From which key on and up to which one, the last left out, series stand. */
export interface KeyRange {
  readonly start?: SeriesKey;
  readonly end?: SeriesKey;
}

/** Where the series of a metric name stand; those of a very long name stand among others. */
export function keysOfName(name: string): readonly KeyRange[] {
  const { bare, start: first, end } = rangeOf(name);
  if (Buffer.byteLength(end) <= LONGEST_PLAIN_KEY) {
    // No key stands between a text and the same text with a zero behind it.
    return [
      { start: bare, end: `${bare}\0` },
      { start: first, end },
    ];
  }
  // Longer texts than LMDB takes: all whose keys begin as those of such a name, up to the last
  // hash.
  const start = Buffer.from(name).subarray(0, LONGEST_PLAIN_KEY);
  return [{ start, end: Buffer.concat([start, Buffer.alloc(1 + HASH_BYTES + 1, MARK)]) }];
}

/** How keys are written to and read from LMDB's own buffers. */
export const SERIES_KEY_ENCODER = {
  /** Writes a key; returns where it ends. LMDB makes more room after a RangeError. */
  writeKey(key: SeriesKey, target: Buffer, start: number): number {
    if (typeof key !== 'string') {
      target.set(key, start);
      return start + key.length;
    }
    const room = target.length - start;
    // Buffer.write would cut the text off without a word.
    if (key.length * 3 > room && Buffer.byteLength(key) > room) throw new RangeError('no room');
    return start + target.write(key, start);
  },
  /** Reads a key. */
  readKey(source: Buffer, start: number, end: number): SeriesKey {
    if (end - start > LONGEST_PLAIN_KEY) return Buffer.from(source.subarray(start, end));
    return source.toString('utf8', start, end);
  },
};
