import type { FamilyMetadata } from '../../model/family-metadata.ts';
import type { SnapshotPoint } from '../../model/metric-point.ts';
import { invalidOptions } from '../../model/options.ts';
import { describeSubject } from '../../model/rejection.ts';
import type { LastWrite, WriteStats } from '../../model/write-stats.ts';
import type { StoreDelta } from '../front-reading.ts';
import { StoreFront } from '../store-front.ts';
import { openEnvironment } from './environment.ts';
import { LedgerAccess } from './ledger-access.ts';
import { LmdbDriver } from './lmdb-driver.ts';
import {
  type CheckedLmdbStoreOptions,
  checkLmdbStoreOptions,
  type LmdbStoreOptions,
} from './lmdb-store-options.ts';
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
 * series, of ids with up to 2 MiB together, is one transaction, of which a reader sees all or
 * nothing. The folder must be on a local disk: LMDB does not work over network file systems.
 *
 * @example
 * ```ts
 * const store = await LmdbStore.open('./data', { retention: 3_600_000 });
 * await store.upsert({ name: 'jobs_running', labels: { queue: 'mail' }, value: 3 });
 * ```
 */
export class LmdbStore extends StoreFront {
  readonly #driver: LmdbDriver;

  private constructor(driver: LmdbDriver, options: CheckedLmdbStoreOptions) {
    super(driver, options, { name: 'LmdbStore' });
    this.#driver = driver;
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
    return new LmdbStore(new LmdbDriver(new LedgerAccess(environment, checked)), checked);
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

  /** Returns the metadata of families that was set, in no particular order. */
  override families(): Iterable<FamilyMetadata> {
    return this.familiesInSteps() as Iterable<FamilyMetadata>;
  }

  /**
   * Returns all points as they are when an iteration begins, in the order of the UTF-8 bytes
   * of their ids (those of more than 1 900 bytes: of the first 1 900); each iteration is a still
   * frame of its own. It throws `snapshot_expired` if it takes longer than `maxReadTime`, and
   * `closed` if the store is closed. `cursor` is of exactly the latest iteration's points.
   */
  override snapshot(): Iterable<SnapshotPoint> & { readonly cursor: string | undefined } {
    return this.syncSnapshot();
  }

  /** Returns the cursor of the state as it is now; it is good for every process on the file. */
  override snapshotCursor(): string {
    return super.snapshotCursor() as string;
  }

  /**
   * Returns the last state of each series that changed since the cursor, in batches of at most
   * 1 024 changes. All batches of a delta are of the moment at which the first was asked for; what
   * is written later is the next delta's.
   */
  override snapshotDelta(cursor: string): StoreDelta {
    return super.snapshotDelta(cursor) as StoreDelta;
  }

  /**
   * Ends reads, waits for writes that have begun, and closes the file; writes that are queued
   * reject with `closed`. Rejects with `store_unavailable`, as the writes do, if they wait 5 s for
   * another process: one that is stopped keeps the lock.
   */
  override close(): Promise<void> {
    // Before the front waits for writes: those that are queued reject, and the others have an end.
    this.#driver.close().catch(() => undefined);
    return super.close();
  }

  /** When each writer of the file wrote last, to the second. */
  override lastWrites(): readonly LastWrite[] {
    return super.lastWrites() as readonly LastWrite[];
  }

  /** Returns how much there is and what became of points that are not there. */
  async stats(): Promise<LmdbStoreStats> {
    const { series, sequence, oldest, fileBytes } = await this.calls.call('stats', () =>
      this.#driver.numbers(),
    );
    return { series, changes: sequence - oldest, fileBytes, ...this.ownStats() };
  }
}

function checkPath(path: unknown): void {
  if (typeof path === 'string' && path !== '') return;
  throw invalidOptions('LmdbStore', [`path (${describeSubject(path)}) must be a folder`]);
}
