import { compareKeys, unitRank } from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';

/** Up to here a range is sorted at once, which takes some milliseconds; 14 bits hold a place in it. */
const AT_ONCE = 16_384;
/** As many units are read at once, so fewer texts of long ones: about a millisecond's worth. */
const UNITS_AT_ONCE = 512 * 1024;
/** Up to here a range is sorted by comparing whole texts. */
const FEW = 12;
/** One more than there are UTF-16 units: the end of a text comes before all of them. */
const UNITS = 0x1_0001;

/** Texts of which a stretch of the order is known to begin alike. */
interface Range {
  readonly first: number;
  readonly end: number;
  /** How many units all of them share. */
  readonly depth: number;
}

/**
 * Returns which text stands at each place of the order of UTF-8 bytes; equal ones stay in the order in
 * which they are given. In slices.
 *
 * The ids of a family begin alike for dozens of characters, and comparing reads all of those each time.
 * This sorts by the first two units that differ, then what is alike by the next two: half the time of a
 * sort that compares, for a million ids in no order (bench/micro/sort.ts).
 */
export async function textOrder(texts: readonly string[], pace: Pace): Promise<Uint32Array> {
  const sort = new TextSort(texts);
  const ranges: Range[] = texts.length < 2 ? [] : [{ first: 0, end: texts.length, depth: 0 }];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    if (range.end - range.first > sort.atOnce(range)) await sort.spread(range, ranges, pace);
    else sort.sortAtOnce(range, ranges);
    if (pace.shouldYield()) await pace.yield();
  }
  return sort.order;
}

class TextSort {
  readonly order: Uint32Array;
  readonly #texts: readonly string[];
  readonly #keys = new Float64Array(AT_ONCE);
  readonly #before = new Uint32Array(AT_ONCE);
  #spare: Uint32Array | undefined;

  constructor(texts: readonly string[]) {
    this.#texts = texts;
    this.order = new Uint32Array(texts.length);
    for (let i = 0; i < texts.length; i++) this.order[i] = i;
  }

  /** How many texts of a range may be read without a rest. */
  atOnce({ first, depth }: Range): number {
    const length = Math.max(32, this.#text(first).length - depth);
    return Math.max(FEW, Math.min(AT_ONCE, Math.floor(UNITS_AT_ONCE / length)));
  }

  /** Puts a short range in order by its next two units; what is alike in these is left to do. */
  sortAtOnce({ first, end, depth }: Range, rest: Range[]): void {
    if (end - first <= FEW) {
      this.#sortFew(first, end);
      return;
    }
    const shared = this.#shared(first, end, depth, this.#text(first).length);
    const keys = this.#keys.subarray(0, end - first);
    for (let i = 0; i < keys.length; i++) {
      const text = this.#text(first + i);
      // The place comes last, so that what is alike stays in its order.
      keys[i] = (unit(text, shared) * UNITS + unit(text, shared + 1)) * AT_ONCE + i;
    }
    this.#before.set(this.order.subarray(first, end));
    keys.sort();
    this.#takeOrder(first, keys);
    let from = 0;
    for (let i = 1; i <= keys.length; i++) {
      if (i < keys.length && wholeOf(keys[i]!) === wholeOf(keys[from]!)) continue;
      const isEnded = wholeOf(keys[from]!) % UNITS === 0;
      if (i - from > 1 && !isEnded) {
        rest.push({ first: first + from, end: first + i, depth: shared + 2 });
      }
      from = i;
    }
  }

  /** Spreads a long range over its next unit; what is alike in it is left to do. */
  async spread(range: Range, rest: Range[], pace: Pace): Promise<void> {
    const { first, end, depth } = range;
    let shared = this.#text(first).length;
    const step = this.atOnce(range);
    for (let at = first; at < end; at += step) {
      shared = this.#shared(at, Math.min(end, at + step), depth, shared, first);
      if (pace.shouldYield()) await pace.yield();
    }
    const starts = new Uint32Array(UNITS + 1);
    for (let at = first; at < end; at++) {
      starts[unit(this.#text(at), shared) + 1]!++;
      if ((at & 4095) === 0 && pace.shouldYield()) await pace.yield();
    }
    for (let i = 1; i <= UNITS; i++) starts[i]! += starts[i - 1]!;
    const next = starts.slice();
    this.#spare ??= new Uint32Array(this.order.length);
    for (let at = first; at < end; at++) {
      this.#spare[first + next[unit(this.#text(at), shared)]!++] = this.order[at]!;
      if ((at & 4095) === 0 && pace.shouldYield()) await pace.yield();
    }
    this.order.set(this.#spare.subarray(first, end), first);
    // Of those that end here nothing is left to compare.
    for (let i = 1; i < UNITS; i++) {
      const from = first + starts[i]!;
      const to = first + starts[i + 1]!;
      if (to - from > 1) rest.push({ first: from, end: to, depth: shared + 1 });
    }
  }

  /** How many units some texts share with the first one of their range, of those that may be shared. */
  #shared(from: number, end: number, depth: number, most: number, first: number = from): number {
    const model = this.#text(first);
    let shared = most;
    for (let at = from; at < end; at++) {
      const text = this.#text(at);
      if (text.length < shared) shared = text.length;
      let i = depth;
      while (i < shared && text.charCodeAt(i) === model.charCodeAt(i)) i++;
      shared = i;
    }
    return shared;
  }

  #takeOrder(first: number, keys: Float64Array): void {
    for (let i = 0; i < keys.length; i++) {
      this.order[first + i] = this.#before[keys[i]! % AT_ONCE]!;
    }
  }

  /** An insertion sort. */
  #sortFew(first: number, end: number): void {
    const { order } = this;
    for (let i = first + 1; i < end; i++) {
      const moved = order[i]!;
      const text = this.#texts[moved]!;
      let to = i;
      for (; to > first && compareKeys(this.#text(to - 1), text) > 0; to--)
        order[to] = order[to - 1]!;
      order[to] = moved;
    }
  }

  #text(place: number): string {
    return this.#texts[this.order[place]!]!;
  }
}

/** The rank of a unit of a text from 1 on; 0 behind its end. */
function unit(text: string, at: number): number {
  return at < text.length ? unitRank(text.charCodeAt(at)) + 1 : 0;
}

/** A key without its place. */
function wholeOf(key: number): number {
  return Math.floor(key / AT_ONCE);
}
