import { compareKeys } from '../model/key/index.ts';
import { tailStart } from '../model/value/index.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { ChangeList } from './change-list.ts';
import { type Chunk, chunkFor } from './chunk.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import { ChunkEdits } from './chunk-edits.ts';
import { renderNumbers } from './chunk-numbers.ts';
import { isPatchable, patchChunk } from './chunk-patch.ts';
import type { StagedChunk } from './staged-lines.ts';
import { isEnd } from './staging.ts';

/** What a read said of the lines of a family, beside its changes by key, which were said later. */
export interface StagedSet {
  /** What was said of the lines of each chunk. */
  readonly staged: readonly (StagedChunk | undefined)[];
  /** Whether that and the changes are all there is, so that what neither names has ended. */
  readonly isComplete: boolean;
  /**
   * Which line of the family each change is of, or goes before; filled in here, but for ends of
   * series that are not there.
   */
  readonly placedAt: Uint32Array;
  /** Whether lines were added or removed; set here. */
  hasMoved: boolean;
}

/**
 * Whether the changes are all there is, so that what they do not name has ended; or what was staged
 * by line.
 */
export type ChangeExtent = 'partial' | 'complete' | StagedSet;

/**
 * The one merge that both kinds of refresh are: the chunks of a family, and its changes in series
 * order, give the chunks of the next snapshot.
 *
 * Pure: neither the chunks nor the changes are touched. A chunk in which nothing changed is shared
 * with the result, so the cost grows with the chunks that changed. The builder must be empty; it is
 * empty again afterwards.
 */
export async function applyChanges(
  chunks: readonly Chunk[],
  changes: ChangeList,
  extent: ChangeExtent,
  pace: Pace,
  builder: ChunkBuilder,
): Promise<readonly Chunk[]> {
  const merge = new ChunkChanges(changes, extent, builder);
  let at = 0;
  let base = 0;
  while (at < chunks.length) {
    // Where only some series changed, whole stretches of chunks are of no concern.
    const next = merge.isComplete || builder.isPending ? at : merge.nextChunk(chunks, at);
    for (; at < next; at++) {
      base += chunks[at]!.series;
      builder.share(chunks[at]!);
    }
    if (at >= chunks.length) break;
    const chunk = chunks[at]!;
    const before = chunks[at + 1]?.firstId;
    merge.begin(chunk, at++, base);
    base += chunk.series;
    if (merge.takeAll(chunk, before)) {
      if (pace.shouldYield()) await pace.yield();
      continue;
    }
    // A chunk may be where a million new series belong.
    while (!merge.find(chunk, before)) if (pace.shouldYield()) await pace.yield();
    const copying = merge.apply(chunk, pace);
    if (copying !== undefined) await copying;
    if (builder.isPending && !builder.isShort) builder.cut();
    if (pace.shouldYield()) await pace.yield();
  }
  while (merge.addRest(64, base)) if (pace.shouldYield()) await pace.yield();
  return builder.finish();
}

/**
 * Goes through the changes of a family beside its chunks, one chunk at a time: first find, then
 * apply.
 */
class ChunkChanges {
  /** Whether what is not named has ended. */
  readonly isComplete: boolean;
  readonly #changes: ChangeList;
  readonly #set: StagedSet | undefined;
  readonly #builder: ChunkBuilder;
  readonly #edits: ChunkEdits;
  #next = 0;
  #line = 0;
  // The changes whose ids are known to begin as all ids of the chunk do, so that it need not be
  // compared for each of them (bench/micro/find.ts).
  #alikeFrom = 0;
  #alikeEnd = 0;
  /** How many lines the chunks before have. */
  #base = 0;

  constructor(changes: ChangeList, extent: ChangeExtent, builder: ChunkBuilder) {
    this.#changes = changes;
    this.#set = typeof extent === 'object' ? extent : undefined;
    this.isComplete = this.#set?.isComplete ?? extent === 'complete';
    this.#builder = builder;
    this.#edits = new ChunkEdits(changes);
  }

