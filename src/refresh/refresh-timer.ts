import { LONGEST_TIMER } from '../model/options.ts';
import type { CheckedCacheConfig } from './cache-config.ts';

const FIRST_RETRY_MS = 1000;
const JITTER = 0.1;

/**
 * The timers of a cached reader: the steady one of background mode, and the single one that a read
 * in the second half of an interval asks for. Neither keeps the process alive.
 */
export class RefreshTimer {
  readonly #interval: number;
  readonly #refresh: () => Promise<void>;
  #steady: NodeJS.Timeout | undefined;
  #single: NodeJS.Timeout | undefined;
  #failures = 0;
  #isStopped = false;

  constructor(config: CheckedCacheConfig, refresh: () => Promise<void>) {
    this.#interval = config.refreshInterval;
    this.#refresh = refresh;
  }

  /** Refreshes now and from now on. */
  start(): void {
    void this.#cycle();
  }

  /** Refreshes once after some ms, if it is still due then. */
  refreshIn(ms: number, isDue: () => boolean): void {
    if (this.#single !== undefined || this.#isStopped) return;
    this.#single = setTimeout(() => {
      this.#single = undefined;
      // `onError` gets the failure; no read waits for this refresh.
      if (isDue()) this.#refresh().catch(() => undefined);
    }, ms);
    this.#single.unref();
  }

  /** Ends all timers. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#steady);
    clearTimeout(this.#single);
  }

  async #cycle(): Promise<void> {
    const begun = performance.now();
    try {
      await this.#refresh();
      this.#failures = 0;
    } catch {
      this.#failures++;
    }
    if (this.#isStopped) return;
    const took = performance.now() - begun;
    this.#steady = setTimeout(() => void this.#cycle(), this.#delay(took));
    this.#steady.unref();
  }

  /** From start to start it is one interval; a slow source still gets a tenth of it to rest. */
  #delay(took: number): number {
    const jitter = 1 - JITTER / 2 + Math.random() * JITTER;
    if (this.#failures > 0) {
      return (
        Math.min(
          Math.max(this.#interval, FIRST_RETRY_MS),
          FIRST_RETRY_MS * 2 ** (this.#failures - 1),
        ) * jitter
      );
    }
    const rest = Math.max(this.#interval * jitter - took, this.#interval * 0.1);
    return Math.min(rest, LONGEST_TIMER);
  }
}
