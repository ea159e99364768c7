import type { PointAdmission } from '../model/admission.ts';
import type { RejectedPoint, RejectionReason } from '../model/rejection.ts';
import type { Awaitable } from '../model/snapshot-reader.ts';
import { isPromise } from '../scheduling/work-queue.ts';
import type { Committed, Put, PutOutcome } from './driver.ts';
import type { UpsertResult } from './metric-store.ts';
import type { SeriesTable } from './series-table.ts';
import type { StoreWrites } from './store-writes.ts';

/** The most characters of keys and texts in a commit that has many long ones. */
const FULL_CHARACTERS = 2_097_152;
/** The most rejected points that a result lists. */
const MOST_LISTED = 100;

/** A commit that was begun and is not waited for yet. */
interface UnderWay {
  readonly puts: readonly Put[];
  readonly committed: PromiseLike<Committed>;
  hasFailed: boolean;
  /** Whether its end begins the next commit. */
  isFollowed: boolean;
}

/**
 * The points of one `upsert`: checked, collected, and committed in the order in which they came.
 * While one commit is under way, the points of the next are collected.
 */
export class PointWriter {
  /** Whether a commit has failed, so that nothing more is written. */
  hasFailed = false;
  /** Whether the latest range ended because it is time to write. */
  isFull = false;
  readonly #admission: PointAdmission;
  readonly #writes: StoreWrites;
  readonly #most: number;
  readonly #counts: Record<Exclude<PutOutcome, 'owned'> | 'refused', number> = {
    added: 0,
    changed: 0,
    unchanged: 0,
    older: 0,
    refused: 0,
  };
  readonly #refusals: RejectedPoint[] = [];
  #puts: Put[] = [];
  #characters = 0;
  #underWay: UnderWay | undefined;
  #expected: SeriesTable | undefined;
  // How many points are put in a commit before what is behind them can be expected.
  #surprises = 1;

  /** @param most - the most points in a commit. */
  constructor(admission: PointAdmission, writes: StoreWrites, most: number) {
    this.#admission = admission;
    this.#writes = writes;
    this.#most = most;
  }

  /** What became of the points that were written. */
  get result(): UpsertResult {
    return { ...this.#counts, refusals: this.#refusals };
  }

  /**
   * Begins to take the points of a call.
   *
   * @param expected - where points of expected series are written at once: nothing else is written
   *   in between, and commits return no promises.
   */
  begin(expected: SeriesTable | undefined): void {
    this.#expected = expected;
    expected?.begin();
  }

  /** Takes a point, or rejects and counts it; returns whether it is time to write. */
  add(given: unknown): boolean {
    // What was put comes first, and tells what is expected.
    if (this.#expected !== undefined && this.#puts.length === 0) {
      if (this.#putExpected(this.#expected, given)) return false;
    }
    return this.#put(given) || this.#isSurprise();
  }

  /**
   * Takes points of a list up to but without one, or until it is time to write. Those without a time
   * get the same one: this takes some microseconds. Returns where it stopped.
   */
  addRange(points: readonly unknown[], first: number, end: number): number {
    this.isFull = false;
    this.#admission.holdTime();
    try {
      let at = first;
      while (at < end && !this.isFull) this.isFull = this.add(points[at++]);
      return at;
    } finally {
      this.#admission.releaseTime();
    }
  }

  /** Writes a point if it is a number of the series that is expected; returns whether it was. */
  #putExpected(expected: SeriesTable, given: unknown): boolean {
    const admission = this.#admission;
    const known = expected.expected();
    if (known === undefined || !admission.admitAs(given, known)) return false;
    const { value, updatedAt, isTimeSupplied } = admission;
    const outcome = expected.putExpected(value, updatedAt, isTimeSupplied);
    this.#counts[outcome]++;
    if (outcome === 'older') this.#writes.log.noteOlder();
    this.#surprises = 1;
    return true;
  }

  /** Whether so many points were put that it is time to see what is behind them. */
  #isSurprise(): boolean {
    if (this.#expected === undefined || this.#puts.length < this.#surprises) return false;
    // Twice as many the next time, so that a call of new series makes few commits.
    this.#surprises *= 2;
    return true;
  }

  #put(given: unknown): boolean {
    const admission = this.#admission;
    if (!admission.admit(given)) {
      this.#reject(admission.reason!, admission.subject(given));
      return false;
    }
    const { payload, updatedAt, isTimeSupplied } = admission;
    const key = admission.id!;
    this.#puts.push({ key, payload, time: updatedAt, isTimeSupplied });
    this.#characters += key.length + (typeof payload === 'string' ? payload.length : 0);
    // After a commit that failed there is nothing to collect for.
    if (this.#underWay?.hasFailed === true) return true;
    return this.#puts.length >= this.#most || this.#characters >= FULL_CHARACTERS;
  }

  /** Begins to write what was taken, after the commit before; fails if that has failed. */
  write(): Awaitable<void> {
    return this.#underWay === undefined ? this.#begin() : this.#waitAndBegin();
  }

  /**
   * Writes what was taken as soon as no commit is under way, with what is taken until then. If that
   * fails, the next `write` or `finish` does.
   */
  writeSoon(): void {
    const before = this.#underWay;
    if (before === undefined) this.#follow(undefined);
    else if (!before.isFollowed) {
      before.isFollowed = true;
      before.committed.then(
        (committed) => {
          // Unless a `write` waits for it, which begins the next one.
          if (this.#underWay === before) this.#follow({ puts: before.puts, committed });
        },
        () => undefined,
      );
    }
  }

  /** Writes what was taken; it is done when all of it is acknowledged. */
  finish(): Awaitable<void> {
    if (this.#underWay === undefined) this.#begin();
    return this.#underWay === undefined ? undefined : this.#finishUnderWay();
  }

  /** Counts the commit before, and begins the next one. */
  #follow(before: { puts: readonly Put[]; committed: Committed } | undefined): void {
    try {
      if (before !== undefined) this.#count(before.puts, before.committed);
      this.#underWay = undefined;
      this.#commit();
    } catch (error) {
      this.#goOn([], Promise.reject(error));
      this.#underWay!.hasFailed = true;
    }
  }

  #begin(): void {
    try {
      this.#commit();
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }

  #commit(): void {
    const puts = this.#puts;
    if (puts.length === 0) return;
    this.#puts = [];
    this.#characters = 0;
    const committed = this.#writes.commit('upsert', { puts });
    if (isPromise(committed)) this.#goOn(puts, committed);
    else this.#count(puts, committed);
  }

  #goOn(puts: readonly Put[], committed: PromiseLike<Committed>): void {
    const underWay = { puts, committed, hasFailed: false, isFollowed: false };
    this.#underWay = underWay;
    // It is waited for later; until then a rejection must not count as unhandled.
    committed.then(undefined, () => (underWay.hasFailed = true));
  }

  async #waitAndBegin(): Promise<void> {
    await this.#wait();
    this.#begin();
  }

  async #finishUnderWay(): Promise<void> {
    await this.#waitAndBegin();
    await this.#wait();
  }

  async #wait(): Promise<void> {
    if (this.#underWay === undefined) return;
    const { puts, committed } = this.#underWay;
    this.#underWay = undefined;
    try {
      this.#count(puts, await committed);
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }

  #count(puts: readonly Put[], { outcomes }: Committed): void {
    for (const [at, { key }] of puts.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) this.#reject('series_limit', key);
      else if (outcome === 'owned') this.#reject('owned_by_group', key);
      else {
        this.#counts[outcome]++;
        if (outcome === 'older') this.#writes.log.noteOlder();
      }
    }
  }

  #reject(reason: RejectionReason, subject: string): void {
    const rejected = this.#writes.reject(reason, subject);
    this.#counts.refused++;
    if (this.#refusals.length < MOST_LISTED) this.#refusals.push(rejected);
  }
}
