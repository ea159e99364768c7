import type { Chunk } from '../snapshot/chunk.ts';
import type { LineFilter, Yielding } from './line-filter.ts';

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
  yielding: Yielding,
): Promise<SelectedLines | undefined> {
  const { chunk } = lines;
  const marks = await filter.mark(chunk, yielding, lines.marks);
  let series = 0;
  for (const mark of marks) series += mark;
  if (series === 0) return undefined;
  return series === lines.series ? lines : { chunk, marks, series };
}

/**
 * Copies selected lines from one line on, until they are long enough. Returns the copy and the next
 * line.
 *
 * @param enough - in bytes; the last line may go beyond it.
 */
export function copyLines(
  { chunk, marks }: SelectedLines,
  from: number,
  enough: number,
): { readonly text: Buffer; readonly next: number } {
  let bytes = 0;
  let next = from;
  for (; next < chunk.series && bytes < enough; next++) {
    if (marks?.[next] !== 0) bytes += chunk.lineEnd[next]! - chunk.lineStart(next);
  }
  // Not from Node's pool, which a small part would keep alive.
  const text = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (let line = from; line < next; line++) {
    if (marks?.[line] === 0) continue;
    const start = chunk.lineStart(line);
    while (line + 1 < next && marks?.[line + 1] !== 0) line++;
    at += chunk.text.copy(text, at, start, chunk.lineEnd[line]);
  }
  return { text, next };
}
