import { type Tails, tailsOrNone } from '../snapshot/tails.ts';
import { type LineFilter, type SelectableLines, startOf, type Yielding } from './line-filter.ts';

/** Some lines of a chunk, at least one. */
export interface SelectedLines {
  readonly chunk: SelectableLines;
  /** 1 for each selected line; undefined for all lines. */
  readonly marks: Uint8Array | undefined;
  readonly series: number;
}

/** All lines of a chunk. */
export function allLines(chunk: SelectableLines): SelectedLines {
  return { chunk, marks: undefined, series: chunk.lineEnd.length };
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

/** Lines that were copied out of a chunk. */
export interface CopiedLines {
  readonly text: Buffer;
  /** What stands behind the value of each line, as in a chunk. */
  readonly tails: Tails | undefined;
  /** The line of the chunk to go on with. */
  readonly next: number;
}

/**
 * Copies selected lines from one line on, until they are long enough.
 *
 * @param enough - in bytes; the last line may go beyond it.
 */
export function copyLines(
  { chunk, marks }: Pick<SelectedLines, 'chunk' | 'marks'>,
  from: number,
  enough: number,
): CopiedLines {
  let bytes = 0;
  let next = from;
  for (; next < chunk.lineEnd.length && bytes < enough; next++) {
    if (marks?.[next] !== 0) bytes += chunk.lineEnd[next]! - startOf(chunk, next);
  }
  // Not from Node's pool, which a small part would keep alive.
  const text = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (let line = from; line < next; line++) {
    if (marks?.[line] === 0) continue;
    const start = startOf(chunk, line);
    while (line + 1 < next && marks?.[line + 1] !== 0) line++;
    at += chunk.text.copy(text, at, start, chunk.lineEnd[line]);
  }
  return { text, tails: selectedTails({ chunk, marks }, from, next), next };
}

/** The tails of the selected lines from one up to but without another. */
export function selectedTails(
  { chunk, marks }: Pick<SelectedLines, 'chunk' | 'marks'>,
  from = 0,
  end: number = chunk.lineEnd.length,
): Tails | undefined {
  const isAll = marks === undefined && from === 0 && end === chunk.lineEnd.length;
  if (chunk.tails === undefined || isAll) return chunk.tails;
  return tailsOrNone(chunk.tails.slice(from, end).filter((_, i) => marks?.[from + i] !== 0));
}
