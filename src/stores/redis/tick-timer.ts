/**
 * How many ticks a time is divided into: the more, the closer to the time, and the more it costs.
 */
export const TICKS = 8;

/**
 * Ticks `TICKS` times in so many ms. Time is counted in ticks where a server is judged: while this
 * process is stopped or busy none comes, and what lies in a socket is read between two of them.
 */
export function everyTick(ms: number, tell: () => void): NodeJS.Timeout {
  return setInterval(tell, Math.max(1, ms / TICKS));
}

/** A deadline after `TICKS` ticks, if it is not ended before. */
export class TickedDeadline {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;

  /** @param ms - how long until then. */
  constructor(ms: number) {
    let ticks = 0;
    this.#timer = everyTick(ms, () => {
      if (++ticks >= TICKS) this.abort();
    });
  }

  /** Aborts at the deadline. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Brings it forward to now. */
  abort(): void {
    this.clear();
    this.#abort.abort();
  }

  /** Ends the wait: the deadline never comes. */
  clear(): void {
    clearInterval(this.#timer);
  }
}
