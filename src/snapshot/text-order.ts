import { compareKeys } from '../model/key/index.ts';
import type { Pace } from '../scheduling/pace.ts';

/** So many texts, or units of long ones, are sorted at once: some milliseconds' worth. */
const TEXTS_AT_ONCE = 8192;
const UNITS_AT_ONCE = 512 * 1024;
/** So many are merged between two looks at the clock. */
const STEP = 64;

const SURROGATE = /[\ud800-\udfff]/;

/** Tells whether a text comes before another one. */
type IsBefore = (a: string, b: string) => boolean;

// Without surrogates the order of JavaScript is the same, and costs a third less.
const isBeforePlain: IsBefore = (a, b) => a < b;
const isBeforeAny: IsBefore = (a, b) => compareKeys(a, b) < 0;

/**
 * Returns which text stands at each place of the order of UTF-8 bytes; equal ones stay in the order
 * in which they are given. A merge sort in slices (bench/micro/sort.ts).
 */
export async function textOrder(texts: readonly string[], pace: Pace): Promise<Uint32Array> {
  let from: Uint32Array = new Uint32Array(texts.length);
  let to: Uint32Array = new Uint32Array(texts.length);
  let isBefore = isBeforePlain;
  let ends: number[] = [];
  for (let first = 0; first < texts.length; first = ends.at(-1)!) {
    const { end, isPlain } = runAt(texts, first);
    if (!isPlain) isBefore = isBeforeAny;
    for (let i = first; i < end; i++) from[i] = i;
    sortRun(texts, from.subarray(first, end), isBefore);
    ends.push(end);
    if (pace.shouldYield()) await pace.yield();
  }
  while (ends.length > 1) {
    const merged: number[] = [];
    for (let i = 0; i < ends.length; i += 2) {
      const end = ends[i + 1] ?? ends[i]!;
      const merge = new Merge({ texts, isBefore, from, to }, merged.at(-1) ?? 0, ends[i]!, end);
      while (merge.goOn()) if (pace.shouldYield()) await pace.yield();
      merged.push(end);
    }
    ends = merged;
    [from, to] = [to, from];
  }
  return from;
}

/** Where the run that begins at a place ends, and whether it has no surrogates. */
function runAt(
  texts: readonly string[],
  first: number,
): { readonly end: number; readonly isPlain: boolean } {
  let units = 0;
  let isPlain = true;
  let end = first;
  for (; end < texts.length && end - first < TEXTS_AT_ONCE && units < UNITS_AT_ONCE; end++) {
    const text = texts[end]!;
    // Short texts take their time too.
    units += Math.max(32, text.length);
    if (isPlain && SURROGATE.test(text)) isPlain = false;
  }
  return { end, isPlain };
}

function sortRun(texts: readonly string[], run: Uint32Array, isBefore: IsBefore): void {
  run.sort((a, b) => {
    if (isBefore(texts[a]!, texts[b]!)) return -1;
    return texts[a] === texts[b] ? a - b : 1;
  });
}

interface MergeArrays {
  readonly texts: readonly string[];
  readonly isBefore: IsBefore;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
}

/** Merges two runs that stand side by side into the same places of another array, in steps. */
class Merge {
  readonly #arrays: MergeArrays;
  readonly #middle: number;
  readonly #end: number;
  #left: number;
  #right: number;

  /** The runs are those from `first` up to `middle`, and from there up to `end`. */
  constructor(arrays: MergeArrays, first: number, middle: number, end: number) {
    this.#arrays = arrays;
    this.#left = first;
    this.#middle = middle;
    this.#right = middle;
    this.#end = end;
  }

  /** Takes the next texts; returns whether there are more. */
  goOn(): boolean {
    const { texts, isBefore, from, to } = this.#arrays;
    let left = this.#left;
    let right = this.#right;
    const start = left + right - this.#middle;
    const stop = Math.min(start + STEP, this.#end);
    for (let at = start; at < stop; at++) {
      const isRight =
        left === this.#middle ||
        (right < this.#end && isBefore(texts[from[right]!]!, texts[from[left]!]!));
      to[at] = isRight ? from[right++]! : from[left++]!;
    }
    this.#left = left;
    this.#right = right;
    return stop < this.#end;
  }
}
