import { PointAdmission } from '../../model/admission.ts';
import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { SnapshotPoint, WritablePoint } from '../../model/metric-point.ts';
import type { ReadOptions } from '../../model/snapshot-reader.ts';
import type { LastWrite, WriteStats } from '../../model/write-stats.ts';
import type { MetricStore, SeriesMatcher, UpsertResult } from '../metric-store.ts';
import { Retention, sweepRegularly } from '../retention.ts';
import { assertSweepTime } from '../series-target.ts';
import { collectFamilies, sortInput } from '../store-input.ts';
import { UpsertTally, type WriteOutcome } from '../upsert-tally.ts';
import { WriteLog } from '../write-log.ts';
import { readWritten } from '../written-point.ts';
import { DataSet } from './data-set.ts';
import { DataSetProbe } from './data-set-probe.ts';
import { deleteSeries } from './deletion.ts';
import { type RedisStoreDelta, readCursor, readDelta } from './delta-reading.ts';
import { Expiry } from './expiry.ts';
import { FamilyRecords } from './family-records.ts';
import { Keys } from './layout.ts';
import { loadRedisLibrary } from './open-link.ts';
import { takePoints } from './point-intake.ts';
import { PointRounds } from './point-rounds.ts';
import { PointStream } from './point-stream.ts';
import { checkConnection, type RedisConnection } from './redis-address.ts';
import { RedisCalls } from './redis-calls.ts';
import {
  type CheckedRedisStoreOptions,
  checkRedisStoreOptions,
  layoutOf,
  type RedisStoreOptions,
} from './redis-store-options.ts';
import type { RedisStoreStats } from './redis-store-stats.ts';
import { correctCountsOrTell, countSeries } from './series-count.ts';

import { SeriesWriter } from './series-writer.ts';
import type { RedisLibrary } from './server-connection.ts';
import { readPages } from './snapshot-reading.ts';
import type { OnForeign } from './stored-sample.ts';
import { WriterLease } from './writer-lease.ts';
import { WriterRecords } from './writer-records.ts';

/**
 * The store for many hosts: Redis or Valkey, alone, watched by Sentinels, or a cluster.
 *
 * Any number of stores in any number of processes read and write one data set. A write is
 * acknowledged when the master has it; Redis decides how it survives the master (see
 * docs/stores.md). If a failover loses writes, or the data set is emptied or restored, older
 * cursors end and readers read everything again.
 *
 * @example
 * ```ts
 * const store = await RedisStore.open('redis://localhost:6379', { retention: 3_600_000 });
 * await store.upsert({ name: 'jobs_running', labels: { queue: 'mail' }, value: 3 });
 * ```
 */
export class RedisStore implements MetricStore {
  readonly #options: CheckedRedisStoreOptions;
  readonly #calls: RedisCalls;
  readonly #dataSet: DataSet;
  readonly #families: FamilyRecords;
  readonly #writers: WriterRecords;
  readonly #expiry: Expiry;
  readonly #probe: DataSetProbe;
  readonly #writes: WriteLog = new WriteLog();
  readonly #sweepTimer: NodeJS.Timeout | undefined;
  #expired = 0;
  #closing: Promise<void> | undefined;

