import type { Pace } from '../scheduling/pace.ts';
import type { ChangeList } from './change-list.ts';
import type { Chunk } from './chunk.ts';
import type { ChunkBuilder } from './chunk-builder.ts';

/** What becomes of one line, or where a new one goes. */
export type EditKind = 'change' | 'remove' | 'add';

/**
 * What is to become of one chunk: edits in the order of its lines, and times that moved without
 * their values. Parallel arrays that are used again for the next chunk, rather than an object for
 * each edit.
 */
export class ChunkEdits {
  /** The line that each edit is about; a new line goes before it. */
  readonly lines: number[] = [];
  readonly kinds: EditKind[] = [];
  /**
   * Whether all edits are changes of values, so that the lines stay as many and in their places.
   */
  isValuesOnly = true;
  readonly #changes: ChangeList;
  /** The place of each edit's change in the list of changes. */
  readonly #places: number[] = [];
  readonly #touched: number[] = [];
  readonly #times: number[] = [];

  constructor(changes: ChangeList) {
    this.#changes = changes;
  }

  /** How many edits there are. */
  get length(): number {
    return this.lines.length;
  }

  /** Gives a line the value and time of a change. */
  change(line: number, place: number): void {
    this.#push('change', line, place);
  }

  /** Adds the series of a change before a line. */
  add(line: number, place: number): void {
    this.isValuesOnly = false;
    this.#push('add', line, place);
  }

  /** Leaves a line out. */
  remove(line: number): void {
    this.isValuesOnly = false;
    this.#push('remove', line, -1);
  }

  /** Moves the time of a line whose value stays. */
  touch(line: number, time: number): void {
    this.#touched.push(line);
    this.#times.push(time);
  }

  /** The value of an edit that is no removal. */
  value(edit: number): number {
    return this.#changes.value(this.#places[edit]!);
  }

  /** The time of an edit that is no removal. */
  time(edit: number): number {
    return this.#changes.time(this.#places[edit]!);
  }

  /** The times of a chunk with those that moved; the chunk's own where none did. */
  timesOf(chunk: Chunk): Float64Array {
    if (this.#touched.length === 0) return chunk.updatedAt;
    const times = chunk.updatedAt.slice();
    for (let i = 0; i < this.#touched.length; i++) times[this.#touched[i]!] = this.#times[i]!;
    return times;
  }

  /** The chunk with the times that moved and no edit; itself where no time did. */
  withTimes(chunk: Chunk): Chunk {
    const times = this.timesOf(chunk);
    return times === chunk.updatedAt ? chunk : chunk.withUpdatedAt(times);
  }

  /**
   * Copies the lines of a chunk into a builder, in stretches between the edits, and in slices: a
   * million new series may belong into one chunk.
   */
  async copyTo(builder: ChunkBuilder, chunk: Chunk, pace: Pace): Promise<void> {
    const times = this.timesOf(chunk);
    let copied = 0;
    for (let edit = 0; edit < this.length; edit++) {
      if ((edit & 63) === 63 && pace.shouldYield()) await pace.yield();
      const line = this.lines[edit]!;
      builder.addRange(chunk, copied, line, times);
      copied = this.kinds[edit] === 'add' ? line : line + 1;
      if (this.kinds[edit] === 'remove') continue;
      const { id, value, time } = this.#changes.at(this.#places[edit]!);
      if (this.kinds[edit] === 'add') builder.addLine(id, value, time, true);
      else builder.addChanged(chunk, line, value, time);
    }
    builder.addRange(chunk, copied, chunk.series, times);
  }

  /** Forgets all edits. */
  clear(): void {
    this.lines.length = 0;
    this.kinds.length = 0;
    this.#places.length = 0;
    this.#touched.length = 0;
    this.#times.length = 0;
    this.isValuesOnly = true;
  }

  #push(kind: EditKind, line: number, place: number): void {
    this.lines.push(line);
    this.kinds.push(kind);
    this.#places.push(place);
  }
}
