import { PointAdmission } from '../../model/admission.ts';
import { soundClock } from '../../model/clock.ts';
import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { SnapshotPoint, WritablePoint } from '../../model/metric-point.ts';
import { invalidOptions } from '../../model/options.ts';
import { describeSubject } from '../../model/rejection.ts';
import type { SnapshotDelta } from '../../model/snapshot-reader.ts';
import type { LastWrite, WriteStats } from '../../model/write-stats.ts';
import type { MetricStore, SeriesMatcher, UpsertResult } from '../metric-store.ts';
import { Retention, sweepRegularly } from '../retention.ts';
import {
  assertDeleteTarget,
  assertSweepTime,
  canonicalSeriesId,
  seriesPredicate,
} from '../series-target.ts';
import { StillFrames } from '../still-frames.ts';
import { collectFamilies, collectIds, inputFailed, sortInput } from '../store-input.ts';
import { UpsertTally } from '../upsert-tally.ts';
import { WriteLog } from '../write-log.ts';
import { readWritten } from '../written-point.ts';
import { deleteExpired, deleteMatching, deleteSeries } from './deletion.ts';
import { DeltaReader } from './delta-reading.ts';
import { openEnvironment } from './environment.ts';
import { FamilyRecords } from './family-records.ts';
import { FramedPoints } from './frame-reading.ts';
import { LedgerAccess } from './ledger-access.ts';
import {
  type CheckedLmdbStoreOptions,
  checkLmdbStoreOptions,
  type LmdbStoreOptions,
} from './lmdb-store-options.ts';
import { PointBatch } from './point-batch.ts';
import type { OnRefused } from './point-reader.ts';
import type { ReadFrame } from './read-frame.ts';
import { type LmdbVerification, verifyFile } from './verification.ts';

/** What is in a file, and what its {@link LmdbStore} refused and ended since it was opened. */
export interface LmdbStoreStats extends WriteStats {
  /** The series in the file. */
  readonly series: number;
  /** The changes that the file remembers for deltas. */
  readonly changes: number;
  /** The size of the file in bytes. It never shrinks; see docs/stores.md for its bound. */
  readonly fileBytes: number;
  /** Series that this store ended because they were beyond their retention. */
  readonly expired: number;
}

/**
 * The embedded, durable store: an LMDB file that many processes of one host write and read.
 *
 * Writes are acknowledged when every process sees them and the disk has them. A call of up to 500
 * series is one transaction, of which a reader sees all or nothing. The folder must be on a local
 * disk: LMDB does not work over network file systems.
 *
 * @example
 * ```ts
 * const store = await LmdbStore.open('./data', { retention: 3_600_000 });
 * await store.upsert({ name: 'jobs_running', labels: { queue: 'mail' }, value: 3 });
 * ```
 */
export class LmdbStore implements MetricStore {
  readonly #access: LedgerAccess;
  readonly #options: CheckedLmdbStoreOptions;
  readonly #retention: Retention;
  readonly #writes: WriteLog = new WriteLog();
  readonly #deltas: DeltaReader;
  readonly #families: FamilyRecords;
  readonly #sweepTimer: NodeJS.Timeout | undefined;
  #expired = 0;

  private constructor(access: LedgerAccess, options: CheckedLmdbStoreOptions) {
    this.#access = access;
    this.#options = options;
    this.#retention = new Retention(options.retention, options.retentionByFamily);
    this.#deltas = new DeltaReader(access, options, this.#onRefused);
    const openFrame = (): ReadFrame => access.openFrame('families');
    this.#families = new FamilyRecords(access.environment, openFrame, this.#onRefused);
    this.#sweepTimer = sweepRegularly(new WeakRef(this), this.#retention, options);
  }

  /**
   * Opens the store in a folder, or makes it there.
   *
   * Rejects with `invalid_options` with every fault, with `dependency_missing` if the package lmdb
   * is not installed, with `store_schema_newer` if a newer version of this package wrote the file,
   * and with `store_forbidden`, `store_full` or `store_unavailable` if it cannot be opened.
   *
   * @param path - the folder, made if it is missing; on a local disk of a 64-bit little-endian
   *   machine.
   * @param options - see {@link LmdbStoreOptions}.
   */
  static async open(path: string, options?: LmdbStoreOptions): Promise<LmdbStore> {
    const checked = checkLmdbStoreOptions(options);
    checkPath(path);
    const environment = await openEnvironment(path, checked.maxReaders);
    return new LmdbStore(new LedgerAccess(environment, checked), checked);
  }

  /**
   * Reads a whole store and compares it with its checksums, counts and order: for a file that may
   * have been damaged on its disk. Help texts are not covered, nor are ids in a file of an older
   * version.
   *
   * It may run beside stores that have the file open. Rejects as `open` does if there is no file,
   * or it cannot be opened for another reason than damage.
   *
   * @param path - the folder.
   */
  static async verify(path: string): Promise<LmdbVerification> {
    checkPath(path);
    return verifyFile(path);
  }

