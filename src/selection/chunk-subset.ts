import { Chunk } from '../cache/chunk.ts';
import { newIndex } from '../cache/chunk-index.ts';

/** Stretches of lines that follow each other: the first and the one behind the last of each, by turns. */
export type LineRanges = Uint32Array;

/** The stretches of lines that are marked. */
export function rangesOf(marks: Uint8Array, lines: number): LineRanges {
  const ranges: number[] = [];
  for (let line = 0; line < lines; ) {
    if (marks[line] === 0) {
      line++;
      continue;
    }
    ranges.push(line);
    while (line < lines && marks[line] !== 0) line++;
    ranges.push(line);
  }
  return Uint32Array.from(ranges);
}

/** A chunk of some lines of another, at least one; its memory is of the right size, and its own. */
export function subsetOf(chunk: Chunk, ranges: LineRanges): Chunk {
  let lines = 0;
  let bytes = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    lines += ranges[i + 1]! - ranges[i]!;
    bytes += chunk.lineEnd[ranges[i + 1]! - 1]! - chunk.lineStart(ranges[i]!);
  }
  const text = Buffer.allocUnsafeSlow(bytes);
  const index = newIndex(lines);
  let line = 0;
  let at = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const [first, end] = [ranges[i]!, ranges[i + 1]!];
    const start = chunk.lineStart(first);
    const stop = chunk.lineEnd[end - 1]!;
    text.set(chunk.text.subarray(start, stop), at);
    index.values.set(chunk.values.subarray(first, end), line);
    index.updatedAt.set(chunk.updatedAt.subarray(first, end), line);
    for (let from = first; from < end; from++, line++) {
      index.lineEnd[line] = chunk.lineEnd[from]! - start + at;
      index.idEnd[line] = chunk.idEnd[from]! - start + at;
    }
    at += stop - start;
  }
  return new Chunk({ text, ...index });
}

/** The same lines of a chunk whose text is as before, with the times of now: the subset's text stays. */
export function retimedSubset(subset: Chunk, chunk: Chunk, ranges: LineRanges): Chunk {
  const updatedAt = new Float64Array(subset.series);
  let line = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    const times = chunk.updatedAt.subarray(ranges[i]!, ranges[i + 1]!);
    updatedAt.set(times, line);
    line += times.length;
  }
  return subset.withUpdatedAt(updatedAt);
}
