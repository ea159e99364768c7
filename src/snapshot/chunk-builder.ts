import { formatSampleValue } from '../model/sample-value.ts';
import { Chunk } from './chunk.ts';
import { type ChunkIndex, copyIndex, newIndex } from './chunk-index.ts';
import type { RefreshWork } from './refresh-work.ts';

/** How long a chunk of new lines gets, in bytes. */
const TARGET_BYTES = 64 * 1024;
/**
 * How long a changed chunk may get before it is cut; the gap to the target spares its neighbours.
 */
export const MAX_BYTES: number = 96 * 1024;
/** A changed chunk that is shorter is joined with its neighbour. */
const MIN_BYTES = 16 * 1024;
/** The longest text of a value, its space and its line feed; `-0.0000010001108409327143` has 25. */
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
  #text: Buffer = Buffer.allocUnsafeSlow(MAX_BYTES * 2);
  #bytes = 0;
  #index: ChunkIndex = newIndex(4096);
  #lines = 0;
  #done: Chunk[] = [];

  constructor(work: RefreshWork) {
    this.work = work;
  }

  /** Whether lines are waiting that belong to no chunk yet. */
  get isPending(): boolean {
    return this.#lines > 0;
  }

  /** Whether the waiting lines are too few for a chunk of their own. */
  get isShort(): boolean {
    return this.#bytes < MIN_BYTES;
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
  addLine(id: string, value: number, updatedAt: number, isRebuild: boolean): void {
    // A UTF-16 unit is at most three bytes of UTF-8.
    this.#reserve(id.length * 3 + VALUE_BYTES, 1);
    const idEnd = this.#bytes + this.#text.write(id, this.#bytes);
    this.#endLine(idEnd, value, updatedAt);
    if (this.#bytes >= (isRebuild ? MAX_BYTES : TARGET_BYTES)) this.cut();
  }

  /** Adds a line of an older chunk with another value. */
  addChanged(from: Chunk, line: number, value: number, updatedAt: number): void {
    const start = from.lineStart(line);
    const idBytes = from.idEnd[line]! - start;
    this.#reserve(idBytes + VALUE_BYTES, 1);
    this.#text.set(from.text.subarray(start, start + idBytes), this.#bytes);
    this.work.bytesCopied += idBytes;
    this.#endLine(this.#bytes + idBytes, value, updatedAt);
    if (this.#bytes >= MAX_BYTES) this.cut();
  }

  /** Adds lines of an older chunk as they are, from one up to but without another. */
  addRange(from: Chunk, first: number, end: number, updatedAt: Float64Array): void {
    for (let line = first; line < end; ) {
      const stop = this.#fitting(from, line, end);
      this.#copyLines(from, line, stop, updatedAt);
      if (stop < end || this.#bytes >= MAX_BYTES) this.cut();
      line = stop;
    }
  }

  /** Makes a chunk of what is pending. */
  cut(): void {
    if (this.#lines === 0) return;
    const text = Buffer.allocUnsafeSlow(this.#bytes);
    text.set(this.#text.subarray(0, this.#bytes));
    this.#done.push(new Chunk({ text, ...copyIndex(this.#index, this.#lines) }));
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

  /** Where to cut some lines that would make too long a chunk together with what is pending. */
  #fitting(from: Chunk, first: number, end: number): number {
    const start = from.lineStart(first);
    if (this.#bytes + from.lineEnd[end - 1]! - start <= MAX_BYTES) return end;
    let stop = first + 1;
    while (stop < end && this.#bytes + from.lineEnd[stop - 1]! - start < TARGET_BYTES) stop++;
    return stop;
  }

  #copyLines(from: Chunk, first: number, end: number, updatedAt: Float64Array): void {
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
    this.#index.updatedAt.set(updatedAt.subarray(first, end), this.#lines);
    this.#lines += end - first;
    this.#bytes += bytes;
  }

  #endLine(idEnd: number, value: number, updatedAt: number): void {
    this.#text[idEnd] = 0x20;
    const valueEnd = idEnd + 1 + this.#text.write(formatSampleValue(value), idEnd + 1, 'latin1');
    this.#text[valueEnd] = 0x0a;
    this.#bytes = valueEnd + 1;
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
