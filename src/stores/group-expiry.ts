/** How often groups of other processes are looked for, and steps of the clock noticed, in ms. */
const LONGEST_WAIT_MS = 60_000;
const RETRY_MS = 1_000;

/** Ends the groups that are due, and calls `found` or `failed`; never rejects. */
interface Sweeper {
  sweepDue(): Promise<void>;
}

/**
 * Knows when the next group is due, and has it ended then. Its timer neither keeps the process alive
 * nor a store that was dropped without being closed.
 */
export class GroupExpiry {
  readonly #sweeper: WeakRef<Sweeper>;
  readonly #now: () => number;
  readonly #mayHaveOthers: boolean;
  #due = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /**
   * @param now - the store's clock, in Unix milliseconds.
   * @param mayHaveOthers - whether there may be groups that this process did not make. They are
   *   looked for at once and once a minute.
   */
  constructor(sweeper: Sweeper, now: () => number, mayHaveOthers: boolean) {
    this.#sweeper = new WeakRef(sweeper);
    this.#now = now;
    this.#mayHaveOthers = mayHaveOthers;
    if (mayHaveOthers) this.#arm(0);
  }

  /** Notes that a group is due at a time. */
  expect(at: number): void {
    if (at < this.#due) this.found(at);
  }

  /** Notes when the next of all groups is due; `Infinity`: none is. */
  found(at: number): void {
    this.#due = at;
    if (at < Number.POSITIVE_INFINITY || this.#mayHaveOthers) this.#arm(at - this.#now());
    else clearTimeout(this.#timer);
  }

  /** Notes that a sweep failed; the next one is in a second. */
  failed(): void {
    this.#arm(RETRY_MS);
  }

  /** Ends the timer. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #arm(wait: number): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const sweep = (): void => void this.#sweeper.deref()?.sweepDue();
    // A clock that fails says no time; it is asked again later.
    const delay = wait < LONGEST_WAIT_MS ? Math.max(wait, 1) : LONGEST_WAIT_MS;
    this.#timer = setTimeout(sweep, delay).unref();
  }
}
