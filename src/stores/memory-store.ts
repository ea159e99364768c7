import { setImmediate } from 'node:timers/promises';
import { PointAdmission } from '../model/admission.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { catalogFamilies, type FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint, WritablePoint } from '../model/metric-point.ts';
import { invalidOptions } from '../model/options.ts';
import {
  describeSubject,
  type RejectedPoint,
  RejectionLog,
  type RejectionReason,
} from '../model/rejection.ts';
import {
  type CheckedMemoryStoreOptions,
  checkMemoryStoreOptions,
  type MemoryStoreOptions,
} from './memory-store-options.ts';
import type { MetricStore, SeriesMatcher, UpsertResult } from './metric-store.ts';
import { Retention, sweepRegularly } from './retention.ts';
import { type MemoryStoreDelta, SeriesLedger } from './series-ledger.ts';
import { canonicalSeriesId, type SeriesPredicate, seriesPredicate } from './series-target.ts';
import { StillFrames } from './still-frames.ts';
import { collect, inputFailed, sortInput } from './store-input.ts';
import { UpsertTally } from './upsert-tally.ts';
import { readWritten } from './written-point.ts';

/** What a {@link MemoryStore} holds and what it has refused and ended since it was made. */
export interface MemoryStoreStats {
  /** The series that the store holds. */
  readonly series: number;
  /** Series that ended because they were beyond their retention. */
  readonly expired: number;
  /** Refused points by reason, for every reason of the closed list. */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** The last refused points, oldest first, at most 100. */
  readonly lastRejected: readonly RejectedPoint[];
}

// A sweep looks at this many series at a time (a few ms if all of them end) and then lets others run.
const SWEEP_SLICE = 4096;

