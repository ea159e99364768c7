import type { ReadFrame } from './read-frame.ts';

// A reader that gives up leaves a chain; the file grows while frames are open, and each takes a
// reader's place.
const MOST_CHAINS = 8;

/**
 * The frames of deltas that come in several batches, each under the cursor of its next batch. All
 * batches are of the moment at which the first was asked for: a delta has an end, however much is
 * written meanwhile, and leads to a state that there was. Without its frame (another process asks,
 * or it took too long) a delta goes on to the state as it is then.
 */
export class DeltaChains {
  readonly #frames = new Map<string, ReadFrame>();

  /** Keeps a frame until its next batch is asked for. */
  keep(cursor: string, frame: ReadFrame): void {
    this.take(cursor)?.close();
    frame.renew();
    this.#frames.set(cursor, frame);
    for (const [oldest, left] of this.#frames) {
      if (this.#frames.size <= MOST_CHAINS && !left.isClosed) break;
      this.#frames.delete(oldest);
      left.close();
    }
  }

  /** Hands a frame over to its next batch; undefined if there is none. */
  take(cursor: string): ReadFrame | undefined {
    const frame = this.#frames.get(cursor);
    this.#frames.delete(cursor);
    return frame?.isClosed === false ? frame : undefined;
  }
}
