import type { Pace } from '../scheduling/pace.ts';
import type { ChangeList } from '../snapshot/change-list.ts';
import type { StagedLines } from '../snapshot/staged-lines.ts';

/** Stands for the line of a position that has none. */
export const NO_LINE = 0xffff_ffff;

/**
 * Which line of the snapshot each position of the last full read was of: four bytes for a series,
 * and none if the source gives its series in the order of the lines. If the source has numbers for
 * its series, they are the positions.
 */
export type LineOrder = Uint32Array | undefined;

/** What a read did to a family that the next snapshot has. */
export interface FamilyRead {
  /** Its chunks in the snapshot before: from the first one up to but without the end. */
  readonly firstChunk: number;
  readonly endChunk: number;
  /** Its new series; of a delta, its changes by key. */
  readonly changes: ChangeList;
  /**
   * Before which of its lines each new series went; which line each change of a delta is of;
   * `NO_LINE` for the end of a series that had none.
   */
  readonly placedAt: Uint32Array;
}

/** The lines of the positions of the read that goes on, beside those of the read before. */
export class PositionLog {
  /** How many positions there were so far. */
  count = 0;
  #before: LineOrder;
  readonly #lines: number;
  // Begun where the read differs from the one before.
  #own: Uint32Array | undefined;

  /** @param lines - how many lines the snapshot before has. */
  constructor(before: LineOrder, lines: number) {
    this.#before = before;
    this.#lines = lines;
  }