  /**
   * The first chunk at or after `from` that the next change belongs to, or that has staged lines;
   * none left: the length.
   */
  nextChunk(chunks: readonly Chunk[], from: number): number {
    const isLast = this.#next >= this.#changes.length;
    const end = isLast ? chunks.length : chunkFor(chunks, this.#changes.id(this.#next), from);
    if (this.#set === undefined) return end;
    let next = from;
    while (next < end && this.#set.staged[next] === undefined) next++;
    return next;
  }

  /** Sets the current chunk, its number in the family, and how many lines are before it. */
  begin(chunk: Chunk, number: number, base: number): void {
    this.#line = 0;
    this.#base = base;
    this.#edits.staged = this.#set?.staged[number];
    // Searches jump about in the text. Read in order before, it comes from main memory all at once
    // rather than miss by miss (bench/micro/find.ts). UTF-8 has no such byte.
    if (!this.isComplete && this.#next < this.#changes.length) chunk.text.indexOf(0xff);
    this.#alikeFrom = this.#changes.find(chunk.firstId, this.#next);
    this.#alikeEnd = this.#changes.find(chunk.lastId, this.#alikeFrom);
  }

  /**
   * Takes a chunk over whose lines were all named as numbers, if no change belongs there: in one
   * pass. Returns whether it was.
   */
  takeAll(chunk: Chunk, before: string | undefined): boolean {
    const { staged } = this.#edits;
    if (staged?.named !== chunk.series || this.#builder.isPending) return false;
    if (this.#next < this.#changes.length) {
      if (before === undefined || compareKeys(this.#changes.id(this.#next), before) < 0)
        return false;
    }
    const next = renderNumbers(chunk, staged, this.#builder);
    if (next === undefined) return false;
    if (next.text === chunk.text) this.#builder.share(next);
    else this.#builder.put(next);
    return true;
  }

  /**
   * Finds what the changes before the id that the next chunk begins with mean for a chunk; answers
   * false to be called again, after a rest if that is due.
   */
  find(chunk: Chunk, before: string | undefined): boolean {
    const stop = Math.min(this.#changes.length, this.#next + 128);
    for (; this.#next < stop; this.#next++) {
      const id = this.#changes.id(this.#next);
      if (before !== undefined && compareKeys(id, before) >= 0) break;
      this.#note(chunk, this.#seek(chunk, id));
    }
    if (this.#next === stop && stop < this.#changes.length) return false;
    this.#noteStagedTo(chunk, chunk.series);
    return true;
  }

  /** Puts a chunk with its edits into the builder; what may take long is a promise. */
  apply(chunk: Chunk, pace: Pace): Promise<void> | undefined {
    const edits = this.#edits;
    const builder = this.#builder;
    if (builder.isPending || !isPatchable(chunk, edits)) return this.#copy(chunk, pace);
    if (edits.length === 0) builder.share(chunk.withColumns(edits.columnsOf(chunk)));
    else builder.put(patchChunk(chunk, edits, builder));
    edits.clear();
    return undefined;
  }

  /** Adds some of the changes that come after every chunk; returns whether there are more. */
  addRest(count: number, base: number): boolean {
    const end = Math.min(this.#next + count, this.#changes.length);
    for (; this.#next < end; this.#next++) {
      const time = this.#changes.time(this.#next);
      if (isEnd(time)) continue;
      this.#notePlace(base, true);
      const { id, payload } = this.#changes.at(this.#next);
      this.#builder.addLine(id, payload, time, false);
    }
    return this.#next < this.#changes.length;
  }

  async #copy(chunk: Chunk, pace: Pace): Promise<void> {
    await this.#edits.copyTo(this.#builder, chunk, pace);
    this.#edits.clear();
  }

  /** Moves to the line of a series, or to where it would stand; returns whether it is there. */
  #seek(chunk: Chunk, id: string): boolean {
    const isAlike = this.#next >= this.#alikeFrom && this.#next < this.#alikeEnd;
    const alike = isAlike ? chunk.prefix.length : 0;
    if (!this.isComplete) {
      this.#noteStagedTo(chunk, chunk.find(id, this.#line, alike));
      return this.#line < chunk.series && chunk.compare(this.#line, id, alike) === 0;
    }
    let order = 1;
    while (this.#line < chunk.series && (order = chunk.compare(this.#line, id, alike)) < 0) {
      this.#noteStaged(chunk, this.#line++);
    }
    return this.#line < chunk.series && order === 0;
  }

  #note(chunk: Chunk, isPresent: boolean): void {
    const time = this.#changes.time(this.#next);
    if (!isPresent) {
      if (isEnd(time)) return;
      this.#edits.add(this.#line, this.#next);
      this.#notePlace(this.#base + this.#line, true);
      return;
    }
    this.#notePlace(this.#base + this.#line, isEnd(time));
    const line = this.#line++;
    if (isEnd(time)) this.#edits.remove(line);
    else {
      const text = this.#changes.text(this.#next);
      if (!hasValue(chunk, line, text, this.#changes.value(this.#next))) {
        this.#edits.change(chunk, line, this.#next);
      } else if (chunk.tails?.[line] !== this.#changes.tail(this.#next)) {
        this.#edits.retail(chunk, line, this.#next);
      } else if (chunk.updatedAt[line] !== time) this.#edits.touch(line, time);
    }
  }

  /** Moves up to a line, and notes what was staged for those before it. */
  #noteStagedTo(chunk: Chunk, end: number): void {
    if (!this.isComplete && this.#edits.staged === undefined) this.#line = end;
    while (this.#line < end) this.#noteStaged(chunk, this.#line++);
  }

  /** Notes what was staged for a line; one that a complete set does not name has ended. */
  #noteStaged(chunk: Chunk, line: number): void {
    const edits = this.#edits;
    const { staged } = edits;
    if (staged === undefined || !staged.has(line)) {
      if (this.isComplete) edits.remove(line);
      return;
    }
    const { values, updatedAt } = staged.index;
    if (!hasValue(chunk, line, staged.text(line), values[line]!)) edits.change(chunk, line);
    else if (chunk.tails?.[line] !== staged.tail(line)) edits.retail(chunk, line);
    else if (chunk.updatedAt[line] !== updatedAt[line]) edits.touch(line, updatedAt[line]!);
  }

  #notePlace(line: number, hasMoved: boolean): void {
    if (this.#set === undefined) return;
    this.#set.placedAt[this.#next] = line;
    if (hasMoved) this.#set.hasMoved = true;
  }
}

/** Whether the value of a line is a number, or that of a payload that is a text. */
function hasValue(chunk: Chunk, line: number, text: string | undefined, value: number): boolean {
  return text === undefined
    ? chunk.hasNumber(line, value)
    : chunk.hasText(line, text, tailStart(text));
}
