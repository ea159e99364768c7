import type { Payload } from '../model/entries.ts';
import { formatSampleValue } from '../model/sample-value.ts';
import { tailStart } from '../model/value/index.ts';
import { Chunk, type LineColumns } from './chunk.ts';
import { type ChunkIndex, copyIndex, newIndex } from './chunk-index.ts';
import { ChunkMemory } from './chunk-memory.ts';
import { numberIn, tailOf } from './payload-text.ts';
import type { RefreshWork } from './refresh-work.ts';
import { TailColumn, type Tails } from './tails.ts';

/** How long a chunk of new lines gets, in bytes. */
const TARGET_BYTES = 64 * 1024;
/**
 * How long a changed chunk may get before it is cut; the gap to the target spares its neighbours.
 */
export const MAX_BYTES: number = 96 * 1024;
/** A changed chunk that is shorter is joined with its neighbour. */
const MIN_BYTES = 16 * 1024;
/**
 * The longest text of a number, its space and its line feed; `-0.0000010001108409327143` has 25.
 */
const VALUE_BYTES = 32;

/**
 * Collects lines in series order and cuts them into chunks.
 *
 * One builder serves a whole refresh: its scratch memory is filled and copied out, never handed
 * out.
 */
export class ChunkBuilder {
  /** Counters of the refresh that this builder is for. */
  readonly work: RefreshWork;
  /** Where the texts of its chunks are written. */
  readonly memory: ChunkMemory;
  #text: Buffer = Buffer.alloc(0);
  #bytes = 0;
  #index: ChunkIndex = newIndex(0);
  readonly #tails = new TailColumn();
  #lines = 0;
  #done: Chunk[] = [];

  /** @param memory - of the cache that the chunks are for. */
  constructor(work: RefreshWork, memory: ChunkMemory = new ChunkMemory()) {
    this.work = work;
    this.memory = memory;
  }

  /** Whether lines are waiting that belong to no chunk yet. */
  get isPending(): boolean {
    return this.#lines > 0;
  }

  /** Whether the waiting lines are too few for a chunk of their own. */
  get isShort(): boolean {
    return this.#length < MIN_BYTES;
  }

  /** Takes over a chunk as it is; nothing may be pending. */
  share(chunk: Chunk): void {
    this.#done.push(chunk);
    this.work.chunksShared++;
  }

  /** Takes a new chunk that was made elsewhere; nothing may be pending. */
  put(chunk: Chunk): void {
    this.#done.push(chunk);
  }

  /** Adds the line of a new series. */
  addLine(id: string, payload: Payload, updatedAt: number, isRebuild: boolean): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.#reserve(id.length * 3 + longestLine(payload), 1);
    const idEnd = this.#bytes + this.#text.write(id, this.#bytes);
    this.#endLine(idEnd, payload, updatedAt);
    if (this.#length >= (isRebuild ? MAX_BYTES : TARGET_BYTES)) this.cut();
  }

