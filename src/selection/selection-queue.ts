import { abortedError, onAbort } from '../scheduling/wait.ts';
import type { Yielding } from './line-filter.ts';

/** How long one turn may hold the event loop, in ms. Its last step comes on top. */
const SLICE_MS = 3;
/** How many selections may wait for their turn. */
const MOST_WAITING = 512;

/**
 * Lets one selection work at a time, for one slice in each turn of the event loop. All selections
 * of a reader share one queue, so together they leave the loop to others as one of them alone
 * would.
 */
export class SelectionQueue {
  readonly #waiting = new Set<() => void>();
  #isTaken = false;

  /** Whether there is no room for one more selection. */
  get isFull(): boolean {
    return this.#waiting.size >= MOST_WAITING;
  }

  /** Waits for the turn: first come, first served. Rejects with `aborted`. */
  take(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(abortedError(signal.reason));
    if (!this.#isTaken) {
      this.#isTaken = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        stay();
        resolve();
      };
      const stay = onAbort(signal, () => {
        this.#waiting.delete(begin);
        reject(abortedError(signal?.reason));
      });
      this.#waiting.add(begin);
    });
  }

  /** Passes the turn on, not before sockets and timers have had theirs. */
  give(): void {
    setImmediate(() => {
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#isTaken = false;
        return;
      }
      this.#waiting.delete(next);
      next();
    });
  }
}

/** The turns of one selection. */
export class SelectionTurns implements Yielding {
  readonly #queue: SelectionQueue;
  readonly #signal: AbortSignal | undefined;
  #start = 0;
  #isHeld = false;

  /** @param signal - aborted when the client has gone; it leaves the queue then. */
  constructor(queue: SelectionQueue, signal?: AbortSignal) {
    this.#queue = queue;
    this.#signal = signal;
  }

  /** Does some work in turns. */
  async work<T>(work: () => T | Promise<T>): Promise<T> {
    await this.#take();
    try {
      return await work();
    } finally {
      this.#give();
    }
  }

  shouldYield(): boolean {
    return performance.now() - this.#start >= SLICE_MS;
  }

  async yield(): Promise<void> {
    this.#give();
    await this.#take();
  }

  async #take(): Promise<void> {
    await this.#queue.take(this.#signal);
    this.#isHeld = true;
    this.#start = performance.now();
  }

  #give(): void {
    if (this.#isHeld) this.#queue.give();
    this.#isHeld = false;
  }
}
