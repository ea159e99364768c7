import type { Entries, Payload } from '../model/entries.ts';
import type { Awaitable, ReadOptions } from '../model/snapshot-reader.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { UnwrittenCounts } from './write-log.ts';

export type { Entries, Payload };

/** A point to write. The front has checked it; the driver checks nothing again. */
export interface Put {
  /** The canonical series id. */
  readonly key: string;
  /** Any double, NaN and -0 included; a text only if `limits.payloadBytes` allows it. */
  readonly payload: Payload;
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
  /**
   * Series to end, after the puts. A series that is not there is no error. In a commit of a group
   * one that the group does not own is not there.
   */
  readonly ends: readonly string[];
  /**
   * At the same position as in `ends`: the stored time at which the series ends. With another time
   * it stays, because it was written meanwhile; it stays, too, if a group owns it. Default: each
   * series ends. Only a driver without `sweep` is given times.
   */
  readonly endTimes?: readonly number[];
  /** The most series that the data set may hold; `Infinity` for no limit. */
  readonly most: number;
  /**
   * Texts by name, which replace what is there under the same name: metadata of families. An
   * undefined text removes what is there.
   */
  readonly records?: ReadonlyMap<string, string | undefined>;
  /**
   * Makes this the commit of a group: it is applied as a whole or refused, whatever its length. Each
   * put makes the group own the series. The puts are in the order of their arrival: a put replaces
   * what is stored, whatever its time. Only a driver with `limits.groups` is given it.
   */
  readonly group?: GroupChange;
  /** What to note in the data set about writers; see {@link WriteNote}. */
  readonly note?: WriteNote;
}

/** What becomes of a group in a commit. */
export interface GroupChange {
  /** The canonical text of the group's labels. */
  readonly key: string;
  /** The version that the group must have; undefined: there must be no such group. */
  readonly expect: string | undefined;
  /** What is kept with the group from now on; undefined: the group ends. */
  readonly next: GroupRecord | undefined;
}

/** What is kept with a group beside its series. */
export interface GroupRecord {
  /** A text of the caller. */
  readonly meta: string;
  /** When the group ends, in Unix milliseconds; undefined: never. The driver does not end it. */
  readonly expiresAt: number | undefined;
}

/** A stored group. */
export interface StoredGroup extends GroupRecord {
  /** Another one after each commit of the group, also after the group has ended and begun again. */
  readonly version: string;
}

/** A stored group in a list of all. */
export interface ListedGroup extends StoredGroup {
  /** The canonical text of its labels. */
  readonly key: string;
  /** How many series it owns. */
  readonly series: number;
}

/**
 * What a process notes in a data set that several processes share. A driver that is one process's
 * own ignores it.
 */
export interface WriteNote {
  /** The name of the writer; undefined for writers without a name. */
  readonly writer: string | undefined;
  /** When it writes, in Unix milliseconds; undefined if it noted that within the last second. */
  readonly at: number | undefined;
  /**
   * How many points were not written, by reason, since the last note; to be added to the counts.
   */
  readonly unwritten: UnwrittenCounts;
}

/** What all processes noted in a data set. */
export interface WriteNotes {
  /** When each writer wrote last. */
  readonly lastWrites: readonly LastWrite[];
  /** How many points were not written, by reason, by all processes. */
  readonly unwritten: UnwrittenCounts;
}

/** How long series live after their time, in ms; `Infinity` for ever. */
export interface Lifetimes {
  /** For each family that is not in `byFamily`. */
  readonly general: number;
  /** By metric name. */
  readonly byFamily: ReadonlyMap<string, number>;
  /** The shortest of all: no series that is younger has come to its end. */
  readonly shortest: number;
}

/** What became of a commit. */
export interface Committed {
  /**
   * Why a commit of a group was not applied. Then nothing of it was written, its note neither, and
   * there are no outcomes.
   */
  readonly refused?: CommitRefusal;
  /** For each put, in order: what became of it, or undefined if the series was one too many. */
  readonly outcomes: readonly (PutOutcome | undefined)[];
  /** How many series ended. */
  readonly ended: number;
  /** After a note: how many points all processes did not write. Left out: `notes()` tells. */
  readonly unwritten?: UnwrittenCounts;
}

/** What became of a put. `owned`: it was not applied, because a group owns the series. */
export type PutOutcome = 'added' | 'changed' | 'unchanged' | 'older' | 'owned';

/**
 * Why a commit of a group was refused.
 *
 * - `conflict`: the group has another version than was expected.
 * - `owned_by_group`: another group owns the series `key`.
 * - `owned_by_none`: the series `key` is there and no group owns it.
 * - `series_limit`: the series `key` is one too many.
 */
export type CommitRefusal =
  | { readonly reason: 'conflict' }
  | {
      readonly reason: 'owned_by_group' | 'owned_by_none' | 'series_limit';
      /** The first series for which that holds. */
      readonly key: string;
    };

/** What a reader needs of a frame. */
export interface FrameOptions extends ReadOptions {
  /** Only series of this metric name; a driver may have others in `pages` all the same. */
  readonly name?: string | undefined;
  /**
   * Whether each page may be of a moment of its own, because series are only looked for. Default:
   * all are of one state.
   */
  readonly mayTear?: boolean;
}

/** One state of the data set. It does not change while others write. */
export interface DriverFrame {
  /** The cursor of exactly this state. */
  readonly cursor: string;
  /** All records of this state. The same map again means the same records: they are not reread. */
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
    /** The longest text of a payload in bytes of UTF-8; 0 for a driver that keeps only numbers. */
    readonly payloadBytes: number;
    /**
     * The most puts, and the most ends, in one commit. The front splits longer calls, and those
     * with more than 2 Mi characters of keys and texts. Commits of a group are not split.
     */
    readonly commit: number;
    /** Whether the driver keeps groups: whether it has `group` and `groups`. Default: false. */
    readonly groups?: boolean;
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
  frame(options?: FrameOptions): Awaitable<DriverFrame>;
  /** The records as they are now. Left out: those of a frame. */
  records?(): Awaitable<DriverFrame['records']>;
  /**
   * The changes since a cursor, oldest first, or `lost` if that is not a cursor of this data set or
   * the log has forgotten what came after it.
   *
   * @param most - the most series that it may return.
   */
  changes(cursor: string, most: number): Awaitable<DriverChanges | 'lost'>;
  /** A group and the keys of the series that it owns, in any order. */
  group?(key: string): Awaitable<(StoredGroup & { readonly keys: readonly string[] }) | undefined>;
  /** All groups, in any order. */
  groups?(): Awaitable<Iterable<ListedGroup>>;
  /**
   * Ends the series whose time is longer ago than they live, but for those that a group owns;
   * returns how many. Left out: the front reads a frame, and ends what it finds by `endTimes`.
   *
   * @param now - Unix milliseconds.
   */
  sweep?(now: number, lifetimes: Lifetimes): Awaitable<number>;
  /**
   * What all processes noted (`Commit.note`). Left out: the front returns what it counted itself.
   */
  notes?(): Awaitable<WriteNotes>;
  /** Whether the data set can be read and written now. Left out: whether `head()` succeeds. */
  healthy?(): Awaitable<boolean>;
  /** Lets go of everything. The front has closed all frames and no call is under way. */
  close(): Awaitable<void>;
}
