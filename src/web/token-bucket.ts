import type { RateLimit } from './web-config.ts';

/** Lets `burst` requests through at once, and one more each interval. */
export class TokenBucket {
  readonly #limit: RateLimit;
  readonly #now: () => number;
  #tokens: number;
  #at: number;

  /**
   * Begins with a full bucket.
   *
   * @param now - a clock in ms; one that goes back only delays.
   */
  constructor(limit: RateLimit, now: () => number) {
    this.#limit = limit;
    this.#now = now;
    this.#tokens = limit.burst;
    this.#at = now();
  }

  /** Takes a token if there is one: 0, or the time until the next one, in ms. */
  take(): number {
    const now = this.#now();
    const gained = Math.max(0, now - this.#at) / this.#limit.intervalMs;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + gained);
    this.#at = now;
    if (this.#tokens < 1) return (1 - this.#tokens) * this.#limit.intervalMs;
    this.#tokens -= 1;
    return 0;
  }
}
