import type { Awaitable, ReadOptions } from '../model/snapshot-reader.ts';

/** Series as parallel arrays: the same position in each array is the same series. */
export interface Entries {
  /**
   * Canonical series ids, as `seriesId()` writes them: text of any length up to `limits.keyBytes`.
   */
  readonly keys: readonly string[];
  /** Values: any double, NaN and -0 included; undefined means that the series ended. */
  readonly values: readonly (number | undefined)[];
  /** Each series' `updatedAt`: any finite double; 0 for an ended series. */
  readonly times: readonly number[];
}

/** A point to write. The front has checked it; the driver checks nothing again. */
export interface Put {
  /** The canonical series id. */
  readonly key: string;
  /** Any double. */
  readonly value: number;
  /** Unix milliseconds, any finite double. */
  readonly time: number;
  /**
   * Whether the point had no time and the store supplied its own. Such a write only says that it
   * came later, so its time is the later of this one and the stored one.
   */
  readonly isTimeSupplied: boolean;
}

/** What is to be written at once. A reader sees all of it or nothing. */
export interface Commit {
  /** Points in the order in which the caller gave them; a key may come twice. */
  readonly puts: readonly Put[];
  /** Series to end, after the puts. A series that is not there is no error. */
  readonly ends: readonly string[];
  /**
   * At the same position as in `ends`: the stored time at which the series ends. With another time
   * it stays, because it was written meanwhile. Default: each series ends.
   */
  readonly endTimes?: readonly number[];
  /** The most series that the data set may hold; `Infinity` for no limit. */
  readonly most: number;
  /** Texts by name, which replace what is there under the same name: metadata of families. */
  readonly records?: ReadonlyMap<string, string>;
}

/** What became of a commit. */
export interface Committed {
  /** For each put, in order: what became of it, or undefined if the series was one too many. */
  readonly outcomes: readonly (PutOutcome | undefined)[];
  /** How many series ended. */
  readonly ended: number;
}

/** What became of a put. */
export type PutOutcome = 'added' | 'changed' | 'unchanged' | 'older';

/** One state of the data set. It does not change while others write. */
export interface DriverFrame {
  /** The cursor of exactly this state. */
  readonly cursor: string;
  /** All records of this state. */
  readonly records: ReadonlyMap<string, string>;
  /** All series, each once, in any order. A page is some thousand series at most. */
  readonly pages: Iterable<Entries> | AsyncIterable<Entries>;
  /** Lets go of the state. The front calls it once, also in the middle of `pages`. */
  close(): void;
}

/** The changes after a cursor. */
export interface DriverChanges {
  /** The series that changed, each once, as they are now or were at `next`. */
  readonly entries: Entries;
  /** The cursor after these changes. */
  readonly next: string;
  /** Whether more changes follow. */
  readonly more: boolean;
}

/**
 * What a store has to bring along: a place that keeps series under their ids, and a log of changes.
 *
 * The front (`createStoreOver`) does the rest: it checks points and options, counts, compiles
 * matchers, applies retention on a timer, and fails with `closed`. A method may return its result
 * or a promise of it; the front does not wait for what is no promise. After `close` the front calls
 * nothing more. What a method throws reaches the caller as `store_unavailable` with the cause, or
 * as it is if it is a `SnapscrapeError`.
 */
export interface StoreDriver {
  /** What the driver can take. */
  readonly limits: {
    /** The longest key in bytes of UTF-8. */
    readonly keyBytes: number;
    /** The most puts, and the most ends, in one commit. The front splits longer calls. */
    readonly commit: number;
  };
  /**
   * The cursor of now. It names the data set, so that a cursor of another one is never taken for
   * one of this one.
   */
  head(): Awaitable<string>;
  /**
   * Writes all of a commit or throws. Values, log and records change together, and it returns when
   * every later read gives them back. `applyCommit` decides what becomes of each put; a driver that
   * cannot call it (because the decision is made in a server) does the same.
   */
  commit(commit: Commit): Awaitable<Committed>;
  /** Opens the state as it is now. */
  frame(options?: ReadOptions): Awaitable<DriverFrame>;
  /**
   * The changes since a cursor, oldest first, or `lost` if that is not a cursor of this data set or
   * the log has forgotten what came after it.
   *
   * @param most - the most series that it may return.
   */
  changes(cursor: string, most: number): Awaitable<DriverChanges | 'lost'>;
  /** Lets go of everything. The front has closed all frames and no call is under way. */
  close(): Awaitable<void>;
}
