/**
 * A small seeded generator of pseudo-random numbers (mulberry32), so that every subject and every
 * run gets the same workload.
 */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to below 1, with 32 bits of it random. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A lower-case word with digits. */
  word(length: number): string {
    let word = '';
    while (word.length < length) word += Math.floor(this.next() * 2 ** 31).toString(36);
    return word.slice(0, length);
  }
}
