import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { SnapshotPoint } from '../../model/metric-point.ts';
import type { ReadOptions } from '../../model/snapshot-reader.ts';
import type { LastWrite, WriteStats } from '../../model/write-stats.ts';
import type { StoreDelta } from '../front-reading.ts';
import { StoreFront } from '../store-front.ts';
import { DataSet } from './data-set.ts';
import { DataSetProbe } from './data-set-probe.ts';
import { Keys } from './layout.ts';
import { loadRedisLibrary } from './open-link.ts';
import { checkConnection, type RedisConnection } from './redis-address.ts';
import { RedisCalls } from './redis-calls.ts';
import { RedisDriver } from './redis-driver.ts';
import {
  type CheckedRedisStoreOptions,
  checkRedisStoreOptions,
  layoutOf,
  type RedisStoreOptions,
} from './redis-store-options.ts';
import { countSeries } from './series-count.ts';
import type { RedisLibrary } from './server-connection.ts';
import { WriterLease } from './writer-lease.ts';

/** A delta whose events are all there at once. */
export type RedisStoreDelta = StoreDelta;

/** What a `RedisStore` did since it was opened, known without asking Redis. */
export interface RedisStoreStats extends WriteStats {
  /** Whether the connection is there. */
  readonly connected: boolean;
  /** Commands sent, each a round trip; what is sent together with others is counted too. */
  readonly commands: number;
  /** How many of them were tries after a first one failed. */
  readonly retries: number;
  /** Connections given up because the server answered nothing for `timeout`. */
  readonly connectionsReplaced: number;
  /** Series that this store ended because they were beyond their retention. */
  readonly expired: number;
}

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
export class RedisStore extends StoreFront {
  readonly #dataSet: DataSet;
  readonly #driver: RedisDriver;

  private constructor(
    library: RedisLibrary | undefined,
    connection: RedisConnection,
    options: CheckedRedisStoreOptions,
  ) {
    const { timeout, onError, writerLease, changeLogSize, keyPrefix, maxSeries } = options;
    const calls = new RedisCalls(library, connection, timeout, onError);
    const lease = writerLease === undefined ? undefined : new WriterLease(writerLease);
    const layout = layoutOf(options, connection.kind);
    const dataSet = new DataSet(calls, new Keys(keyPrefix), lease, { layout, changeLogSize });
    const probe = new DataSetProbe(dataSet, Number.isFinite(maxSeries));
    const mayReachAll = connection.kind !== 'cluster';
    const driver = new RedisDriver(dataSet, { probe, mayReachAll, onError });
    super(driver, options, { name: 'RedisStore', areNotesApart: true, isSweepNeeded: true });
    this.#dataSet = dataSet;
    this.#driver = driver;
    // A logger that fails must not end the process.
    probe.report(onError).catch(() => undefined);
  }

  /**
   * Opens a store. The server need not be there yet: calls reject with `store_unavailable` until it
   * is, and the connection is made again whenever it breaks.
   *
   * Rejects with `invalid_options`, and with `dependency_missing` without `@redis/client`.
   *
   * @param where - a URL (`redis://`, `rediss://`, `redis-sentinel://`, `redis-cluster://`), or a
   *   connection with options of `@redis/client`, or with a client that the caller connects and
   *   closes.
   * @param options - see {@link RedisStoreOptions}.
   */
  static async open(
    where: string | RedisConnection,
    options?: RedisStoreOptions,
  ): Promise<RedisStore> {
    const checked = checkRedisStoreOptions(options);
    const connection = checkConnection(where);
    layoutOf(checked, connection.kind);
    const library = connection.kind === 'client' ? undefined : await loadRedisLibrary();
    return new RedisStore(library, connection, checked);
  }

  /**
   * Returns all points, in no particular order; each iteration is of one state.
   *
   * The first point comes when all were read: what others write meanwhile is applied first, so the
   * text of the whole data set is in memory until then. `cursor` is that of exactly the points of
   * the latest iteration. Foreign fields are left out and counted in `stats().rejected`.
   *
   * Fails with `store_unavailable` if Redis does, or if the data set is replaced, or changed by
   * more than `changeLogSize`, each time it is read.
   */
  override snapshot(
    options: ReadOptions = {},
  ): AsyncIterable<SnapshotPoint> & { readonly cursor: string | undefined } {
    return this.asyncSnapshot(options);
  }

  /** Returns the cursor of the state as it is now; it is good for every store over the data set. */
  override async snapshotCursor(): Promise<string> {
    return super.snapshotCursor();
  }

  /**
   * Returns what series became since the cursor, in batches, each as it was at its place in the
   * log: stores that have come to the same cursor have the same points. The first batch fixes where
   * the last one ends: what is written later is in the delta after that. A batch of a data set with
   * many partitions has at least one change of each that changed.
   */
  override async snapshotDelta(cursor: string): Promise<RedisStoreDelta> {
    return super.snapshotDelta(cursor);
  }

  /** Returns the metadata of families that was set: the same array until some is set again. */
  override async families(): Promise<readonly FamilyMetadata[]> {
    return super.families() as Promise<readonly FamilyMetadata[]>;
  }

  /** When each writer of the data set wrote last, to the second. */
  override async lastWrites(): Promise<readonly LastWrite[]> {
    return super.lastWrites();
  }

  /** Gives back the lease, if there is one, and ends the connection. Closing again does nothing. */
  override close(): Promise<void> {
    // Before the front waits for calls that are under way: they end with the connection.
    this.#driver.close().catch(() => undefined);
    return super.close();
  }

  /** Returns what this store did. */
  stats(): RedisStoreStats {
    const { calls } = this.#dataSet;
    return {
      connected: calls.isConnected,
      commands: calls.sent,
      retries: calls.retries,
      connectionsReplaced: calls.replaced,
      ...this.ownStats(),
    };
  }

  /** Returns how many series the data set has; counts what is in the buckets of each partition. */
  async size(): Promise<number> {
    this.calls.assertOpen('size');
    return countSeries(this.#dataSet, 'size', await this.#dataSet.readLayout('size'));
  }
}
