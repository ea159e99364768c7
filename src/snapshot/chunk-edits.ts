import { tailStart } from '../model/value/index.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { ChangeList } from './change-list.ts';
import type { Chunk, LineColumns } from './chunk.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import type { StagedChunk } from './staged-lines.ts';
import { ownText, type Tails, tailsOrNone } from './tails.ts';

/** The longest text of a number: `-0.0000010001108409327143` has 25 characters. */
const NUMBER_BYTES = 25;

/** The place of an edit whose payload is that which was staged for its line. */
const OF_LINE = -1;

/** What becomes of one line, or where a new one goes. */
export type EditKind = 'change' | 'remove' | 'add';

/**
 * What is to become of one chunk: edits in the order of its lines, and times and tails that changed
 * without their values. Parallel arrays that are used again for the next chunk, rather than an
 * object for each edit.
 */
export class ChunkEdits {
  /** The line that each edit is about; a new line goes before it. */
  readonly lines: number[] = [];
  readonly kinds: EditKind[] = [];
  /**
   * Whether all edits are changes of values, so that the lines stay as many and in their places.
   */
  isValuesOnly = true;
  /**
   * How much longer the chunk gets by changes of values and tails, in bytes; at most about this.
   */
  growth = 0;
  /** What a full read said of the lines of the chunk; undefined for nothing. */
  staged: StagedChunk | undefined;
  readonly #changes: ChangeList;
  /** The place of each edit's change in the list of changes, or `OF_LINE`. */
  readonly #places: number[] = [];
  readonly #touched: number[] = [];
  readonly #times: number[] = [];
  /** Lines whose tail changed and whose value stays, and the places of their changes. */
  readonly #retailed: number[] = [];
  readonly #tailPlaces: number[] = [];
  #hasTexts = false;

  constructor(changes: ChangeList) {
    this.#changes = changes;
  }

  /** How many edits there are. */
  get length(): number {
    return this.lines.length;
  }

  /**
   * Gives a line the payload and time of a change, which has another value than the line.
   *
   * @param place - of the change; left out for what was staged for the line.
   */
  change(chunk: Chunk, line: number, place: number = OF_LINE): void {
    this.#push('change', line, place);
    const text = this.#textAt(line, place);
    if (text === undefined) this.growth += NUMBER_BYTES;
    else {
      this.#hasTexts = true;
      this.growth += text.length - chunk.valueBytes(line) - (chunk.tails?.[line]?.length ?? 0);
    }
  }

  /** Gives a line the tail and time of a change, which has the line's value. */
  retail(chunk: Chunk, line: number, place: number = OF_LINE): void {
    this.touch(line, this.#timeAt(line, place));
    this.#retailed.push(line);
    this.#tailPlaces.push(place);
    const text = this.#textAt(line, place);
    const tailLength = text === undefined ? 0 : text.length - tailStart(text);
    this.growth += tailLength - (chunk.tails?.[line]?.length ?? 0);
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

  /** The text of an edit that is no removal; undefined for a plain number. */
  text(edit: number): string | undefined {
    return this.#textAt(this.lines[edit]!, this.#places[edit]!);
  }

  /** The number of an edit that is neither a removal nor has a text. */
  value(edit: number): number {
    const place = this.#places[edit]!;
    return place === OF_LINE
      ? this.staged!.index.values[this.lines[edit]!]!
      : this.#changes.value(place);
  }

  /** The time of an edit that is no removal. */
  time(edit: number): number {
    return this.#timeAt(this.lines[edit]!, this.#places[edit]!);
  }

  /** The times and tails of a chunk with those that changed; the chunk's own if none did. */
  columnsOf(chunk: Chunk): LineColumns {
    return { updatedAt: this.#timesOf(chunk), tails: this.#tailsOf(chunk) };
  }

  /**
   * Copies the lines of a chunk into a builder, in stretches between the edits, and in slices: a
   * million new series may belong into one chunk.
   */
  async copyTo(builder: ChunkBuilder, chunk: Chunk, pace: Pace): Promise<void> {
    const columns = this.columnsOf(chunk);
    let copied = 0;
    for (let edit = 0; edit < this.length; edit++) {
      if ((edit & 63) === 63 && pace.shouldYield()) await pace.yield();
      const line = this.lines[edit]!;
      builder.addRange(chunk, copied, line, columns);
      copied = this.kinds[edit] === 'add' ? line : line + 1;
      if (this.kinds[edit] === 'remove') continue;
      const payload = this.text(edit) ?? this.value(edit);
      const time = this.time(edit);
      if (this.kinds[edit] === 'change') builder.addChanged(chunk, line, payload, time);
      else builder.addLine(this.#changes.id(this.#places[edit]!), payload, time, true);
    }
    builder.addRange(chunk, copied, chunk.series, columns);
  }

  /** Forgets all edits. */
  clear(): void {
    this.lines.length = 0;
    this.kinds.length = 0;
    this.#places.length = 0;
    this.#touched.length = 0;
    this.#times.length = 0;
    this.#retailed.length = 0;
    this.#tailPlaces.length = 0;
    this.isValuesOnly = true;
    this.growth = 0;
    this.#hasTexts = false;
  }

  #timesOf(chunk: Chunk): Float64Array {
    if (this.#touched.length === 0) return chunk.updatedAt;
    const times = chunk.updatedAt.slice();
    for (let i = 0; i < this.#touched.length; i++) times[this.#touched[i]!] = this.#times[i]!;
    return times;
  }

  #tailsOf(chunk: Chunk): Tails | undefined {
    const retailed = this.#retailed;
    if (chunk.tails === undefined && !this.#hasTexts && retailed.length === 0) return undefined;
    let tails: (string | undefined)[] | undefined;
    const put = (line: number, place: number): void => {
      const tail = place === OF_LINE ? this.staged!.tail(line) : this.#changes.tail(place);
      if (tail === (tails ?? chunk.tails)?.[line]) return;
      tails ??= chunk.tails?.slice() ?? Array.from({ length: chunk.series }, () => undefined);
      tails[line] = tail && ownText(tail);
    };
    for (let i = 0; i < retailed.length; i++) put(retailed[i]!, this.#tailPlaces[i]!);
    for (let edit = 0; edit < this.length; edit++) {
      if (this.kinds[edit] === 'change') put(this.lines[edit]!, this.#places[edit]!);
    }
    return tails === undefined ? chunk.tails : tailsOrNone(tails);
  }

  #textAt(line: number, place: number): string | undefined {
    return place === OF_LINE ? this.staged!.text(line) : this.#changes.text(place);
  }

  #timeAt(line: number, place: number): number {
    return place === OF_LINE ? this.staged!.index.updatedAt[line]! : this.#changes.time(place);
  }

  #push(kind: EditKind, line: number, place: number): void {
    this.lines.push(line);
    this.kinds.push(kind);
    this.#places.push(place);
  }
}