  /** Adds a line of an older chunk with another payload. */
  addChanged(from: Chunk, line: number, payload: Payload, updatedAt: number): void {
    const start = from.lineStart(line);
    const idBytes = from.idEnd[line]! - start;
    this.#reserve(idBytes + longestLine(payload), 1);
    this.#text.set(from.text.subarray(start, start + idBytes), this.#bytes);
    this.work.bytesCopied += idBytes;
    this.#endLine(this.#bytes + idBytes, payload, updatedAt);
    if (this.#length >= MAX_BYTES) this.cut();
  }

  /**
   * Adds lines of an older chunk as they are, from one up to but without another.
   *
   * @param columns - their times and tails; the chunk's own by default.
   */
  addRange(from: Chunk, first: number, end: number, columns: LineColumns = from): void {
    for (let line = first; line < end; ) {
      const stop = this.#fitting(from, line, end, columns.tails);
      this.#copyLines(from, line, stop, columns);
      if (stop < end || this.#length >= MAX_BYTES) this.cut();
      line = stop;
    }
  }

  /** Makes a chunk of what is pending. */
  cut(): void {
    if (this.#lines === 0) return;
    const text = this.memory.text(this.#bytes);
    text.set(this.#text.subarray(0, this.#bytes));
    const tails = this.#tails.take(this.#lines);
    this.#done.push(new Chunk({ text, tails, ...copyIndex(this.#index, this.#lines) }));
    this.work.chunksRebuilt++;
    this.#lines = 0;
    this.#bytes = 0;
  }

  /** Ends a family: cuts what is pending and hands over its chunks. */
  finish(): readonly Chunk[] {
    this.cut();
    const done = this.#done;
    this.#done = [];
    return done;
  }

  /** How long the waiting lines are, with their tails. */
  get #length(): number {
    return this.#bytes + this.#tails.length;
  }

  /** Where to cut some lines that would make too long a chunk together with what is pending. */
  #fitting(from: Chunk, first: number, end: number, tails: Tails | undefined): number {
    const start = from.lineStart(first) - this.#length;
    if (from.lineEnd[end - 1]! - start + lengthOf(tails, first, end) <= MAX_BYTES) return end;
    let stop = first + 1;
    let tailed = lengthOf(tails, first, stop);
    while (stop < end && from.lineEnd[stop - 1]! - start + tailed < TARGET_BYTES) {
      tailed += lengthOf(tails, stop, ++stop);
    }
    return stop;
  }

  #copyLines(from: Chunk, first: number, end: number, columns: LineColumns): void {
    const start = from.lineStart(first);
    const bytes = from.lineEnd[end - 1]! - start;
    this.#reserve(bytes, end - first);
    this.#text.set(from.text.subarray(start, start + bytes), this.#bytes);
    this.work.bytesCopied += bytes;
    const { lineEnd, idEnd } = this.#index;
    const shift = this.#bytes - start;
    for (let i = first, to = this.#lines; i < end; i++, to++) {
      lineEnd[to] = from.lineEnd[i]! + shift;
      idEnd[to] = from.idEnd[i]! + shift;
    }
    this.#index.values.set(from.values.subarray(first, end), this.#lines);
    this.#index.updatedAt.set(columns.updatedAt.subarray(first, end), this.#lines);
    if (columns.tails) this.#tails.putRange(this.#lines, columns.tails, first, end);
    this.#lines += end - first;
    this.#bytes += bytes;
  }

  #endLine(idEnd: number, payload: Payload, updatedAt: number): void {
    let value: number;
    let text: string;
    if (typeof payload === 'number') {
      value = payload;
      text = formatSampleValue(payload);
    } else {
      text = payload.slice(0, tailStart(payload));
      value = numberIn(text);
      const tail = tailOf(payload);
      if (tail !== undefined) this.#tails.put(this.#lines, tail);
    }
    this.#text[idEnd] = 0x20;
    const end = idEnd + 1 + this.#text.write(text, idEnd + 1, 'latin1');
    this.#text[end] = 0x0a;
    this.#bytes = end + 1;
    const index = this.#index;
    index.lineEnd[this.#lines] = this.#bytes;
    index.idEnd[this.#lines] = idEnd;
    index.values[this.#lines] = value;
    index.updatedAt[this.#lines] = updatedAt;
    this.#lines++;
    this.work.linesRendered++;
  }

  #reserve(bytes: number, lines: number): void {
    if (this.#bytes + bytes > this.#text.length) {
      const larger = Buffer.allocUnsafeSlow((this.#bytes + bytes) * 2);
      larger.set(this.#text.subarray(0, this.#bytes));
      this.#text = larger;
    }
    if (this.#lines + lines > this.#index.values.length) {
      const larger = newIndex((this.#lines + lines) * 2);
      larger.values.set(this.#index.values);
      larger.updatedAt.set(this.#index.updatedAt);
      larger.lineEnd.set(this.#index.lineEnd);
      larger.idEnd.set(this.#index.idEnd);
      this.#index = larger;
    }
  }
}

/** The most bytes that a payload can take in a line. */
function longestLine(payload: Payload): number {
  return VALUE_BYTES + (typeof payload === 'number' ? 0 : payload.length);
}

/** How long the tails of some lines are together, in UTF-16 units. */
function lengthOf(tails: Tails | undefined, first: number, end: number): number {
  let length = 0;
  if (tails !== undefined) for (let i = first; i < end; i++) length += tails[i]?.length ?? 0;
  return length;
}