  /**
   * Writes one point or many, each true now unless it says when. Bad points are refused and
   * counted.
   */
  async upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult> {
    this.#access.assertOpen('upsert');
    const tally = new UpsertTally(this.#writes, this.#options.now);
    const input = sortInput('upsert', points);
    const batch = new PointBatch(this.#access, this.#options.maxSeries, (id, outcome) => {
      if (outcome === undefined) tally.refuse('series_limit', id);
      else tally.count(outcome);
    });
    const admission = new PointAdmission(this.#options);
    const take = (given: unknown): boolean => this.#take(given, admission, batch, tally);
    let failure: unknown;
    const write = async (): Promise<void> =>
      batch.write().catch((error) => {
        failure = error;
        throw error;
      });
    try {
      if (input.kind === 'sync')
        for (const point of input.points) {
          if (take(point)) await write();
        }
      else for await (const point of input.points) if (take(point)) await write();
    } catch (cause) {
      if (failure !== undefined) throw failure;
      await batch.finish();
      throw inputFailed('upsert', cause);
    }
    await batch.finish();
    await this.#access.shareUnwritten(this.#writes);
    return tally.result();
  }

  /** Ends series, by id or by matcher, and returns how many there were. */
  async delete(target: string | Iterable<string> | SeriesMatcher): Promise<number> {
    this.#access.assertOpen('delete');
    assertDeleteTarget(target);
    if (typeof target === 'string') {
      return deleteSeries(this.#access, 'delete', [canonicalSeriesId(target)]);
    }
    if (!(Symbol.iterator in target)) {
      return deleteMatching(this.#access, target, seriesPredicate(target));
    }
    const ids = collectIds(target);
    return deleteSeries(this.#access, 'delete', 'then' in ids ? await ids : ids);
  }

  /**
   * Adds metadata of families, replacing what was there under the same name: all of it, or nothing.
   */
  async setFamilies(families: Iterable<FamilyMetadata>): Promise<void> {
    this.#access.assertOpen('setFamilies');
    const given = collectFamilies(families);
    const byName = 'then' in given ? await given : given;
    await this.#access.transact('setFamilies', () => {
      this.#access.environment.state.read(); // Nothing may be written to a newer layout.
      this.#families.put(byName);
    });
  }

  /** Returns the metadata of families that was set, in no particular order. */
  families(): Iterable<FamilyMetadata> {
    return this.#families.read();
  }

  /**
   * Returns all points as they are when an iteration begins, in the order of the UTF-8 bytes
   * of their ids (those of more than 1 900 bytes: of the first 1 900); each iteration is a still
   * frame of its own. It throws `snapshot_expired` when it takes longer than `maxReadTime`, and
   * `closed` when the store is closed. The answer's `cursor` is of exactly the latest iteration's
   * points.
   */
  snapshot(): Iterable<SnapshotPoint> & { readonly cursor: string | undefined } {
    const access = this.#access;
    access.assertOpen('snapshot');
    return new StillFrames(() => {
      const frame = access.openFrame('snapshot');
      const cursor = this.#deltas.cursorAt(frame.state.sequence);
      return { cursor, points: new FramedPoints(access.environment, frame, this.#onRefused) };
    });
  }

  /** Returns the cursor of the state as it is now; it is good for every process on the file. */
  snapshotCursor(): string {
    return this.#deltas.cursorAt(
      this.#access.read('snapshotCursor', (frame) => frame.state).sequence,
    );
  }

  /**
   * Returns the last state of each series that changed since the cursor, in batches. All batches of
   * a delta are of the moment at which the first was asked for; what is written later is the next
   * delta's. Events of a large batch can be iterated once, within `maxReadTime`.
   */
  snapshotDelta(cursor: string): SnapshotDelta {
    return this.#deltas.read(cursor);
  }

  /** Ends the series beyond their retention at `now` (Unix ms), and returns how many there were. */
  async gc(now: number = this.#options.now()): Promise<number> {
    this.#access.assertOpen('gc');
    assertSweepTime(now);
    const expired = await deleteExpired(this.#access, this.#retention, now);
    this.#expired += expired;
    return expired;
  }

  /** Tells whether the file can be read, and is still the one at its path. Never rejects. */
  async healthy(): Promise<boolean> {
    return this.#access.isSound();
  }

  /**
   * Ends reads, waits for writes that have begun, and closes the file; writes that are queued
   * reject with `closed`. Rejects with `store_unavailable`, as the writes do, if they wait 5 s for
   * another process: one that is stopped keeps the lock.
   */
  async close(): Promise<void> {
    clearInterval(this.#sweepTimer);
    await this.#access.close();
  }

  /** When each writer of the file wrote last, to the second. */
  lastWrites(): readonly LastWrite[] {
    return this.#access.lastWrites();
  }

  /** What all processes refused and found older; the last refused points are this store's. */
  writeStats(): WriteStats {
    return this.#writes.statsWith(this.#access.unwritten());
  }

  /** Returns how much there is and what became of points that are not there. */
  async stats(): Promise<LmdbStoreStats> {
    const state = this.#access.read('stats', (frame) => frame.state);
    return {
      series: state.series,
      changes: state.sequence - state.oldest,
      fileBytes: this.#access.fileBytes(),
      expired: this.#expired,
      ...this.#writes.stats(),
    };
  }

  /** Takes a point of an upsert; returns whether the batch is full. */
  #take(given: unknown, admission: PointAdmission, batch: PointBatch, tally: UpsertTally): boolean {
    if (!admission.admit(readWritten(given))) {
      tally.refuse(admission.reason!, admission.subject(given));
      return false;
    }
    const { id, value, updatedAt, isTimeSupplied } = admission;
    return batch.add(id!, value, updatedAt, isTimeSupplied);
  }

  // What is in the file and is no point is refused like what was given.
  readonly #onRefused: OnRefused = (reason, subject) => {
    this.#writes.refuse({ reason, subject, rejectedAt: soundClock(this.#options.now)() });
  };
}

function checkPath(path: unknown): void {
  if (typeof path === 'string' && path !== '') return;
  throw invalidOptions('LmdbStore', [`path (${describeSubject(path)}) must be a folder`]);
}
