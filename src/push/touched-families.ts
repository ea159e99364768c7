/** The families that writes have changed during a read, which may be of the state before them. */
export class TouchedFamilies {
  readonly #names = new Set<string>();
  #reads = 0;

  /** Notes that a read begins; returns what notes that it has ended. */
  beginRead(): () => void {
    this.#reads++;
    return () => {
      if (--this.#reads === 0) this.#names.clear();
    };
  }

  /** Notes that a write changed families. */
  add(names: Iterable<string>): void {
    if (this.#reads === 0) return;
    for (const name of names) this.#names.add(name);
  }

  /** Whether a family was changed since the reads began that are under way. */
  has(name: string): boolean {
    return this.#names.has(name);
  }
}
