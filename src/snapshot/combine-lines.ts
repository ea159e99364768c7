import type { Payload } from '../model/entries.ts';
import type { FamilyType } from '../model/family-metadata.ts';
import { compareKeys } from '../model/key/index.ts';
import type { RejectionReason } from '../model/rejection.ts';
import { typeFault } from '../model/type-rules.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { Chunk } from './chunk.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import { sumPayloads } from './sum-payloads.ts';

/** Which of the lines counts where several readers have the same series. */
export type MergedDuplicates =
  /** That of the reader that stands first in the list. */
  | 'first'
  /**
   * That with the newest `updatedAt`; at a tie, that of the reader that stands first in the list.
   */
  | 'newest'
  /**
   * None alone: the sum of their values, with the newest `updatedAt`; that of the first reader if
   * they cannot be added.
   */
  | 'add';

/** What a merge of lines needs, and whom it tells of lines that are left out. */
export interface LineCombination {
  readonly duplicates: MergedDuplicates;
  readonly pace: Pace;
  /** Must be empty; it is empty again afterwards. */
  readonly builder: ChunkBuilder;
  /** Called for each line that lost to another one of its series, or that the type forbids. */
  readonly onLeftOut: (reason: RejectionReason, chunk: Chunk, line: number) => void;
}

/**
 * Merges the chunks of one family from several readers into one series order.
 *
 * Pure: chunks are not touched, and one that no other reader's lines fall into is shared with the
 * result, with whatever was derived from its text.
 */
export async function combineLines(
  parts: readonly (readonly Chunk[])[],
  merge: LineCombination,
): Promise<readonly Chunk[]> {
  const open = parts.filter((chunks) => chunks.length > 0).map((chunks) => new LineCursor(chunks));
  while (open.length > 0) {
    let first = open[0]!;
    let next: string | undefined;
    for (let i = 1; i < open.length; i++) {
      const cursor = open[i]!;
      if (compareKeys(cursor.id, first.id) < 0) {
        next = first.id;
        first = cursor;
      } else if (next === undefined || compareKeys(cursor.id, next) < 0) next = cursor.id;
    }
    if (next === first.id) takeOneOf(open, first, merge);
    else {
      const end = first.lineOf(next);
      putLines(merge.builder, first.chunk, first.line, end);
      first.moveTo(end);
    }
    for (let i = open.length - 1; i >= 0; i--) if (open[i]!.isDone) open.splice(i, 1);
    if (merge.pace.shouldYield()) await merge.pace.yield();
  }
  return merge.builder.finish();
}

/** Leaves out the lines that a type forbids, of a reader that did not know the type. */
export async function fittingLines(
  chunks: readonly Chunk[],
  type: FamilyType,
  merge: LineCombination,
): Promise<readonly Chunk[]> {
  for (const chunk of chunks) {
    let taken = 0;
    for (let line = 0; line < chunk.series; line++) {
      const reason = typeFault(type, chunk.id(line), chunk.payload(line));
      if (reason === undefined) continue;
      merge.onLeftOut(reason, chunk, line);
      putLines(merge.builder, chunk, taken, line);
      taken = line + 1;
    }
    putLines(merge.builder, chunk, taken, chunk.series);
    if (merge.pace.shouldYield()) await merge.pace.yield();
  }
  return merge.builder.finish();
}

/**
 * Takes one line for a series that several readers have: one of theirs, telling of the others, or
 * their sum.
 */
function takeOneOf(open: readonly LineCursor[], first: LineCursor, merge: LineCombination): void {
  const { id } = first;
  const rivals = open.filter((cursor) => cursor.id === id);
  if (merge.duplicates === 'add') {
    const sum = sumPayloads(rivals.map((rival) => rival.payload));
    if (sum !== undefined) {
      const time = rivals.reduce((newest, rival) => Math.max(newest, rival.time), -Infinity);
      merge.builder.addChanged(first.chunk, first.line, sum, time);
      for (const rival of rivals) rival.moveTo(rival.line + 1);
      return;
    }
  }
  let winner = first;
  if (merge.duplicates === 'newest') {
    for (const rival of rivals) if (rival.time > winner.time) winner = rival;
  }
  putLines(merge.builder, winner.chunk, winner.line, winner.line + 1);
  for (const rival of rivals) {
    if (rival !== winner) merge.onLeftOut('duplicate', rival.chunk, rival.line);
    rival.moveTo(rival.line + 1);
  }
}

/** Takes over lines of a chunk: the whole chunk by reference where that can be. */
function putLines(builder: ChunkBuilder, chunk: Chunk, from: number, end: number): void {
  const isWhole = from === 0 && end === chunk.series;
  // What waits is made a chunk of its own for that, unless it would be a tiny one.
  if (isWhole && builder.isPending && !builder.isShort) builder.cut();
  if (isWhole && !builder.isPending) builder.share(chunk);
  else builder.addRange(chunk, from, end);
}

/** A place in the chunks of one reader. */
class LineCursor {
  /** The chunk of the line; the last one at the end. */
  chunk: Chunk;
  line = 0;
  /** The id of the line; meaningless at the end. */
  id: string;
  isDone = false;
  readonly #chunks: readonly Chunk[];
  #at = 0;

  /** @param chunks - at least one. */
  constructor(chunks: readonly Chunk[]) {
    this.#chunks = chunks;
    this.chunk = chunks[0]!;
    this.id = this.chunk.firstId;
  }

  /** The time of the line, in Unix milliseconds. */
  get time(): number {
    return this.chunk.updatedAt[this.line]!;
  }

  /** What the line has. */
  get payload(): Payload {
    return this.chunk.payload(this.line);
  }

  /** The first line of the chunk that does not come before an id that comes after this line. */
  lineOf(id: string | undefined): number {
    const { chunk, line } = this;
    if (id === undefined || compareKeys(chunk.lastId, id) < 0) return chunk.series;
    // Where readers take turns, it is the next line.
    return chunk.compare(line + 1, id) >= 0 ? line + 1 : chunk.find(id, line + 2);
  }

  /** Moves on to a line of the chunk, or behind its last one to the next chunk. */
  moveTo(line: number): void {
    if (line < this.chunk.series) {
      this.line = line;
      this.id = this.chunk.id(line);
      return;
    }
    const next = this.#chunks[++this.#at];
    if (next === undefined) this.isDone = true;
    else {
      this.chunk = next;
      this.line = 0;
      this.id = next.firstId;
    }
  }
}
