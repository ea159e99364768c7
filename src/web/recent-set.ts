/** A set that forgets what was not asked for the longest when it grows beyond its bound. */
export class RecentSet {
  readonly #most: number;
  readonly #keys: Set<string> = new Set();

  /** Begins empty. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether a key is there; it counts as recent then. */
  has(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }

  /** Adds a key. */
  add(key: string): void {
    this.#keys.delete(key);
    this.#keys.add(key);
    if (this.#keys.size <= this.#most) return;
    const { value } = this.#keys.values().next();
    if (value !== undefined) this.#keys.delete(value);
  }
}
