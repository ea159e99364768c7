import { unitRank } from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';

/** So many texts are sorted as numbers at once, which takes a millisecond or two. */
const MOST_AT_ONCE = 8192;
/** So few are sorted without a slice, and by insertion: the sort of an array costs more there. */
const FEW = 12;
/** After so much work, in units of text, it looks at the clock. */
const STEP = 8192;
/** The places of a large group, by the next units of its texts; 0 for the end. */
const PLACES = 0x1_0001;

/** Texts in the order of their bytes. */
export interface TextOrder {
  /** Which text stands at each place; equal ones stay in the order in which they are given. */
  readonly order: Uint32Array;
  /** Whether some are equal. */
  readonly hasEqual: boolean;
}

/**
 * Puts texts in the order of their UTF-8 bytes.
 *
 * Keys have long beginnings in common, so a sort that compares them looks at these again and again.
 * Here each unit is looked at a few times: what a group of texts begins with is skipped, and some
 * units behind it are sorted as one number. Texts with the same number are a group again. Texts lie
 * all over the memory, so a large group is parted by the first look at each. All is done in slices
 * (bench/micro/sort.ts).
 */
export async function textOrder(texts: readonly string[], pace: Pace): Promise<TextOrder> {
  const sort = new TextSort(texts);
  for (const _ of sort.steps()) if (pace.shouldYield()) await pace.yield();
  return sort;
}

class TextSort implements TextOrder {
  /** The texts of a group stand side by side here. */
  readonly order: Uint32Array;
  hasEqual = false;
  readonly #texts: readonly string[];
  /** Where each group begins and ends, and to which unit its texts are known to be the same. */
  readonly #groups: number[];
  /** For each text of a group the next units, and behind these its place in the group. */
  readonly #codes: Float64Array;
  readonly #before: Uint32Array;
  /** What was done since the clock was looked at. */
  #work = 0;

  constructor(texts: readonly string[]) {
    const count = texts.length;
    this.#texts = texts;
    this.order = new Uint32Array(count);
    for (let at = 0; at < count; at++) this.order[at] = at;
    this.#groups = [0, count, 0];
    this.#codes = new Float64Array(Math.min(count, MOST_AT_ONCE));
    this.#before = new Uint32Array(this.#codes.length);
  }

  /** Sorts; each step is short. */
  *steps(): Generator<void, void, undefined> {
    const groups = this.#groups;
    while (groups.length > 0) {
      const depth = groups.pop()!;
      const end = groups.pop()!;
      const start = groups.pop()!;
      if (end - start <= FEW) {
        this.#sort(start, end, this.#common(start, end, depth, Number.POSITIVE_INFINITY));
      } else {
        let common = Number.POSITIVE_INFINITY;
        for (let from = start; from < end; from += FEW) {
          // With the one before, or the first one would be compared with itself alone.
          common = this.#common(
            Math.max(start, from - 1),
            Math.min(from + FEW, end),
            depth,
            common,
          );
          if (this.#isStep()) yield;
        }
        if (end - start <= MOST_AT_ONCE) this.#sort(start, end, common);
        else yield* this.#split(start, end, common);
      }
      if (this.#isStep()) yield;
    }
  }

  #isStep(): boolean {
    if (this.#work < STEP) return false;
    this.#work = 0;
    return true;
  }

  /** Notes texts that are the same up to a unit; up to their end if that is not given. */
  #push(start: number, end: number, depth?: number): void {
    if (end - start < 2) return;
    if (depth === undefined) this.hasEqual = true;
    else this.#groups.push(start, end, depth);
  }

