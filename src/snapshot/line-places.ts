import type { Chunk } from './chunk.ts';
import type { Family, Snapshot } from './snapshot.ts';

/** So many lines have one entry in the table that says where to look for their chunk. */
const BLOCK_BITS = 6;

/**
 * The lines of a snapshot, numbered through all its chunks: finds the chunk of a line.
 *
 * Not for concurrent use: what was found is in the fields until the next call.
 */
export class LinePlaces {
  /** All chunks, in the order of their lines. */
  readonly chunks: readonly Chunk[];
  /** The number of the first line of each chunk, and last how many lines there are. */
  readonly starts: Uint32Array;
  /** Which chunk is the first of each family, and last how many chunks there are. */
  readonly firstChunks: Uint32Array;
  /** Which family each chunk is of. */
  readonly familyOf: Uint32Array;
  /** The number of the chunk that was found. */
  chunk = 0;
  /** The line in that chunk. */
  line = 0;
  readonly #blocks: Uint32Array;

  constructor({ families, series }: Snapshot) {
    this.chunks = families.flatMap((family: Family) => family.chunks);
    this.starts = new Uint32Array(this.chunks.length + 1);
    this.firstChunks = new Uint32Array(families.length + 1);
    this.familyOf = new Uint32Array(this.chunks.length);
    this.#blocks = new Uint32Array((series >> BLOCK_BITS) + 1);
    let block = 0;
    for (let at = 0; at < this.chunks.length; at++) {
      const end = this.starts[at]! + this.chunks[at]!.series;
      this.starts[at + 1] = end;
      for (; block << BLOCK_BITS < end; block++) this.#blocks[block] = at;
    }
    for (let at = 0, chunk = 0; at < families.length; at++) {
      const end = chunk + families[at]!.chunks.length;
      this.familyOf.fill(at, chunk, end);
      this.firstChunks[at + 1] = chunk = end;
    }
  }

  /** How many lines there are. */
  get count(): number {
    return this.starts[this.chunks.length]!;
  }

  /** Finds a line by its number, which must be one. */
  find(number: number): void {
    const { starts } = this;
    let { chunk } = this;
    // Sources that keep the order of the lines stay in one chunk for long.
    if (number < starts[chunk]! || number >= starts[chunk + 1]!) {
      chunk = this.#blocks[number >> BLOCK_BITS]!;
      while (number >= starts[chunk + 1]!) chunk++;
      this.chunk = chunk;
    }
    this.line = number - starts[chunk]!;
  }
}
