import type { Chunk } from '../cache/chunk.ts';
import type { LineFilter, Rests } from './line-filter.ts';

/** Some lines of a chunk, at least one. */
export interface SelectedLines {
  readonly chunk: Chunk;
  /** 1 for each selected line; undefined for all lines. */
  readonly marks: Uint8Array | undefined;
  readonly series: number;
}

/** All lines of a chunk. */
export function allLines(chunk: Chunk): SelectedLines {
  return { chunk, marks: undefined, series: chunk.series };
}

/** The wanted ones of some lines: the same object if all are, undefined if none is. */
export async function wantedLines(
  lines: SelectedLines,
  filter: LineFilter,
  rests: Rests,
): Promise<SelectedLines | undefined> {
  const { chunk } = lines;
  const marks = await filter.mark(chunk, rests, lines.marks);
  let series = 0;
  for (const mark of marks) series += mark;
  if (series === 0) return undefined;
  return series === lines.series ? lines : { chunk, marks, series };
}

/**
 * Copies selected lines from one line on, until they are long enough. Returns the copy and the next line.
 *
 * @param enough - in bytes; the last line may go beyond it.
 */
export function copyLines(
  { chunk, marks }: SelectedLines,
  from: number,
  enough: number,
): { readonly text: Buffer; readonly next: number } {
  const parts: Buffer[] = [];
  let bytes = 0;
  let line = from;
  while (line < chunk.series && bytes < enough) {
    if (marks?.[line] === 0) {
      line++;
      continue;
    }
    const start = chunk.lineStart(line);
    while (line < chunk.series && marks?.[line] !== 0 && bytes < enough) {
      bytes += chunk.lineEnd[line]! - chunk.lineStart(line);
      line++;
    }
    parts.push(chunk.text.subarray(start, chunk.lineEnd[line - 1]));
  }
  // Not from Node's pool, which a small part would keep alive.
  const text = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) at += part.copy(text, at);
  return { text, next: line };
}
