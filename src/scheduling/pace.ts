import { setImmediate } from 'node:timers';

/**
 * Cuts long work into slices, so that the event loop is never held longer than a budget.
 *
 * Work asks now and then: `if (pace.shouldYield()) await pace.yield();`. Short work never yields,
 * so it ends in the same turn.
 */
export class Pace {
  /** The longest slice so far, in ms: how long the event loop was held at most. */
  longestSlice = 0;
  readonly #target: number;
  readonly #signal: AbortSignal | undefined;
  #sliceStart: number = performance.now();

  /**
   * @param budget - the longest slice there should be, in ms. Half of it is aimed at: the last step
   *   of a slice takes its time, and so may the garbage collector.
   * @param signal - ends the work at its next rest, by throwing the signal's reason.
   */
  constructor(budget: number, signal?: AbortSignal) {
    this.#target = budget / 2;
    this.#signal = signal;
  }

  /**
   * Returns whether the slice is used up. It reads a clock (some 40 ns): ask every few dozen items.
   */
  shouldYield(): boolean {
    return performance.now() - this.#sliceStart >= this.#target;
  }

  /** Lets the event loop turn once and begins a new slice. */
  async yield(): Promise<void> {
    this.end();
    await this.yieldAfterWait();
  }

  /** Ends the last slice. */
  end(): void {
    this.longestSlice = Math.max(this.longestSlice, performance.now() - this.#sliceStart);
  }

  /**
   * The same where the time since the last rest was spent waiting, so that it was no slice of work.
   */
  async yieldAfterWait(): Promise<void> {
    // setImmediate runs after pending input and output, so sockets and timers get their turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#sliceStart = performance.now();
    this.throwIfAborted();
  }

  /** Throws the signal's reason once it is aborted. */
  throwIfAborted(): void {
    this.#signal?.throwIfAborted();
  }
}
