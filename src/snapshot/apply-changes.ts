import { compareKeys } from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { ChangeList } from './change-list.ts';
import { type Chunk, chunkFor } from './chunk.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import { ChunkEdits } from './chunk-edits.ts';
import { isPatchable, patchChunk } from './chunk-patch.ts';
import { isEnd } from './staging.ts';

/** Whether the changes are all there is, so that what they do not name has ended. */
export type ChangeExtent = 'partial' | 'complete';

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
  while (at < chunks.length) {
    // Where only some series changed, whole stretches of chunks are of no concern.
    const next = extent === 'complete' || builder.isPending ? at : merge.nextChunk(chunks, at);
    while (at < next) builder.share(chunks[at++]!);
    if (at >= chunks.length) break;
    const chunk = chunks[at]!;
    merge.begin(chunk);
    const before = chunks[at + 1]?.firstId;
    // A chunk may be where a million new series belong.
    while (!merge.find(chunk, before)) if (pace.shouldYield()) await pace.yield();
    const copying = merge.apply(chunk, pace);
    if (copying !== undefined) await copying;
    at++;
    if (builder.isPending && !builder.isShort) builder.cut();
    if (pace.shouldYield()) await pace.yield();
  }
  while (merge.addRest(64)) if (pace.shouldYield()) await pace.yield();
  return builder.finish();
}

/**
 * Goes through the changes of a family beside its chunks, one chunk at a time: first find, then
 * apply.
 */
class ChunkChanges {
  readonly #changes: ChangeList;
  readonly #extent: ChangeExtent;
  readonly #builder: ChunkBuilder;
  readonly #edits: ChunkEdits;
  #next = 0;
  #line = 0;
  // The changes whose ids are known to begin as all ids of the chunk do, so that it need not be
  // compared for each of them (bench/micro/find.ts).
  #alikeFrom = 0;
  #alikeEnd = 0;

  constructor(changes: ChangeList, extent: ChangeExtent, builder: ChunkBuilder) {
    this.#changes = changes;
    this.#extent = extent;
    this.#builder = builder;
    this.#edits = new ChunkEdits(changes);
  }

  /** The first chunk at or after `from` that the next change belongs to; none left: the length. */
  nextChunk(chunks: readonly Chunk[], from: number): number {
    if (this.#next >= this.#changes.length) return chunks.length;
    return chunkFor(chunks, this.#changes.id(this.#next), from);
  }

  /** Turns to a chunk. */
  begin(chunk: Chunk): void {
    this.#line = 0;
    // Searches jump about in the text. Read in order before, it comes from main memory all at once
    // rather than miss by miss (bench/micro/find.ts). UTF-8 has no such byte.
    if (this.#extent === 'partial') chunk.text.indexOf(0xff);
    this.#alikeFrom = this.#changes.find(chunk.firstId, this.#next);
    this.#alikeEnd = this.#changes.find(chunk.lastId, this.#alikeFrom);
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
    if (this.#extent === 'complete') {
      for (; this.#line < chunk.series; this.#line++) this.#edits.remove(this.#line);
    }
    return true;
  }

  /** Puts a chunk with its edits into the builder; what may take long is a promise. */
  apply(chunk: Chunk, pace: Pace): Promise<void> | undefined {
    const edits = this.#edits;
    const builder = this.#builder;
    const isShared = !builder.isPending && edits.length === 0;
    if (isShared) builder.share(edits.withTimes(chunk));
    else if (builder.isPending || !isPatchable(chunk, edits)) return this.#copy(chunk, pace);
    else builder.put(patchChunk(chunk, edits, builder.work));
    edits.clear();
    return undefined;
  }

  /** Adds some of the changes that come after every chunk; returns whether there are more. */
  addRest(count: number): boolean {
    const end = Math.min(this.#next + count, this.#changes.length);
    for (; this.#next < end; this.#next++) {
      const time = this.#changes.time(this.#next);
      if (isEnd(time)) continue;
      const { id, value } = this.#changes.at(this.#next);
      this.#builder.addLine(id, value, time, false);
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
    if (this.#extent === 'partial') {
      this.#line = chunk.find(id, this.#line, alike);
      return this.#line < chunk.series && chunk.compare(this.#line, id, alike) === 0;
    }
    let order = 1;
    while (this.#line < chunk.series && (order = chunk.compare(this.#line, id, alike)) < 0) {
      // What a complete set does not name has ended.
      this.#edits.remove(this.#line++);
    }
    return this.#line < chunk.series && order === 0;
  }

  #note(chunk: Chunk, isPresent: boolean): void {
    const time = this.#changes.time(this.#next);
    if (!isPresent) {
      if (!isEnd(time)) this.#edits.add(this.#line, this.#next);
      return;
    }
    const line = this.#line++;
    if (isEnd(time)) this.#edits.remove(line);
    else if (!Object.is(chunk.values[line], this.#changes.value(this.#next))) {
      this.#edits.change(line, this.#next);
    } else if (chunk.updatedAt[line] !== time) this.#edits.touch(line, time);
  }
}
