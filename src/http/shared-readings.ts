import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotProvider, SnapshotWait } from '../refresh/snapshot-provider.ts';
import { abortedError, waitFor } from '../scheduling/wait.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';

/** A reading that several requests wait for. */
interface Reading {
  readonly snapshot: Promise<Snapshot>;
  readonly ending: AbortController;
  waiting: number;
}

/**
 * Readings of a reader without a cache, one at a time. All requests that come before a reading
 * begins share it, so any number of requests at once hold two snapshots, not one each.
 */
export class SharedReadings {
  readonly #reader: SnapshotProvider;
  #next: Reading | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(reader: SnapshotProvider) {
    this.#reader = reader;
  }

  /** Reads as the reader does. A reading ends when all of its requests have gone. */
  async current(wait: SnapshotWait): Promise<Snapshot> {
    const reading = this.#nextReading(wait);
    reading.waiting++;
    try {
      const isDone = await waitFor(
        reading.snapshot.then(() => undefined),
        wait,
      );
      if (isDone) return await reading.snapshot;
      throw new SnapscrapeError(
        'refresh_timeout',
        'The source was not read in time; put createCachedSnapshotReader() before it',
      );
    } finally {
      reading.waiting--;
      if (reading.waiting === 0) reading.ending.abort(abortedError(wait.signal?.reason));
      if (reading.ending.signal.aborted && this.#next === reading) this.#next = undefined;
    }
  }

  #nextReading({ errorPolicy, onFailure }: SnapshotWait): Reading {
    if (this.#next !== undefined) return this.#next;
    const ending = new AbortController();
    const snapshot = this.#last.then(() => {
      if (this.#next === reading) this.#next = undefined;
      return this.#reader.current({ signal: ending.signal, errorPolicy, onFailure });
    });
    const reading: Reading = { snapshot, ending, waiting: 0 };
    this.#last = snapshot.catch(() => undefined);
    this.#next = reading;
    return reading;
  }
}