  /** The line that a position was of in the read before. */
  lineAt(position: number): number {
    if (this.#before !== undefined) return this.#before[position] ?? NO_LINE;
    return position >= 0 && position < this.#lines ? position : NO_LINE;
  }

  /** Notes the line of the next position. */
  add(line: number): void {
    const position = this.count++;
    if (this.#own === undefined) {
      if (line === this.lineAt(position)) return;
      this.#own = this.#begun(position);
    }
    if (position >= this.#own.length) {
      const longer = new Uint32Array(position * 2);
      longer.set(this.#own);
      this.#own = longer;
    }
    this.#own[position] = line;
  }

  /** Expects the lines in their own order from here on, whatever the read before did. */
  expectLines(): void {
    this.#own ??= this.#begun(this.count);
    this.#before = undefined;
  }

  #begun(count: number): Uint32Array {
    const own = new Uint32Array(Math.max(64, this.#lines + (this.#lines >> 3), count + 1));
    for (let at = 0; at < count; at++) own[at] = this.lineAt(at);
    return own;
  }

  /**
   * Uses the numbers of series as positions from here on; they come in any order.
   *
   * @param isSame - whether the last read had the same numbers; unnamed series then keep their lines.
   */
  turnToSlots(isSame: boolean): void {
    if (isSame) this.count = this.#before?.length ?? this.#lines;
    else this.#own = new Uint32Array(this.#lines).fill(NO_LINE);
  }

  /** Notes the line of a position in any order. */
  set(position: number, line: number): void {
    this.count = Math.max(this.count, position + 1);
    if (this.#own === undefined) {
      if (line === this.lineAt(position)) return;
      this.#own = Uint32Array.from({ length: this.count }, (_, at) => this.lineAt(at));
    }
    if (position >= this.#own.length) {
      const longer = new Uint32Array(position + (position >> 3) + 64).fill(NO_LINE);
      longer.set(this.#own);
      this.#own = longer;
    }
    this.#own[position] = line;
  }

  /** The position that each line was at in the read before. */
  positions(): (line: number) => number {
    const lines = this.#before;
    if (lines === undefined) return (line) => line;
    const positions = new Uint32Array(this.#lines).fill(NO_LINE);
    for (let at = 0; at < lines.length; at++) {
      if (lines[at] !== NO_LINE) positions[lines[at]!] = at;
    }
    return (line) => positions[line]!;
  }

  /** The order of this read in the lines of the snapshot that it led to. */
  async order(
    staged: StagedLines,
    families: readonly FamilyRead[],
    pace: Pace,
  ): Promise<LineOrder> {
    const isShifted = families.some(({ changes }) => changes.length > 0) || !isAllNamed(staged);
    if (!isShifted && this.#own === undefined && this.count >= (this.#before?.length ?? 0)) {
      return this.#before;
    }
    const own = this.#own;
    const order = new Uint32Array(this.count);
    for (let at = 0; at < this.count; at++) order[at] = own?.[at] ?? this.lineAt(at);
    if (isShifted) await shift(order, staged, families, pace, true);
    return isSorted(order) ? undefined : order;
  }

  /**
   * The order for the next read after a delta of series with numbers.
   *
   * @param hasMoved - whether lines were added; none was removed.
   */
  async orderOfSlots(
    staged: StagedLines,
    families: readonly FamilyRead[],
    hasMoved: boolean,
    pace: Pace,
  ): Promise<LineOrder> {
    if (this.#own === undefined && !hasMoved) return this.#before;
    const order = new Uint32Array(this.count);
    for (let at = 0; at < this.count; at++) order[at] = this.#own?.[at] ?? this.lineAt(at);
    if (hasMoved) await shift(order, staged, families, pace, false);
    else placeChanges(order, staged, families);
    return order;
  }

  /**
   * The order for the next read after a delta in which no line moved: its own if it named half of
   * the lines, else that of before.
   */
  orderOfDelta(staged: StagedLines, families: readonly FamilyRead[]): LineOrder {
    if (this.count * 2 < this.#lines || this.#own === undefined) return this.#before;
    const order = this.#own.slice(0, this.count);
    placeChanges(order, staged, families);
    return order;
  }
}

/** Notes the lines of changes by key, none of which moved a line. */
function placeChanges(
  order: Uint32Array,
  { places }: StagedLines,
  families: readonly FamilyRead[],
): void {
  for (const { firstChunk, changes, placedAt } of families) {
    for (let place = 0; place < changes.length; place++) {
      // A slot with another series' line would give that series its values.
      if (placedAt[place] === NO_LINE) continue;
      order[changes.position(place)] = places.starts[firstChunk]! + placedAt[place]!;
    }
  }
}

function isAllNamed({ chunks, places }: StagedLines): boolean {
  return chunks.every((chunk, at) => chunk?.named === places.chunks[at]!.series);
}

/** Whether each position has the line of its own number. */
function isSorted(order: Uint32Array): boolean {
  let at = 0;
  while (at < order.length && order[at] === at) at++;
  return at === order.length;
}

/** Turns lines of the snapshot before into lines of the next one, and fills in the new ones. */
async function shift(
  order: Uint32Array,
  staged: StagedLines,
  families: readonly FamilyRead[],
  pace: Pace,
  isComplete: boolean,
): Promise<void> {
  const next = await nextLines(staged, families, pace, isComplete);
  for (let at = 0; at < order.length; at++) {
    if (order[at] !== NO_LINE) order[at] = next[order[at]!]!;
  }
  for (const { changes, placedAt } of families) {
    for (let place = 0; place < changes.length; place++) {
      order[changes.position(place)] = placedAt[place]!;
      if ((place & 1023) === 0 && pace.shouldYield()) await pace.yield();
    }
  }
}

/**
 * The number that each line of the snapshot before has in the next one. The new lines get theirs in
 * `placedAt`, in the place of the lines that they went before.
 *
 * @param isComplete - whether lines that were not named ended.
 */
async function nextLines(
  { chunks, places }: StagedLines,
  families: readonly FamilyRead[],
  pace: Pace,
  isComplete: boolean,
): Promise<Uint32Array> {
  const next = new Uint32Array(places.count).fill(NO_LINE);
  let line = 0;
  for (const { firstChunk, endChunk, changes, placedAt } of families) {
    const first = places.starts[firstChunk]!;
    let place = 0;
    for (let at = firstChunk; at < endChunk; at++) {
      const chunk = chunks[at];
      const start = places.starts[at]!;
      for (let i = 0; i < places.chunks[at]!.series; i++) {
        const before = start - first + i;
        while (place < changes.length && placedAt[place]! <= before) placedAt[place++] = line++;
        if (!isComplete || chunk?.has(i) === true) next[start + i] = line++;
      }
      if (pace.shouldYield()) await pace.yield();
    }
    while (place < changes.length) placedAt[place++] = line++;
  }
  return next;
}