  /** Up to which unit texts are the same: not below `depth`, and no more than `most`. */
  #common(start: number, end: number, depth: number, most: number): number {
    const { order } = this;
    const texts = this.#texts;
    const first = texts[order[start]!] ?? '';
    let common = Math.min(most, first.length);
    let shared = first.slice(depth, common);
    for (let at = start + 1; at < end && common > depth; at++) {
      const text = texts[order[at]!]!;
      this.#work += common - depth;
      if (text.startsWith(shared, depth)) continue;
      let unit = depth;
      while (unit < common && text.charCodeAt(unit) === first.charCodeAt(unit)) unit++;
      common = unit;
      shared = first.slice(depth, common);
    }
    this.#work += end - start;
    return common;
  }

  /** Sorts texts that are the same up to a unit, and makes groups of those that still are. */
  #sort(start: number, end: number, depth: number): void {
    const { order } = this;
    const count = end - start;
    if (count < 2) return;
    const codes = this.#codes;
    const isNarrow = this.#packNarrow(start, end, depth);
    if (!isNarrow) this.#packWide(start, end, depth);
    if (count <= FEW) sortFew(codes, count);
    else codes.subarray(0, count).sort();
    const before = this.#before;
    for (let i = 0; i < count; i++) before[i] = order[start + i]!;
    const base = isNarrow ? NARROW : WIDE;
    const next = depth + (isNarrow ? NARROW_UNITS : WIDE_UNITS);
    let first = 0;
    let packed = -1;
    for (let i = 0; i < count; i++) {
      const code = codes[i]!;
      const units = Math.floor(code / MOST_AT_ONCE);
      order[start + i] = before[code - units * MOST_AT_ONCE]!;
      if (units === packed) continue;
      this.#push(start + first, start + i, packed % base === 0 ? undefined : next);
      first = i;
      packed = units;
    }
    this.#push(start + first, end, packed % base === 0 ? undefined : next);
    this.#work += 4 * count;
  }

  /** Makes the numbers; returns false if a unit is too large. */
  #packNarrow(start: number, end: number, depth: number): boolean {
    const { order } = this;
    for (let at = start; at < end; at++) {
      const text = this.#texts[order[at]!]!;
      const { length } = text;
      let code = 0;
      for (let unit = depth; unit < depth + NARROW_UNITS; unit++) {
        const value = unit < length ? text.charCodeAt(unit) + 1 : 0;
        if (value >= NARROW) return false;
        code = code * NARROW + value;
      }
      this.#codes[at - start] = code * MOST_AT_ONCE + (at - start);
    }
    return true;
  }

  #packWide(start: number, end: number, depth: number): void {
    for (let at = start; at < end; at++) {
      const text = this.#texts[this.order[at]!]!;
      const code = placeOf(text, depth) * WIDE + placeOf(text, depth + 1);
      this.#codes[at - start] = code * MOST_AT_ONCE + (at - start);
    }
  }

  /** Parts a large group by the next two units of its texts, or by one if there is a wide one. */
  *#split(start: number, end: number, depth: number): Generator<void, void, undefined> {
    const before = this.order.slice(start, end);
    const places = new Uint32Array(before.length);
    let isNarrow = true;
    for (let i = 0; i < before.length; i++) {
      const text = this.#texts[before[i]!]!;
      const place = placeOf(text, depth);
      const next = isNarrow ? placeOf(text, depth + 1) : 0;
      if (isNarrow && (place >= NARROW || next >= NARROW)) {
        isNarrow = false;
        i = -1;
      } else places[i] = isNarrow ? place * NARROW + next : place;
      this.#work += 2;
      if (this.#isStep()) yield;
    }
    const ends = new Uint32Array(PLACES + 1);
    for (const place of places) ends[place + 1]!++;
    for (let place = 0; place < PLACES; place++) {
      const first = ends[place]!;
      const last = (ends[place + 1]! += first);
      const isEnded = isNarrow ? place % NARROW === 0 : place === 0;
      this.#push(start + first, start + last, isEnded ? undefined : depth + (isNarrow ? 2 : 1));
    }
    if (this.#isStep()) yield;
    for (let i = 0; i < before.length; i++) this.order[start + ends[places[i]!]!++] = before[i]!;
    this.#work += before.length;
  }
}

// Packed, these are below 2^40, so a double has room for a place in the group behind them.
const NARROW_UNITS = 5;
const NARROW = 0x100;
const WIDE_UNITS = 2;
const WIDE = 0x2_0000;

/** Where a unit of a text stands among all units, after 0 for the end of the text. */
function placeOf(text: string, unit: number): number {
  return unit < text.length ? unitRank(text.charCodeAt(unit)) + 1 : 0;
}

function sortFew(codes: Float64Array, count: number): void {
  for (let i = 1; i < count; i++) {
    const code = codes[i]!;
    let at = i;
    for (; at > 0 && codes[at - 1]! > code; at--) codes[at] = codes[at - 1]!;
    codes[at] = code;
  }
}