/**
 * The embedded store: points in this process's memory, with a bounded log of changes.
 *
 * Whatever `upsert` and `delete` are given synchronously is applied before they return, so the promise
 * need not be awaited to see the effect; a long iterable holds the event loop for as long as it takes,
 * an async iterable does not. Points that come out are frozen and never change.
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
  readonly #refused: RejectionLog = new RejectionLog();
  readonly #sweepTimer: NodeJS.Timeout | undefined;
  #ledger: SeriesLedger;
  #expired = 0;
  #closed = false;

  /**
   * Makes an empty store. Throws `invalid_options` with every fault.
   *
   * @param options - see {@link MemoryStoreOptions}.
   */
  constructor(options?: MemoryStoreOptions) {
    this.#options = checkMemoryStoreOptions(options);
    const { retention, retentionByFamily, maxSeriesBytes, changeLogSize } = this.#options;
    this.#retention = new Retention(retention, retentionByFamily);
    this.#admission = new PointAdmission({ maxSeriesBytes });
    this.#ledger = new SeriesLedger(changeLogSize);
    this.#sweepTimer = sweepRegularly(new WeakRef(this), this.#retention, this.#options);
  }

  /** {@inheritDoc MetricStore.upsert} */
  async upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult> {
    this.#assertOpen('upsert');
    const tally = new UpsertTally();
    const input = sortInput('upsert', points);
    try {
      if (input.kind === 'sync') for (const point of input.points) this.#write(point, tally);
      else for await (const point of input.points) this.#write(point, tally);
    } catch (cause) {
      this.#assertOpen('upsert');
      throw inputFailed('upsert', cause);
    }
    return tally.result();
  }

  /** {@inheritDoc MetricStore.delete} */
  async delete(target: string | Iterable<string> | SeriesMatcher): Promise<number> {
    this.#assertOpen('delete');
    if (typeof target === 'string') return this.#ledger.end([this.#known(target)]);
    if (typeof target !== 'object' || target === null) {
      throw invalidOptions('delete', [
        `target (${describeSubject(target)}) must be a series id, an iterable of them or a matcher`,
      ]);
    }
    if (!(Symbol.iterator in target)) {
      return this.#ledger.endWhere(seriesPredicate(target), this.#ledger.size, 0);
    }
    return this.#ledger.end(collect('delete', target).map((id) => this.#known(id)));
  }

  /** {@inheritDoc MetricStore.setFamilies} */
  async setFamilies(families: Iterable<FamilyMetadata>): Promise<void> {
    this.#assertOpen('setFamilies');
    const { byName, faults } = catalogFamilies(collect('setFamilies', families));
    if (faults.length > 0) {
      throw invalidOptions(
        'setFamilies',
        faults.map((fault) => `${fault.name} ${fault.message}`),
      );
    }
    for (const [name, family] of byName) this.#families.set(name, Object.freeze(family));
  }

  /** {@inheritDoc MetricStore.families} */
  families(): readonly FamilyMetadata[] {
    this.#assertOpen('families');
    return [...this.#families.values()];
  }

  /**
   * Answers with all points as they are when an iteration begins, in no particular order; each iteration
   * is a still frame of its own. Writes go on meanwhile, and the frame keeps what they replace until it
   * is finished, returned or abandoned. The answer's `cursor` is of exactly the latest iteration's points.
   */
  snapshot(): Iterable<MetricPoint> & { readonly cursor: string | undefined } {
    this.#assertOpen('snapshot');
    const ledger = this.#ledger;
    return new StillFrames(() => ({ cursor: ledger.cursor, points: ledger.openFrame() }));
  }

  /** Answers with the cursor of the state as it is now; another store's cursors are unknown to it. */
  snapshotCursor(): string {
    this.#assertOpen('snapshotCursor');
    return this.#ledger.cursor;
  }

  /**
   * Answers with the last state of each series that changed since the cursor, in batches: the state as it
   * is now, so a series that changes again before the next batch is in both.
   */
  snapshotDelta(cursor: string): MemoryStoreDelta {
    this.#assertOpen('snapshotDelta');
    return this.#ledger.delta(cursor, this.#options.deltaBatchSize);
  }

  /** {@inheritDoc MetricStore.gc} */
  async gc(now: number = this.#options.now()): Promise<number> {
    this.#assertOpen('gc');
    if (typeof now !== 'number' || Number.isNaN(now)) {
      throw invalidOptions('gc', [`now (${describeSubject(now)}) must be Unix milliseconds`]);
    }
    const isOver: SeriesPredicate = (point) => this.#retention.isOver(point, now);
    let expired = 0;
    let above = this.#ledger.size;
    while (above > 0) {
      const lowest = Math.max(0, above - SWEEP_SLICE);
      const ended = this.#ledger.endWhere(isOver, above, lowest);
      expired += ended;
      this.#expired += ended;
      if (lowest > 0) await setImmediate();
      // Others may have removed series meanwhile; what they added needs no look.
      above = Math.min(lowest, this.#ledger.size);
    }
    return expired;
  }

  /** {@inheritDoc MetricStore.healthy} */
  async healthy(): Promise<boolean> {
    return !this.#closed;
  }

  /** {@inheritDoc MetricStore.close} */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweepTimer);
    // Open iterations keep what they walk.
    this.#ledger = new SeriesLedger(1);
    this.#families.clear();
  }

  /** Answers with how many series there are and what became of points that are not there. */
  stats(): MemoryStoreStats {
    return {
      series: this.#ledger.size,
      expired: this.#expired,
      rejected: this.#refused.countsByReason(),
      lastRejected: this.#refused.lastRejected(),
    };
  }

  #write(given: unknown, tally: UpsertTally): void {
    const written = readWritten(given, this.#options.now);
    // Reading may run code of the caller's, which may have closed the store.
    this.#assertOpen('upsert');
    const admission = this.#admission;
    if (!admission.admit(written)) {
      this.#refuse(admission.reason!, admission.subject(given), tally);
      return;
    }
    const id = admission.id!;
    const outcome = this.#ledger.write(id, written as MetricPoint, this.#options.maxSeries);
    if (outcome === undefined) this.#refuse('series_limit', id, tally);
    else tally.count(outcome);
  }

  #refuse(reason: RejectionReason, subject: string, tally: UpsertTally): void {
    const rejectedAt = this.#options.now();
    const rejected = { reason, subject: subject.slice(0, 200), rejectedAt };
    this.#refused.add(rejected);
    tally.refuse(rejected);
  }

  #known(id: unknown): string {
    // An id that the store has needs no reading, which makes ending many series cheap.
    return (
      (typeof id === 'string' ? this.#ledger.storedId(id) : undefined) ?? canonicalSeriesId(id)
    );
  }

  #assertOpen(method: string): void {
    if (!this.#closed) return;
    throw new SnapscrapeError('closed', `MemoryStore is closed; ${method}() needs an open store`);
  }
}
