import type { ChangeList } from './change-list.ts';
import { type Chunk, chunkFor } from './chunk.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import type { Pace } from './pace.ts';
import { isEnd } from './staging.ts';

/** Whether the changes are all there is, so that what they do not name has ended. */
export type MergeExtent = 'partial' | 'complete';

/**
 * The one merge that both kinds of refresh are: the chunks of a family, and its changes in series
 * order, give the chunks of the next snapshot.
 *
 * Pure: neither the chunks nor the changes are touched. A chunk in which nothing changed is shared
 * with the result, so the cost grows with the chunks that changed. The builder must be empty; it is
 * empty again afterwards.
 */
export async function mergeFamily(
  chunks: readonly Chunk[],
  changes: ChangeList,
  extent: MergeExtent,
  pace: Pace,
  builder: ChunkBuilder,
): Promise<readonly Chunk[]> {
  const merge = new ChunkMerge(changes, extent, builder);
  let at = 0;
  while (at < chunks.length) {
    // Where only some series changed, whole stretches of chunks are of no concern.
    const next = extent === 'complete' || builder.isPending ? at : merge.nextChunk(chunks, at);
    while (at < next) builder.share(chunks[at++]!);
    if (at >= chunks.length) break;
    await merge.chunk(chunks[at]!, chunks[at + 1]?.firstId, pace);
    at++;
    if (builder.isPending && !builder.isShort) builder.cut();
    if (pace.due()) await pace.rest();
  }
  while (merge.addRest(256)) if (pace.due()) await pace.rest();
  return builder.finish();
}

/** Goes through the changes of a family beside its chunks. */
class ChunkMerge {
  readonly #changes: ChangeList;
  readonly #extent: MergeExtent;
  readonly #builder: ChunkBuilder;
  #next = 0;
  // Of the chunk that is being merged: the first line not looked at, the first line not yet copied,
  // whether anything differs, and the times, copied once one of them moves.
  #line = 0;
  #copied = 0;
  #isChanged = false;
  #times: Float64Array = new Float64Array(0);

  constructor(changes: ChangeList, extent: MergeExtent, builder: ChunkBuilder) {
    this.#changes = changes;
    this.#extent = extent;
    this.#builder = builder;
  }

  /** The first chunk at or after `from` that the next change belongs to; none left: the length. */
  nextChunk(chunks: readonly Chunk[], from: number): number {
    if (this.#next >= this.#changes.length) return chunks.length;
    return chunkFor(chunks, this.#id(), from);
  }

  /**
   * Merges one chunk with the changes before the id that the next chunk begins with. Lines are copied
   * in stretches between changes. A chunk without any is shared, unless lines already wait for it.
   */
  async chunk(chunk: Chunk, before: string | undefined, pace: Pace): Promise<void> {
    this.#line = 0;
    this.#copied = 0;
    this.#isChanged = false;
    this.#times = chunk.updatedAt;
    for (; this.#next < this.#changes.length; this.#next++) {
      const id = this.#id();
      if (before !== undefined && id >= before) break;
      this.#change(chunk, this.#seek(chunk, id));
      // A chunk may be where a million new series belong.
      if ((this.#next & 255) === 255 && pace.due()) await pace.rest();
    }
    const end = this.#extent === 'complete' ? this.#line : chunk.series;
    if (end < chunk.series) this.#isChanged = true;
    if (this.#isChanged || this.#builder.isPending) this.#copyTo(chunk, end);
    else if (this.#times === chunk.updatedAt) this.#builder.share(chunk);
    else this.#builder.share(chunk.withUpdatedAt(this.#times));
  }

  /** Adds some of the changes that come after every chunk; answers whether there are more. */
  addRest(count: number): boolean {
    const end = Math.min(this.#next + count, this.#changes.length);
    for (; this.#next < end; this.#next++) if (!isEnd(this.#time())) this.#addLine(false);
    return this.#next < this.#changes.length;
  }

  /** Moves to the line of a series, or to where it would stand; answers whether it is there. */
  #seek(chunk: Chunk, id: string): boolean {
    if (this.#extent === 'partial') {
      this.#line = chunk.find(id, this.#line);
      return this.#line < chunk.series && chunk.compare(this.#line, id) === 0;
    }
    const from = this.#line;
    let order = 1;
    while (this.#line < chunk.series && (order = chunk.compare(this.#line, id)) < 0) this.#line++;
    if (this.#line > from) {
      // What a complete set does not name has ended: leave those lines out.
      this.#copyTo(chunk, from);
      this.#copied = this.#line;
      this.#isChanged = true;
    }
    return this.#line < chunk.series && order === 0;
  }

  #change(chunk: Chunk, isPresent: boolean): void {
    const hasEnded = isEnd(this.#time());
    if (!isPresent && hasEnded) return;
    const line = this.#line;
    if (isPresent) this.#line++;
    if (isPresent && !hasEnded && Object.is(chunk.values[line], this.#value())) {
      this.#touch(chunk, line);
      return;
    }
    this.#isChanged = true;
    this.#copyTo(chunk, line);
    this.#copied = this.#line;
    if (hasEnded) return;
    if (isPresent) this.#builder.addChanged(chunk, line, this.#value(), this.#time());
    else this.#addLine(true);
  }

  /** Moves the time of a line whose text stays as it is. */
  #touch(chunk: Chunk, line: number): void {
    if (this.#times[line] === this.#time()) return;
    if (this.#times === chunk.updatedAt) this.#times = chunk.updatedAt.slice();
    this.#times[line] = this.#time();
  }

  #copyTo(chunk: Chunk, end: number): void {
    this.#builder.addRange(chunk, this.#copied, end, this.#times);
    this.#copied = end;
  }

  #addLine(isRebuild: boolean): void {
    this.#builder.addLine(this.#id(), this.#value(), this.#time(), isRebuild);
  }

  #id(): string {
    return this.#changes.staged.ids[this.#changes.order[this.#next]!]!;
  }

  #value(): number {
    return this.#changes.staged.values[this.#changes.order[this.#next]!]!;
  }

  #time(): number {
    return this.#changes.staged.times[this.#changes.order[this.#next]!]!;
  }
}
