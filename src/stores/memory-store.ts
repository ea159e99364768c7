import { setImmediate } from 'node:timers/promises';
import { PointAdmission } from '../model/admission.ts';
import { soundClock } from '../model/clock.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint, SnapshotPoint, WritablePoint } from '../model/metric-point.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';
import { type SlicedWork, WorkQueue } from '../scheduling/work-queue.ts';
import { endMatching, endSeries, isPause, SLICE, setFamilies } from './ledger-work.ts';
import {
  type CheckedMemoryStoreOptions,
  checkMemoryStoreOptions,
  type MemoryStoreOptions,
} from './memory-store-options.ts';
import type { MetricStore, SeriesMatcher, UpsertResult } from './metric-store.ts';
import { Retention, sweepRegularly } from './retention.ts';
import { type AdmittedPoint, type MemoryStoreDelta, SeriesLedger } from './series-ledger.ts';
import {
  assertDeleteTarget,
  assertSweepTime,
  type SeriesPredicate,
  seriesPredicate,
} from './series-target.ts';
import { StillFrames } from './still-frames.ts';
import { collect, inputFailed, sortInput } from './store-input.ts';
import { UpsertTally } from './upsert-tally.ts';
import { WriteLog } from './write-log.ts';
import { readWritten } from './written-point.ts';

/** What a {@link MemoryStore} holds and what it has refused and ended since it was made. */
export interface MemoryStoreStats extends WriteStats {
  /** The series that the store holds. */
  readonly series: number;
  /** Series that ended because they were beyond their retention. */
  readonly expired: number;
}

// A batch of so many changes is made in a few ms; it is made at once, whatever the option allows.
const MOST_IN_BATCH = 16_384;
// How many points of an async iterable are written before others run.
const STRIDE = 1024;

/**
 * The embedded store: points in this process's memory, with a bounded log of changes.
 *
 * What `upsert` and `delete` are given synchronously is applied before they return, so the promise
 * need not be awaited to see the effect. This holds up to 20 000 points or series. More are applied
 * in slices of some thousand, so that others run in between; a call made meanwhile is applied after
 * it. Points that come out are frozen and never change.
 *
 * @example
 * ```ts
 * const store = new MemoryStore({ retention: 3_600_000 });
 * store.upsert({ name: 'jobs_running', labels: { queue: 'mail' }, value: 3 });
 * ```
 */
export class MemoryStore implements MetricStore {
  readonly #options: CheckedMemoryStoreOptions;
  readonly #retention: Retention;
  readonly #admission: PointAdmission;
  readonly #families = new Map<string, FamilyMetadata>();
  #familyList: readonly FamilyMetadata[] | undefined;
  readonly #writes: WriteLog = new WriteLog();
  readonly #sweepTimer: NodeJS.Timeout | undefined;
  #ledger: SeriesLedger;
  readonly #work: WorkQueue = new WorkQueue();
  #expired = 0;
  #lastWrite: number | undefined;
  #closed = false;

  /**
   * Makes an empty store. Throws `invalid_options` with every fault.
   *
   * @param options - see {@link MemoryStoreOptions}.
   */
  constructor(options?: MemoryStoreOptions) {
    this.#options = checkMemoryStoreOptions(options);
    const { retention, retentionByFamily, maxSeriesBytes, changeLogSize, now } = this.#options;
    this.#retention = new Retention(retention, retentionByFamily);
    this.#admission = new PointAdmission({ maxSeriesBytes, now });
    this.#ledger = new SeriesLedger(changeLogSize);
    this.#sweepTimer = sweepRegularly(new WeakRef(this), this.#retention, this.#options);
  }