  private constructor(
    library: RedisLibrary,
    connection: RedisConnection,
    options: CheckedRedisStoreOptions,
  ) {
    this.#options = options;
    const { timeout, onError, writerLease, changeLogSize } = options;
    const layout = layoutOf(options, connection.kind);
    this.#calls = new RedisCalls(library, connection, timeout, onError);
    const lease = writerLease === undefined ? undefined : new WriterLease(writerLease);
    this.#dataSet = new DataSet(this.#calls, new Keys(options.keyPrefix), lease, {
      layout,
      changeLogSize,
    });
    this.#families = new FamilyRecords(this.#dataSet, this.#onForeign);
    this.#writers = new WriterRecords(this.#dataSet, options.writer, options.now);
    this.#probe = new DataSetProbe(this.#dataSet, Number.isFinite(options.maxSeries));
    const { retention: general, retentionByFamily: byFamily } = options;
    this.#expiry = new Expiry(this.#dataSet, { general, byFamily });
    const retention = new Retention(general, byFamily);
    this.#sweepTimer = sweepRegularly(new WeakRef(this), retention, {
      ...options,
      isAlwaysNeeded: true,
    });
    // A logger that fails must not end the process.
    this.#probe.report(onError).catch(() => undefined);
  }

  /**
   * Opens a store. The server need not be there yet: calls reject with `store_unavailable` until it
   * is, and the connection is made again whenever it breaks.
   *
   * Rejects with `invalid_options`, and with `dependency_missing` without `@redis/client`.
   *
   * @param where - a URL (`redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://`), or a
   *   connection
   *   with options of `@redis/client`.
   * @param options - see {@link RedisStoreOptions}.
   */
  static async open(
    where: string | RedisConnection,
    options?: RedisStoreOptions,
  ): Promise<RedisStore> {
    const checked = checkRedisStoreOptions(options);
    const connection = checkConnection(where);
    layoutOf(checked, connection.kind);
    return new RedisStore(await loadRedisLibrary(), connection, checked);
  }

  /**
   * Writes one point or many, each true now unless it says when. Bad points are refused and
   * counted. If the connection breaks, it rejects with `store_unavailable`: what was given may be
   * written or not, and can be written again.
   */
  async upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult> {
    this.#calls.assertOpen('upsert');
    const tally = new UpsertTally(this.#writes, this.#options.now);
    const input = sortInput('upsert', points);
    const layout = await this.#dataSet.found('upsert');
    const writer = new SeriesWriter(this.#dataSet, this.#options.maxSeries);
    const rounds = new PointRounds(writer, layout, (id, outcome) => {
      if (outcome === 'full') tally.refuse('series_limit', id);
      else tally.count(outcome as WriteOutcome);
    });
    const admission = new PointAdmission(this.#options);
    await takePoints(input, {
      rounds,
      take: (given) => {
        if (!admission.admit(readWritten(given))) {
          tally.refuse(admission.reason!, admission.subject(given));
          return false;
        }
        const { id, value, updatedAt, isTimeSupplied } = admission;
        return rounds.add(id!, value, updatedAt, isTimeSupplied);
      },
      assertOpen: () => this.#calls.assertOpen('upsert'),
    });
    await this.#writers.note('upsert', this.#writes);
    return tally.result();
  }

  /** Ends series, by id or by matcher, and returns how many there were. */
  async delete(target: string | Iterable<string> | SeriesMatcher): Promise<number> {
    this.#calls.assertOpen('delete');
    const ended = await deleteSeries(this.#dataSet, target);
    await this.#writers.note('delete', this.#writes);
    return ended;
  }

  /**
   * Adds metadata of families, replacing what was there under the same name; nothing of it if one
   * has a fault. Up to 500 are set at once.
   */
  async setFamilies(families: Iterable<FamilyMetadata>): Promise<void> {
    this.#calls.assertOpen('setFamilies');
    const given = collectFamilies(families);
    const byName = 'then' in given ? await given : given;
    await this.#families.set(byName.values());
    await this.#writers.note('setFamilies', this.#writes);
  }

  /** Returns the metadata of families that was set, in no particular order. */
  async families(): Promise<readonly FamilyMetadata[]> {
    this.#calls.assertOpen('families');
    return this.#families.all();
  }

  /**
   * Returns all points of one state, in no particular order. It can be iterated once.
   *
   * The first point comes when all were read: what others write meanwhile is applied first, so the
   * text of the whole data set is in memory until then. `cursor`, which is there at the end, is
   * that of exactly these points. Foreign fields are left out and counted in `stats().rejected`.
   *
   * Fails with `store_unavailable` if Redis does, or if the data set is replaced, or changed by
   * more than `changeLogSize`, each time it is read.
   */
  snapshot(options: ReadOptions = {}): AsyncIterableIterator<SnapshotPoint> & {
    readonly cursor: string | undefined;
  } {
    this.#calls.assertOpen('snapshot');
    const pages = readPages(this.#dataSet, options, this.#onForeign);
    return new PointStream(pages, this.#onForeign);
  }

  /** Returns the cursor of the state as it is now; it is good for every store over the data set. */
  async snapshotCursor(): Promise<string> {
    this.#calls.assertOpen('snapshotCursor');
    return readCursor(this.#dataSet);
  }

  /**
   * Returns what series became since the cursor, in batches, each as it was at its place in the
   * log: stores that have come to the same cursor have the same points. The first batch fixes where
   * the last one ends: what is written later is in the delta after that. A batch of a data set with
   * many partitions has at least one change of each that changed.
   */
  async snapshotDelta(cursor: string): Promise<RedisStoreDelta> {
    this.#calls.assertOpen('snapshotDelta');
    return readDelta(this.#dataSet, cursor, this.#options.deltaBatchSize, this.#onForeign);
  }

  /**
   * Ends the series that are beyond their retention, and returns how many there were. It also
   * corrects the count of series if buckets were lost or others wrote to them; every reader reads
   * everything again then. The store does both by itself on its own timer.
   *
   * @param now - the time to reckon with, in Unix milliseconds. Default: the store's clock.
   */
  async gc(now: number = this.#options.now()): Promise<number> {
    this.#calls.assertOpen('gc');
    assertSweepTime(now);
    await correctCountsOrTell(this.#dataSet, this.#options.onError);
    this.#calls.assertOpen('gc');
    const expired = await this.#expiry.run(now);
    this.#expired += expired;
    return expired;
  }

  /**
   * Returns whether all of the data set can be read and written now: every server that has a part
   * of it answers within `timeout` and takes writes, all keys have their types, and the user has
   * all rights. Another store's lease does not count. It costs a round trip, and a script for each
   * partition. Never rejects.
   */
  healthy(): Promise<boolean> {
    return this.#probe.isHealthy();
  }

  /** Gives back the lease, if there is one, and ends the connection. Closing again does nothing. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** When each writer of the data set wrote last, to the second. */
  async lastWrites(): Promise<readonly LastWrite[]> {
    return this.#writers.all();
  }

  /** What all processes refused and found older at the latest look; the list is this store's. */
  writeStats(): WriteStats {
    return this.#writes.statsWith(this.#writers.unwritten);
  }

  /** Returns what this store did. */
  stats(): RedisStoreStats {
    return {
      connected: this.#calls.isConnected,
      commands: this.#calls.sent,
      retries: this.#calls.retries,
      connectionsReplaced: this.#calls.replaced,
      expired: this.#expired,
      ...this.#writes.stats(),
    };
  }

  /** Returns how many series the data set has; counts what is in the buckets of each partition. */
  async size(): Promise<number> {
    this.#calls.assertOpen('size');
    return countSeries(this.#dataSet, 'size', await this.#dataSet.readLayout('size'));
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweepTimer);
    // A server that is away does not keep the store from closing; the lease ends by itself then.
    if (this.#calls.isConnected) await this.#dataSet.lease?.release(this.#dataSet).catch(() => {});
    this.#calls.close();
  }

  // What is in Redis and is no sample or no metadata is refused like what was given.
  readonly #onForeign: OnForeign = (reason, subject) => {
    this.#writes.refuse({ reason, subject, rejectedAt: this.#options.now() });
  };
}
