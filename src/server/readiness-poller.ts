import type { SnapshotProvider } from '../refresh/snapshot-provider.ts';

const FIRST_RETRY_MS = 1000;
const MOST_BETWEEN_MS = 30_000;

/**
 * Reads a source that is not ready until it is.
 *
 * Without it a reader that refreshes only when it is read would never become ready if no client is
 * sent to an exporter that is not ready. Of a reader that is ready it looks at the state alone. It
 * keeps no process alive.
 */
export class ReadinessPoller {
  readonly #provider: SnapshotProvider;
  readonly #isReady: () => boolean;
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(provider: SnapshotProvider, isReady: () => boolean) {
    this.#provider = provider;
    this.#isReady = isReady;
  }

  /** Reads now unless it is ready, and again for as long as it is not. */
  start(): void {
    if (this.#isReady()) this.#lookLater();
    else void this.#read();
  }

  /** Ends it, and the wait for a reading that goes on. */
  stop(): void {
    this.#ending.abort();
    clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    // The reader's own `onError` gets the failure.
    await this.#provider.current({ signal: this.#ending.signal }).catch(() => undefined);
    this.#failures = this.#isReady() ? 0 : this.#failures + 1;
    this.#lookLater();
  }

  #lookLater(): void {
    if (this.#ending.signal.aborted) return;
    const delay = FIRST_RETRY_MS * 2 ** Math.max(0, this.#failures - 1);
    this.#timer = setTimeout(() => this.start(), Math.min(delay, MOST_BETWEEN_MS));
    this.#timer.unref();
  }
}
