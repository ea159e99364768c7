import type { SnapshotPoint } from '../model/metric-point.ts';

/** A still frame of a store: its points, and the cursor of exactly these. */
export interface StillFrame {
  readonly cursor: string;
  readonly points: IterableIterator<SnapshotPoint>;
}

/** A snapshot each iteration of which is a still frame of its own. */
export class StillFrames implements Iterable<SnapshotPoint> {
  readonly #open: () => StillFrame;
  #cursor: string | undefined;

  /** @param open - opens a frame of the state as it is now. */
  constructor(open: () => StillFrame) {
    this.#open = open;
  }

  /** The cursor of exactly the points of the latest iteration; undefined before the first one. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  [Symbol.iterator](): IterableIterator<SnapshotPoint> {
    const { cursor, points } = this.#open();
    this.#cursor = cursor;
    return points;
  }
}
