import { formatSampleValue } from '../model/sample-value.ts';
import { Chunk } from './chunk.ts';
import { type ChunkBuilder, MAX_BYTES } from './chunk-builder.ts';
import type { StagedChunk } from './staged-lines.ts';

/** The longest text of a number; `-0.0000010001108409327143` has 25. */
const NUMBER_BYTES = 32;
/** From this length on a call of `set` costs less than a loop. */
const LONG_COPY = 384;
/** Integers up to here are written without a string for each. */
const LARGEST_QUICK = 999_999_999;

/** The text of one chunk after the other: it is filled and copied out, never handed out. */
let scratch: Buffer = Buffer.alloc(0);

/**
 * The chunk that follows from one whose lines were all named by a full read, in one pass: ids are
 * copied, numbers written behind them (bench/micro/positions.ts). If no number changed the text is
 * shared.
 *
 * @returns undefined if there is more than numbers, or too much text for one chunk: the general way
 *   has to be taken.
 */
export function renderNumbers(
  chunk: Chunk,
  staged: StagedChunk,
  builder: ChunkBuilder,
): Chunk | undefined {
  if (chunk.tails !== undefined || staged.texts !== undefined) return undefined;
  const { index } = staged;
  const first = firstChange(chunk, index.values);
  if (first === chunk.series) {
    if (sameNumbers(chunk.updatedAt, index.updatedAt)) return chunk;
    // A view would keep the values and the places too.
    return chunk.withColumns({ updatedAt: index.updatedAt.slice(), tails: undefined });
  }
  const to = scratchOf(chunk.text.length + chunk.series * NUMBER_BYTES);
  const { bytes, rendered } = writeLines(chunk, staged, first, to);
  if (bytes > MAX_BYTES) return undefined;
  const text = builder.memory.text(bytes);
  text.set(to.subarray(0, bytes));
  builder.work.linesRendered += rendered;
  builder.work.bytesCopied += chunk.text.length;
  builder.work.chunksRebuilt++;
  return new Chunk({ text, tails: undefined, ...index, ids: chunk.ids });
}

function scratchOf(bytes: number): Buffer {
  if (scratch.length < bytes) scratch = Buffer.allocUnsafeSlow(bytes + 16 * 1024);
  return scratch;
}

/** Writes the lines with the staged numbers, and where they are. */
function writeLines(
  chunk: Chunk,
  { index: { values, lineEnd, idEnd } }: StagedChunk,
  first: number,
  to: Buffer,
): { readonly bytes: number; readonly rendered: number } {
  const from = chunk.text;
  const source = new DataView(from.buffer, from.byteOffset, from.length);
  const target = new DataView(to.buffer, to.byteOffset, to.length);
  lineEnd.set(chunk.lineEnd.subarray(0, first));
  idEnd.set(chunk.idEnd.subarray(0, first));
  let read = 0;
  let written = 0;
  let rendered = 0;
  for (let line = first; line < chunk.series; line++) {
    const end = chunk.idEnd[line]!;
    idEnd[line] = end + written - read;
    if (!isSame(chunk, line, values[line]!)) {
      if (end - read < LONG_COPY) {
        // By words: up to three bytes too many, which are a space, a digit and a line feed at
        // least, and are written over.
        const shift = written - read;
        for (let at = read; at < end; at += 4) {
          target.setUint32(at + shift, source.getUint32(at, true), true);
        }
      } else to.set(from.subarray(read, end), written);
      written += end - read;
      to[written++] = 0x20;
      written = writeNumber(to, written, values[line]!);
      read = chunk.lineEnd[line]! - 1;
      rendered++;
    }
    lineEnd[line] = chunk.lineEnd[line]! + written - read;
  }
  to.set(from.subarray(read), written);
  return { bytes: written + from.length - read, rendered };
}

/** The first line whose number is another one; how many lines there are if none is. */
function firstChange(chunk: Chunk, values: Float64Array): number {
  let line = 0;
  while (line < values.length && isSame(chunk, line, values[line]!)) line++;
  return line;
}

function isSame(chunk: Chunk, line: number, value: number): boolean {
  const before = chunk.values[line]!;
  // Zeros have signs, and a composite stands as NaN.
  if (before === value) return value !== 0 || Object.is(before, value);
  return Number.isNaN(value) && chunk.hasNumber(line, value);
}

function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Writes a number as `formatSampleValue` does; returns where it ends. */
function writeNumber(to: Buffer, at: number, value: number): number {
  if (value >= 1 && value <= LARGEST_QUICK && Number.isInteger(value)) {
    return writeInteger(to, at, value);
  }
  const text = formatSampleValue(value);
  for (let i = 0; i < text.length; i++) to[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function writeInteger(to: Buffer, at: number, value: number): number {
  let end = at + 1;
  for (let power = 10; value >= power; power *= 10) end++;
  let rest = value | 0;
  for (let digit = end - 1; digit >= at; digit--) {
    const tens = (rest / 10) | 0;
    to[digit] = 0x30 + rest - tens * 10;
    rest = tens;
  }
  return end;
}
