/** How often a process notes that it writes, in ms: alerts on dead writers need no more. */
const INTERVAL_MS = 1_000;

/** Says when a writer should note in a shared store that it has written: at most once a second. */
export class WritePulse {
  readonly #now: () => number;
  #noted = Number.NEGATIVE_INFINITY;

  /** @param now - the store's clock, in Unix milliseconds; it always tells a time. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * The time to note for a write that is made now; undefined if one was noted within the last
   * second.
   */
  next(): number | undefined {
    const now = this.#now();
    // A clock that was set back must not keep a living writer silent.
    if (now >= this.#noted && now - this.#noted < INTERVAL_MS) return undefined;
    this.#noted = now;
    return now;
  }

  /** Takes back the latest time, which could not be noted: the next write notes its own. */
  forget(): void {
    this.#noted = Number.NEGATIVE_INFINITY;
  }
}
