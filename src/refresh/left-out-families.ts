/** How many names are kept, and how long one may be. */
const MOST_NAMES = 1000;
const LONGEST_NAME = 1000;

/**
 * Undeclared families of which points were left out, as no gauge has such values. If one of them is
 * declared, those points may be good, and only a full read gives them again.
 *
 * Bounded: if there are too many names, every family may be one.
 */
export class LeftOutFamilies {
  readonly #names = new Set<string>();
  #isFull = false;

  /** Notes that a point of a family was left out. */
  add(name: string): void {
    if (name.length > LONGEST_NAME || this.#names.size >= MOST_NAMES) this.#isFull = true;
    else this.#names.add(name);
  }

  /** Whether a point of a family may have been left out. */
  has(name: string): boolean {
    return this.#isFull || this.#names.has(name);
  }
}
