import { compareKeys } from '../model/key/index.ts';

/**
 * Some tens of KiB of finished lines, sorted by series id, and what is needed to find and change
 * one.
 *
 * Immutable: `text` and the arrays are never written after construction, so snapshots share chunks
 * by reference and whatever is derived from `text` may be kept for as long as `text` lives. There
 * is no object for a series: 24 bytes of index beside the line itself.
 */
export class Chunk {
  /** The finished lines, each `id value\n`, in UTF-8. Derived forms are keyed by this object. */
  readonly text: Buffer;
  /** Where each line ends, behind its line feed. */
  readonly lineEnd: Uint32Array;
  /** Where each line's id ends; a space and the value follow. */
  readonly idEnd: Uint32Array;
  /** The value of each line. */
  readonly values: Float64Array;
  /** When each value was true, in Unix milliseconds. */
  readonly updatedAt: Float64Array;
  /** The id of the first line. */
  readonly firstId: string;
  /** The id of the last line. */
  readonly lastId: string;
  /** What all ids begin with, as far as it is ASCII. */
  readonly prefix: string;

  constructor(parts: ChunkParts) {
    this.text = parts.text;
    this.lineEnd = parts.lineEnd;
    this.idEnd = parts.idEnd;
    this.values = parts.values;
    this.updatedAt = parts.updatedAt;
    this.firstId = this.id(0);
    this.lastId = this.id(this.series - 1);
    this.prefix = commonPrefix(this.firstId, this.lastId);
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

  /**
   * The same lines with other times: the text, and so all that is derived from it, stays shared.
   */
  withUpdatedAt(updatedAt: Float64Array): Chunk {
    const { text, lineEnd, idEnd, values } = this;
    return new Chunk({ text, lineEnd, idEnd, values, updatedAt });
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

/** What a chunk is made of. */
export interface ChunkParts {
  readonly text: Buffer;
  readonly lineEnd: Uint32Array;
  readonly idEnd: Uint32Array;
  readonly values: Float64Array;
  readonly updatedAt: Float64Array;
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
