import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';
import type { StoreDelta } from './front-reading.ts';
import { MemoryDriver } from './memory-driver.ts';
import { checkMemoryStoreOptions, type MemoryStoreOptions } from './memory-store-options.ts';
import type { MetricStore } from './metric-store.ts';
import { StoreFront } from './store-front.ts';
import type { StoreGroup } from './store-group.ts';

/** What a {@link MemoryStore} holds and what it has refused and ended since it was made. */
export interface MemoryStoreStats extends WriteStats {
  /** The series that the store holds. */
  readonly series: number;
  /** Series that ended because they were beyond their retention, or their group's time came. */
  readonly expired: number;
}

/** How many points or series of a call are applied before others run. */
const AT_ONCE = 20_480;

/**
 * The embedded store: points in this process's memory, with a bounded log of changes.
 *
 * What `upsert` and `delete` are given synchronously is applied before they return, so the promise
 * need not be awaited to see the effect. This holds up to 20 000 points or series. More are applied
 * in slices of some thousand, so that others run in between. A call made meanwhile is applied after
 * it, also one made by a generator that gives the points. Points that come out are frozen and never
 * change.
 *
 * @example
 * ```ts
 * const store = new MemoryStore({ retention: 3_600_000 });
 * store.upsert({ name: 'jobs_running', labels: { queue: 'mail' }, value: 3 });
 * ```
 */
export class MemoryStore extends StoreFront implements MetricStore {
  readonly #driver: MemoryDriver;

  /**
   * Makes an empty store. Throws `invalid_options` with every fault.
   *
   * @param options - see {@link MemoryStoreOptions}.
   */
  constructor(options?: MemoryStoreOptions) {
    const checked = checkMemoryStoreOptions(options);
    const driver = new MemoryDriver(checked.changeLogSize);
    const name = 'MemoryStore';
    super(driver, checked, {
      name,
      atOnce: AT_ONCE,
      hasChecked: true,
      expectedPuts: driver.series,
    });
    this.#driver = driver;
  }

  /** Returns the metadata of families that was set, in no particular order. */
  override families(): readonly FamilyMetadata[] {
    return super.families() as readonly FamilyMetadata[];
  }

  /** Returns all groups, in no particular order. */
  override groups(): readonly StoreGroup[] {
    return super.groups() as readonly StoreGroup[];
  }

  /**
   * Returns all points as they are when an iteration begins, in no particular order; each
   * iteration is a still frame of its own. Writes go on meanwhile, and the frame keeps what they
   * replace until it is dropped. The snapshot's `cursor` is of exactly the latest iteration's
   * points.
   */
  override snapshot(): Iterable<SnapshotPoint> & { readonly cursor: string | undefined } {
    return this.syncSnapshot();
  }

  /** Returns the cursor of the state as it is now; another store's cursors are unknown to it. */
  override snapshotCursor(): string {
    return super.snapshotCursor() as string;
  }

  /**
   * Returns the last state of each series that changed since the cursor, in batches: the state
   * as it is now, so a series that changes again before the next batch is in both.
   */
  override snapshotDelta(cursor: string): StoreDelta {
    return super.snapshotDelta(cursor) as StoreDelta;
  }

  /** Lets go of everything the store holds. Closing again does nothing. */
  override close(): Promise<void> {
    // At once: a sweep that goes on finds nothing more to end.
    this.#driver.close();
    return super.close();
  }

  /** When the latest write was acknowledged; nothing before the first one. */
  override lastWrites(): readonly LastWrite[] {
    return super.lastWrites() as readonly LastWrite[];
  }

  /** Returns how many series there are and what became of points that are not there. */
  stats(): MemoryStoreStats {
    return { series: this.#driver.series.size, ...this.ownStats() };
  }
}
