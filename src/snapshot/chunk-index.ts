import type { Chunk } from './chunk.ts';

/** What finds a line in a chunk's text, and its value and time as doubles: 24 bytes a line. */
export type ChunkIndex = Pick<Chunk, 'values' | 'updatedAt' | 'lineEnd' | 'idEnd'>;

/** Index arrays for some lines, side by side in one allocation. */
export function newIndex(lines: number): ChunkIndex {
  // Every byte is about to be written: memory that is not cleared first is cheaper.
  const memory = Buffer.allocUnsafeSlow(lines * 24).buffer;
  return {
    values: new Float64Array(memory, 0, lines),
    updatedAt: new Float64Array(memory, lines * 8, lines),
    lineEnd: new Uint32Array(memory, lines * 16, lines),
    idEnd: new Uint32Array(memory, lines * 20, lines),
  };
}

/** A copy of the first lines of index arrays, in memory of the right size. */
export function copyIndex(from: ChunkIndex, lines: number): ChunkIndex {
  const copy = newIndex(lines);
  copy.values.set(from.values.subarray(0, lines));
  copy.updatedAt.set(from.updatedAt.subarray(0, lines));
  copy.lineEnd.set(from.lineEnd.subarray(0, lines));
  copy.idEnd.set(from.idEnd.subarray(0, lines));
  return copy;
}
