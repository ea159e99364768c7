/**
 * Objects that are called for as long as their owners hold them. Each is held weakly: an owner may
 * drop its object without a word.
 */
export class Watchers<T extends object> {
  readonly #references = new Set<WeakRef<T>>();

  /** How many there are, with those that were dropped since the last `each()`. */
  get size(): number {
    return this.#references.size;
  }

  /** Adds one; returns how to remove it again. */
  add(watcher: T): () => void {
    const reference = new WeakRef(watcher);
    this.#references.add(reference);
    return () => this.#references.delete(reference);
  }

  /** Calls back with each one that is still there. */
  each(call: (watcher: T) => void): void {
    for (const reference of this.#references) {
      const watcher = reference.deref();
      if (watcher === undefined) this.#references.delete(reference);
      else call(watcher);
    }
  }
}