  /**
   * Writes one point or many; a point without `updatedAt` was true now.
   *
   * A bad point never fails the call: it is refused and counted. Rejects with `invalid_options` if
   * given neither a point nor something to iterate, and with `input_failed` if the iteration
   * throws: `cause` is what it threw, and the points before it stay written.
   */
  async upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult> {
    this.#assertOpen('upsert');
    const tally = new UpsertTally(this.#writes, this.#options.now);
    const input = sortInput('upsert', points);
    try {
      if (input.kind === 'sync') await this.#work.run(this.#writeAll(input.points, tally));
      else {
        let written = 0;
        for await (const point of input.points) {
          // Points that are there already would otherwise keep the event loop for themselves.
          if (++written % STRIDE === 0) await setImmediate();
          if (this.#work.isBusy) await this.#work.run(this.#writeAll([point], tally));
          else this.#write(point, tally);
        }
      }
    } catch (cause) {
      this.#assertOpen('upsert');
      throw inputFailed('upsert', cause);
    }
    this.#noteWrite();
    return tally.result();
  }

  /**
   * Ends series, by id or by matcher, and returns how many there were. Any write to a series after
   * its end is new, whatever its `updatedAt`.
   *
   * Rejects with `invalid_series_id` if one of the ids is no series, and with `invalid_options` if
   * the matcher is empty or has faults; nothing is ended then.
   */
  async delete(target: string | Iterable<string> | SeriesMatcher): Promise<number> {
    this.#assertOpen('delete');
    assertDeleteTarget(target);
    const isOpen = (): void => this.#assertOpen('delete');
    const ended = await this.#work.run(
      typeof target === 'string'
        ? endSeries(this.#ledger, [target], isOpen)
        : Symbol.iterator in target
          ? endSeries(this.#ledger, collect('delete', target), isOpen)
          : endMatching(this.#ledger, seriesPredicate(target), isOpen),
    );
    this.#noteWrite();
    return ended;
  }

  /**
   * Adds metadata of families, replacing what was there under the same name.
   *
   * Rejects with `invalid_options` listing every fault; nothing is changed then.
   */
  async setFamilies(families: Iterable<FamilyMetadata>): Promise<void> {
    this.#assertOpen('setFamilies');
    const beforeEach = (): void => {
      this.#assertOpen('setFamilies');
      this.#familyList = undefined;
    };
    await this.#work.run(setFamilies(this.#families, collect('setFamilies', families), beforeEach));
    this.#noteWrite();
  }

  /** Returns the metadata of families that was set, in no particular order. */
  families(): readonly FamilyMetadata[] {
    this.#assertOpen('families');
    // A cache does not read the same frozen array again.
    this.#familyList ??= Object.freeze([...this.#families.values()]);
    return this.#familyList;
  }

  /**
   * Returns all points as they are when an iteration begins, in no particular order; each
   * iteration is a still frame of its own. Writes go on meanwhile, and the frame keeps what they
   * replace until it is finished, returned or abandoned. The answer's `cursor` is of exactly the
   * latest iteration's points.
   */
  snapshot(): Iterable<SnapshotPoint> & { readonly cursor: string | undefined } {
    this.#assertOpen('snapshot');
    const ledger = this.#ledger;
    return new StillFrames(() => ({ cursor: ledger.cursor, points: ledger.openFrame() }));
  }

  /** Returns the cursor of the state as it is now; another store's cursors are unknown to it. */
  snapshotCursor(): string {
    this.#assertOpen('snapshotCursor');
    return this.#ledger.cursor;
  }

  /**
   * Returns the last state of each series that changed since the cursor, in batches: the state
   * as it is now, so a series that changes again before the next batch is in both.
   */
  snapshotDelta(cursor: string): MemoryStoreDelta {
    this.#assertOpen('snapshotDelta');
    return this.#ledger.delta(cursor, Math.min(this.#options.deltaBatchSize, MOST_IN_BATCH));
  }

  /**
   * Ends the series that are beyond their retention, and returns how many there were. The store
   * does so by itself on its own timer.
   *
   * @param now - the time to reckon with, in Unix milliseconds. Default: the store's clock.
   */
  async gc(now: number = this.#options.now()): Promise<number> {
    this.#assertOpen('gc');
    assertSweepTime(now);
    const isOver: SeriesPredicate = (point) => this.#retention.isOver(point, now);
    let expired = 0;
    let above = this.#ledger.size;
    while (above > 0) {
      const lowest = Math.max(0, above - SLICE);
      const ended = this.#ledger.endWhere(isOver, above, lowest);
      expired += ended;
      this.#expired += ended;
      if (lowest > 0) await setImmediate();
      // Others may have removed series meanwhile; what they added needs no look.
      above = Math.min(lowest, this.#ledger.size);
    }
    return expired;
  }

  /** Tells whether the store is open. Never rejects. */
  async healthy(): Promise<boolean> {
    return !this.#closed;
  }

  /** Lets go of everything the store holds. Closing again does nothing. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweepTimer);
    // Open iterations keep what they walk.
    this.#ledger = new SeriesLedger(1);
    this.#families.clear();
    this.#familyList = undefined;
  }

  /** What this store refused and found older since it was made. */
  writeStats(): WriteStats {
    return this.#writes.stats();
  }

  /** When the latest write was acknowledged; nothing before the first one. */
  lastWrites(): readonly LastWrite[] {
    const { writer } = this.#options;
    return this.#lastWrite === undefined ? [] : [{ writer, at: this.#lastWrite }];
  }

  /** Returns how many series there are and what became of points that are not there. */
  stats(): MemoryStoreStats {
    return {
      series: this.#ledger.size,
      expired: this.#expired,
      ...this.#writes.stats(),
    };
  }

  *#writeAll(points: Iterable<unknown>, tally: UpsertTally): SlicedWork<void> {
    let written = 0;
    for (const point of points) {
      if (isPause(written)) yield;
      this.#write(point, tally);
      written++;
    }
  }

  #noteWrite(): void {
    this.#lastWrite = soundClock(this.#options.now)();
  }

  #write(given: unknown, tally: UpsertTally): void {
    const written = readWritten(given);
    // Reading may run code of the caller's, which may have closed the store.
    this.#assertOpen('upsert');
    const admission = this.#admission;
    if (!admission.admit(written)) {
      tally.refuse(admission.reason!, admission.subject(given));
      return;
    }
    const admitted = admission as PointAdmission & AdmittedPoint;
    const outcome = this.#ledger.write(written as MetricPoint, admitted, this.#options.maxSeries);
    if (outcome === undefined) tally.refuse('series_limit', admitted.id);
    else tally.count(outcome);
  }

  #assertOpen(method: string): void {
    if (!this.#closed) return;
    throw new SnapscrapeError('closed', `MemoryStore is closed; ${method}() needs an open store`);
  }
}
