import { formatSampleValue } from '../model/sample-value.ts';
import { tailStart } from '../model/value/index.ts';
import { Chunk } from './chunk.ts';
import { type ChunkBuilder, MAX_BYTES } from './chunk-builder.ts';
import type { ChunkEdits } from './chunk-edits.ts';
import { type ChunkIndex, newIndex } from './chunk-index.ts';
import { numberIn } from './payload-text.ts';

/** From this length on a call of `write` costs less than a loop. */
const LONG_VALUE = 32;

/** Whether edits keep all lines in their places, and the chunk short enough to be one. */
export function isPatchable(chunk: Chunk, edits: ChunkEdits): boolean {
  const isShort = edits.growth <= 0 || chunk.bytes + edits.growth <= MAX_BYTES;
  return edits.isValuesOnly && isShort;
}

/**
 * Makes a new chunk in which only values changed, the commonest change by far: every byte is copied
 * once, into memory of the right size, where the builder would copy it twice
 * (bench/micro/patch.ts).
 */
export function patchChunk(
  chunk: Chunk,
  edits: ChunkEdits,
  { work, memory }: Pick<ChunkBuilder, 'work' | 'memory'>,
): Chunk {
  const index = newIndex(chunk.series);
  const { values, updatedAt } = index;
  const columns = edits.columnsOf(chunk);
  values.set(chunk.values);
  updatedAt.set(columns.updatedAt);
  const texts: string[] = new Array(edits.length);
  let growth = 0;
  let isShifted = false;
  for (let edit = 0; edit < edits.length; edit++) {
    const line = edits.lines[edit]!;
    const payload = edits.text(edit);
    if (payload === undefined) {
      values[line] = edits.value(edit);
      texts[edit] = formatSampleValue(values[line]!);
    } else {
      texts[edit] = payload.slice(0, tailStart(payload));
      values[line] = numberIn(texts[edit]!);
    }
    updatedAt[line] = edits.time(edit);
    const longer = texts[edit]!.length - chunk.valueBytes(line);
    if (longer !== 0) isShifted = true;
    growth += longer;
  }
  work.linesRendered += edits.length;
  work.chunksRebuilt++;
  work.bytesCopied += chunk.text.length;
  const text = memory.text(chunk.text.length + growth);
  if (isShifted) writeShifted(text, chunk, edits, texts);
  else overwrite(text, chunk, edits, texts);
  index.lineEnd.set(chunk.lineEnd);
  index.idEnd.set(chunk.idEnd);
  if (isShifted) shiftLines(index, chunk, edits, texts);
  return new Chunk({ text, tails: columns.tails, ...index, ids: chunk.ids });
}

/** The text where each new value is as long as the one before: the lines stay where they are. */
function overwrite(text: Buffer, chunk: Chunk, edits: ChunkEdits, texts: readonly string[]): void {
  text.set(chunk.text);
  for (let edit = 0; edit < texts.length; edit++) {
    writeAscii(text, texts[edit]!, chunk.idEnd[edits.lines[edit]!]! + 1);
  }
}

function writeShifted(
  text: Buffer,
  chunk: Chunk,
  edits: ChunkEdits,
  texts: readonly string[],
): void {
  const from = chunk.text;
  let read = 0;
  let written = 0;
  for (let edit = 0; edit < texts.length; edit++) {
    const line = edits.lines[edit]!;
    const valueAt = chunk.idEnd[line]! + 1;
    text.set(from.subarray(read, valueAt), written);
    written += valueAt - read;
    written = writeAscii(text, texts[edit]!, written);
    read = chunk.lineEnd[line]! - 1;
  }
  text.set(from.subarray(read), written);
}

function shiftLines(
  { lineEnd, idEnd }: ChunkIndex,
  chunk: Chunk,
  edits: ChunkEdits,
  texts: readonly string[],
): void {
  let shift = 0;
  for (let edit = 0; edit < texts.length; edit++) {
    const line = edits.lines[edit]!;
    const nextLine = edits.lines[edit + 1] ?? chunk.series;
    shift += texts[edit]!.length - chunk.valueBytes(line);
    if (shift === 0) continue;
    lineEnd[line]! += shift;
    for (let i = line + 1; i < nextLine; i++) {
      lineEnd[i]! += shift;
      idEnd[i]! += shift;
    }
    if (nextLine < chunk.series) idEnd[nextLine]! += shift;
  }
}

/** Numbers are a few ASCII characters: a loop costs less than a call of `write`. */
function writeAscii(to: Buffer, value: string, at: number): number {
  if (value.length >= LONG_VALUE) return at + to.write(value, at, 'latin1');
  for (let i = 0; i < value.length; i++) to[at + i] = value.charCodeAt(i);
  return at + value.length;
}
