import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { parseSeriesId } from '../model/series-id.ts';
import type { Awaitable, ReadOptions } from '../model/snapshot-reader.ts';
import { trustPoint } from '../model/trusted-point.ts';
import type { DriverFrame, Entries } from './driver.ts';

/** Opens a frame for one iteration. */
export type OpenFrame = (options: ReadOptions) => Promise<DriverFrame>;

/** A snapshot over a driver: each iteration is a still frame of its own. */
export class DriverSnapshot implements AsyncIterable<SnapshotPoint> {
  /** The cursor of exactly the points of the latest iteration; undefined before the first one. */
  cursor: string | undefined;
  readonly #openFrame: OpenFrame;
  readonly #options: ReadOptions;
  readonly #assertOpen: () => void;

  constructor(openFrame: OpenFrame, options: ReadOptions, assertOpen: () => void) {
    this.#openFrame = openFrame;
    this.#options = options;
    this.#assertOpen = assertOpen;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SnapshotPoint, void, undefined> {
    const frame = await this.#openFrame(this.#options);
    this.cursor = frame.cursor;
    try {
      for await (const page of frame.pages) {
        for (const event of eventsOf(page)) {
          this.#assertOpen();
          this.#options.signal?.throwIfAborted();
          if ('point' in event) yield event.point;
        }
      }
    } catch (cause) {
      // A frame that the store closed may fail in any way.
      this.#assertOpen();
      throw driverFailed('snapshot', cause);
    } finally {
      frame.close();
    }
  }
}

/** A series that is there, or that ended. */
type SeriesEvent =
  | { readonly point: SnapshotPoint }
  | { readonly deleted: true; readonly seriesId: string };

/** The states of series as events; a point is made only when it is asked for. */
export function* eventsOf({ keys, values, times }: Entries): Generator<SeriesEvent> {
  for (const [at, key] of keys.entries()) {
    const value = values[at];
    if (value === undefined) yield { deleted: true, seriesId: key };
    else {
      const point = { ...parseSeriesId(key), value, updatedAt: times[at]! };
      yield { point: trustPoint(point, key) };
    }
  }
}

/** The error for what a driver threw; the cause is what it threw. */
export function driverFailed(method: string, cause: unknown): unknown {
  if (cause instanceof SnapscrapeError) return cause;
  if (cause instanceof DOMException && cause.name === 'AbortError') return cause;
  return new SnapscrapeError(
    'store_unavailable',
    `The driver of the store failed in ${method}(); see the cause`,
    { cause },
  );
}

/** Tells whether a driver returned a promise, which is waited for; anything else is not. */
export function isPromise<T>(result: Awaitable<T>): result is PromiseLike<T> {
  return typeof result === 'object' && result !== null && 'then' in result;
}
