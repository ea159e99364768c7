import type { FamilyMetadata } from './family-metadata.ts';
import type { MetricPoint } from './metric-point.ts';
import type { LastWrite, WriteStats } from './write-stats.ts';

/** Options of every read from a source. */
export interface ReadOptions {
  /**
   * Ends the read. Behind a cache it is aborted when `refreshTimeout` has passed and when the cache
   * is closed, never because a scrape gave up: the refresh goes on for others. Without a cache it
   * is also aborted when the client goes away.
   */
  readonly signal?: AbortSignal | undefined;
}

/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * Many of something, in any shape that can be iterated: an array, an iterable or an async iterable.
 */
export type Many<T> = Iterable<T> | AsyncIterable<T>;

/**
 * The input contract: something that can give all its points now.
 *
 * Points may come in any order. When a series appears more than once, the newest `updatedAt` wins,
 * and at a tie the later one. A throw, a rejection or an iterator that fails halfway means that
 * there is no snapshot: nothing of it is used.
 */
export interface SnapshotReader {
  /** Returns all points that exist now. */
  snapshot(options?: ReadOptions): Awaitable<Many<MetricPoint>>;
  /** Optionally returns the HELP, TYPE and UNIT of families; it is read on each refresh. */
  families?(options?: ReadOptions): Awaitable<Many<FamilyMetadata>>;
  /**
   * Optionally tells of points that were given to the source and that it did not keep, so that no
   * snapshot has them. It is read for each page and each `cacheStats()`, so it must be cheap and
   * returns at once. If it fails, what it told before stays on the page.
   */
  writeStats?(): WriteStats;
  /**
   * Optionally tells when the source was last written, by each writer. It is read on each refresh;
   * if it fails, the refresh goes on with what was known before. A page has the 100 latest writers.
   */
  lastWrites?(options?: ReadOptions): Awaitable<Iterable<LastWrite>>;
}

/**
 * One change since a cursor: the point as it is now, or the end of a series.
 *
 * Events are in the order in which they happened: a later event of a series replaces an earlier
 * one.
 */
export type DeltaEvent =
  | { readonly point: MetricPoint; readonly deleted?: false | undefined }
  | { readonly deleted: true; readonly seriesId: string }
  | { readonly deleted: true; readonly point: Pick<MetricPoint, 'name' | 'labels'> };

/** What changed since a cursor. */
export interface SnapshotDelta {
  /** The cursor to ask with next time: the state that all events up to here lead to. */
  readonly nextCursor: string;
  /** The changes, oldest first. */
  readonly events: Many<DeltaEvent>;
  /** The cursor is too old or unknown: read everything again. Events are ignored then. */
  readonly reset?: boolean | undefined;
  /** Another batch follows at `nextCursor`; nothing is published until the last one. */
  readonly more?: boolean | undefined;
}

/**
 * A snapshot reader that can also tell what changed.
 *
 * The cursor is opaque and always read before the snapshot it belongs to, so a change made in
 * between is seen twice rather than never. Where two cursors end in digits after the same prefix, a
 * smaller number is taken as a step backwards, which leads to a full refresh.
 */
export interface IncrementalSnapshotReader extends SnapshotReader {
  /**
   * Returns all points that exist now. Where points may have changed while they were read, the
   * answer may have a `cursor` when all of them were: it is of exactly these points, and takes the
   * place of the one that was read before.
   */
  snapshot(
    options?: ReadOptions,
  ): Awaitable<Many<MetricPoint> & { readonly cursor?: string | undefined }>;
  /** Returns the cursor of the state as it is now. */
  snapshotCursor(options?: ReadOptions): Awaitable<string>;
  /** Returns what changed since `cursor`. */
  snapshotDelta(cursor: string, options?: ReadOptions): Awaitable<SnapshotDelta>;
}
