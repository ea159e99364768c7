import type { Payload } from '../model/entries.ts';
import { compareKeys } from '../model/key/index.ts';
import { formatSampleValue } from '../model/sample-value.ts';
import { type Tails, tailBytes } from './tails.ts';

/**
 * Some tens of KiB of finished lines, sorted by series id, and what is needed to find and change
 * one.
 *
 * Immutable: `text` and the arrays are never written after construction, so snapshots share chunks
 * by reference and whatever is derived from `text` may be kept for as long as `text` lives. What is
 * derived from tails too may be kept for as long as both live. There is no object for a series: 24
 * bytes of index beside the line itself.
 */
export class Chunk {
  /** The finished lines, each `id value\n`, in UTF-8. Derived forms are keyed by this object. */
  readonly text: Buffer;
  /** What stands behind the value of each line; undefined if no line has anything there. */
  readonly tails: Tails | undefined;
  /** How long the lines are with their tails. */
  readonly bytes: number;
  /** Where each line ends, behind its line feed. */
  readonly lineEnd: Uint32Array;
  /** Where each line's id ends; a space and the value follow. */
  readonly idEnd: Uint32Array;
  /** The value of each line; NaN for a composite. */
  readonly values: Float64Array;
  /** When each value was true, in Unix milliseconds. */
  readonly updatedAt: Float64Array;
  /** The same object as that of another chunk only if all ids are the same, in the same order. */
  readonly ids: ChunkIds;

  constructor(parts: ChunkParts) {
    this.text = parts.text;
    this.tails = parts.tails;
    this.bytes = parts.text.length + tailBytes(parts.tails);
    this.lineEnd = parts.lineEnd;
    this.idEnd = parts.idEnd;
    this.values = parts.values;
    this.updatedAt = parts.updatedAt;
    this.ids = parts.ids ?? idsOf(this.id(0), this.id(this.series - 1));
  }

  /** The id of the first line. */
  get firstId(): string {
    return this.ids.first;
  }

  /** The id of the last line. */
  get lastId(): string {
    return this.ids.last;
  }

  /** What all ids begin with, as far as it is ASCII. */
  get prefix(): string {
    return this.ids.prefix;
  }

  /** How many lines there are; never none. */
  get series(): number {
    return this.lineEnd.length;
  }

  /** Where a line begins. */
  lineStart(line: number): number {
    return line === 0 ? 0 : this.lineEnd[line - 1]!;
  }

  /** The id of a line, as a new string. */
  id(line: number): string {
    return this.text.toString('utf8', this.lineStart(line), this.idEnd[line]);
  }

  /** How long the text of a line's value is, in bytes. */
  valueBytes(line: number): number {
    // Between the id and the value stands a space, behind the value a line feed.
    return this.lineEnd[line]! - this.idEnd[line]! - 2;
  }

  /** Whether the value of a line is a number. */
  hasNumber(line: number, value: number): boolean {
    if (!Object.is(this.values[line], value)) return false;
    // A composite stands as NaN.
    return !Number.isNaN(value) || this.hasText(line, formatSampleValue(value));
  }

  /** Whether the value of a line is written as the first characters of a text. */
  hasText(line: number, text: string, length: number = text.length): boolean {
    if (this.valueBytes(line) !== length) return false;
    const start = this.idEnd[line]! + 1;
    // Values are ASCII.
    for (let i = 0; i < length; i++) {
      if (this.text[start + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** What a line has: a number, or the text of its value and its tail. */
  payload(line: number): Payload {
    const value = this.values[line]!;
    const tail = this.tails?.[line];
    if (tail === undefined && this.hasNumber(line, value)) return value;
    const text = this.text.toString('latin1', this.idEnd[line]! + 1, this.lineEnd[line]! - 1);
    return tail === undefined ? text : text + tail;
  }

  /**
   * The same lines with other times or tails: the text, and so all that is derived from it, stays
   * shared.
   */
  withColumns({ updatedAt, tails }: LineColumns): Chunk {
    if (updatedAt === this.updatedAt && tails === this.tails) return this;
    const { text, lineEnd, idEnd, values, ids } = this;
    return new Chunk({ text, tails, lineEnd, idEnd, values, updatedAt, ids });
  }

  /**
   * Orders a line against a series id: negative when the line comes first, 0 when it is that
   * series.
   *
   * @param alike - how many characters are known to be ASCII and the same; `prefix.length` for an
   *   id between the chunk's first and last.
   */
  compare(line: number, id: string, alike = 0): number {
    const { text } = this;
    const start = this.lineStart(line);
    const lineLength = this.idEnd[line]! - start;
    const length = Math.min(lineLength, id.length);
    for (let i = alike; i < length; i++) {
      const a = text[start + i]!;
      const b = id.charCodeAt(i);
      // A byte and a UTF-16 unit are comparable as long as one of them is ASCII.
      if (a >= 0x80 && b >= 0x80) return compareKeys(this.id(line), id);
      if (a !== b) return a - b;
    }
    return lineLength - id.length;
  }

  /**
   * The first line at or after `from` that does not come before the id: a binary search.
   *
   * @param alike - as for {@link Chunk.compare}.
   */
  find(id: string, from: number, alike = 0): number {
    let low = from;
    let high = this.series;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compare(middle, id, alike) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What lines have beside their text and where it is. */
export type LineColumns = Pick<Chunk, 'updatedAt' | 'tails'>;

/** What a chunk is made of. */
export interface ChunkParts {
  readonly text: Buffer;
  readonly tails: Tails | undefined;
  readonly lineEnd: Uint32Array;
  readonly idEnd: Uint32Array;
  readonly values: Float64Array;
  readonly updatedAt: Float64Array;
  /** Those of a chunk whose ids are all the same. */
  readonly ids?: ChunkIds;
}

/**
 * What chunks of the same ids share. What is derived from ids alone may be kept for as long as it
 * lives.
 */
export interface ChunkIds {
  /** The id of the first line. */
  readonly first: string;
  /** The id of the last line. */
  readonly last: string;
  /** What all ids begin with, as far as it is ASCII. */
  readonly prefix: string;
}

function idsOf(first: string, last: string): ChunkIds {
  return { first, last, prefix: commonPrefix(first, last) };
}

/** Lines are sorted, so what the first and the last id have in common, all have. */
function commonPrefix(first: string, last: string): string {
  let length = 0;
  while (length < first.length && first.charCodeAt(length) < 0x80) {
    if (first.charCodeAt(length) !== last.charCodeAt(length)) break;
    length++;
  }
  return first.slice(0, length);
}

/**
 * The chunk that a series belongs to: the last one that does not begin after the id, else the
 * first.
 */
export function chunkFor(chunks: readonly Chunk[], id: string, from: number): number {
  let low = from;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(chunks[middle]!.firstId, id) <= 0) low = middle + 1;
    else high = middle;
  }
  return Math.max(from, low - 1);
}
