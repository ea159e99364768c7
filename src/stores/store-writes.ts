import { soundClock } from '../model/clock.ts';
import type { RejectedPoint, RejectionReason } from '../model/rejection.ts';
import type { Awaitable } from '../model/snapshot-reader.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';
import { after, isPromise } from '../scheduling/work-queue.ts';
import type { Commit, Committed, StoreDriver, WriteNote, WriteNotes } from './driver.ts';
import type { DriverCalls } from './driver-calls.ts';
import { assertCommitted } from './driver-check.ts';
import type { UnwrittenCounts, WriteLog } from './write-log.ts';
import { WritePulse } from './write-pulse.ts';

/** What decides how a store writes. */
interface WriteOptions {
  readonly maxSeries: number;
  readonly writer: string | undefined;
  readonly now: () => number;
  /** See `FrontSettings`. */
  readonly areNotesApart: boolean;
}

const NO_COUNTS: UnwrittenCounts = new Map();

/**
 * The writes of a store, and what it tells of them. If the driver has `notes()`, commits note in
 * the data set when this process wrote and what it did not write; the store tells what all noted.
 */
export class StoreWrites {
  readonly #calls: DriverCalls;
  readonly #readNotes: StoreDriver['notes'];
  /** Where what was not written is counted. */
  readonly log: WriteLog;
  readonly #maxSeries: number;
  readonly #writer: string | undefined;
  readonly #now: () => number;
  readonly #pulse: WritePulse;
  #lastWrite: number | undefined;
  // Whether the commits of a call carry notes.
  readonly #hasNotesWithin: boolean;
  // The latest counts of the data set.
  #seen: UnwrittenCounts | undefined;
  // Whether they come as promises, so that `stats` returns the latest.
  #isLookSlow: boolean;

  constructor(
    calls: DriverCalls,
    driver: StoreDriver,
    log: WriteLog,
    { maxSeries, writer, now, areNotesApart }: WriteOptions,
  ) {
    this.#calls = calls;
    this.#readNotes = driver.notes?.bind(driver);
    this.log = log;
    this.#maxSeries = maxSeries;
    this.#writer = writer;
    this.#now = soundClock(now);
    this.#pulse = new WritePulse(this.#now);
    this.#hasNotesWithin = driver.notes !== undefined && !areNotesApart;
    this.#isLookSlow = areNotesApart;
    if (areNotesApart) this.#seen = NO_COUNTS;
  }

  /** Counts a point that is rejected now, or what a data set has and should not have. */
  reject(reason: RejectionReason, subject: string): RejectedPoint {
    const rejected = { reason, subject: subject.slice(0, 200), rejectedAt: this.#now() };
    this.log.refuse(rejected);
    return rejected;
  }

  /**
   * Writes a part of a call. A note that could not be written is in the next commit.
   *
   * @param note - what to note; `none` for a sweep, which is no writer's doing. Default: what is
   *   due, unless notes are commits of their own.
   */
  commit(
    method: string,
    part: Partial<Commit>,
    note: WriteNote | 'none' = (this.#hasNotesWithin ? this.#dueNote() : undefined) ?? 'none',
  ): Awaitable<Committed> {
    const whole: Commit = { puts: [], ends: [], most: this.#maxSeries, ...part };
    if (note === 'none') return this.#commitWhole(method, whole);
    const takeBack = (): void => {
      if (note.at !== undefined) this.#pulse.forget();
      this.log.endAdding(note.unwritten, 'failed');
    };
    const failed = (error: unknown): never => {
      takeBack();
      throw error;
    };
    const written = (committed: Committed): Committed => {
      if (committed.refused !== undefined) {
        takeBack();
        return committed;
      }
      this.#seen = committed.unwritten ?? this.#seen;
      const isSeen = committed.unwritten !== undefined;
      this.log.endAdding(note.unwritten, isSeen ? 'seen' : 'added');
      return committed;
    };
    try {
      const committed = this.#commitWhole(method, { ...whole, note });
      return isPromise(committed) ? committed.then(written, failed) : written(committed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Ends a call that wrote: what is still to be noted is noted alone. It never fails. */
  finish(method: string): Awaitable<void> {
    this.#lastWrite = this.#now();
    return this.#readNotes === undefined ? undefined : this.#noteRest(method);
  }

  /** What was not written: by all processes if the driver has notes, as of the latest look. */
  stats(): WriteStats {
    if (this.#readNotes === undefined) return this.log.stats();
    if (this.#seen === undefined || !this.#isLookSlow) {
      const notes = this.#notes('writeStats');
      // It fails for the next look, too, which may say so.
      if (isPromise(notes)) notes.then(undefined, () => undefined);
    }
    return this.log.statsWith(this.#seen ?? NO_COUNTS);
  }

  /** When each writer wrote last. */
  lastWrites(): Awaitable<readonly LastWrite[]> {
    if (this.#readNotes !== undefined) {
      return after(this.#notes('lastWrites'), ({ lastWrites }) => lastWrites);
    }
    return this.#lastWrite === undefined ? [] : [{ writer: this.#writer, at: this.#lastWrite }];
  }

  #commitWhole(method: string, whole: Commit): Awaitable<Committed> {
    return this.#calls.call(method, (driver) =>
      after(driver.commit(whole), (committed) => {
        assertCommitted(committed, whole);
        return committed;
      }),
    );
  }

  async #noteRest(method: string): Promise<void> {
    try {
      const note = this.#dueNote();
      if (note !== undefined) await this.commit(method, {}, note);
      if (this.log.isLookDue) await this.#notes('writeStats');
    } catch {
      // What was written is written. The next call notes the rest.
    }
  }

  #dueNote(): WriteNote | undefined {
    const at = this.#pulse.next();
    const unwritten = this.log.takeUnshared();
    if (at === undefined && unwritten === undefined) return undefined;
    return { writer: this.#writer, at, unwritten: unwritten ?? NO_COUNTS };
  }

  #notes(method: string): Awaitable<WriteNotes> {
    const endLook = this.log.beginLook();
    const notes = this.#calls.call(method, () => this.#readNotes!());
    const look = (seen: WriteNotes): WriteNotes => {
      if (endLook()) this.#seen = seen.unwritten;
      return seen;
    };
    this.#isLookSlow = isPromise(notes);
    return after(notes, look);
  }
}
