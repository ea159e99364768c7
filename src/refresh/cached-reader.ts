import { type Clock, elapsedClock } from '../model/clock.ts';
import { asRefreshError, SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { assertReader } from '../model/options.ts';
import type { RejectionLog } from '../model/rejection.ts';
import type {
  IncrementalSnapshotReader,
  ReadOptions,
  SnapshotReader,
} from '../model/snapshot-reader.ts';
import type { LastWrite } from '../model/write-stats.ts';
import { SharedTask } from '../scheduling/shared-task.ts';
import { abortedError, waitFor } from '../scheduling/wait.ts';
import { Watchers } from '../scheduling/watchers.ts';
import type { ChunkMemory } from '../snapshot/chunk-memory.ts';
import { snapshotPoints } from '../snapshot/points.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { useWhile } from '../snapshot/snapshot-use.ts';
import { type CacheConfig, type CheckedCacheConfig, checkCacheConfig } from './cache-config.ts';
import type { CacheStats } from './cache-stats.ts';
import { RefreshTimer } from './refresh-timer.ts';
import { Refresher } from './refresher.ts';
import {
  type ErrorPolicy,
  refusalsOf,
  type SnapshotProvider,
  type SnapshotWait,
  type SnapshotWatcher,
} from './snapshot-provider.ts';
import { type RefusalSources, refusedPoints } from './store-writes.ts';

/** A snapshot reader that answers from the last good snapshot of its source. */
export interface CachedSnapshotReader extends SnapshotReader {
  /**
   * Returns the points of the last good snapshot, in series order, refreshed first where that
   * is due. They stay as they are while they are read. Rejects with `snapshot_unavailable`,
   * `snapshot_stale`, `aborted` or `closed`.
   */
  snapshot(options?: ReadOptions): Promise<Iterable<SnapshotPoint>>;
  /** Returns the declared metadata of the families in the last good snapshot. */
  families(options?: ReadOptions): Promise<readonly FamilyMetadata[]>;
  /** What the cache did and holds. */
  cacheStats(): CacheStats;
  /**
   * Refreshes now, or joins the refresh that is under way. Rejects with the SnapscrapeError of a
   * failed refresh; the last good snapshot goes on being served then.
   */
  refresh(): Promise<void>;
  /** Ends the timer and the refresh under way. Reads reject with `closed` from then on. */
  close(): void;
}

/**
 * Wraps a snapshot reader with a cache, refreshed fully or by what changed.
 *
 * Any number of reads share one refresh, and none of them can end it for the others. A refresh that
 * fails, hangs or yields half a snapshot never replaces a good one. Wrapping a cached reader again
 * returns it as it is. Throws `invalid_options` when the source is no reader or the configuration
 * is wrong, with every fault listed.
 *
 * @example
 * ```ts
 * const reader = createCachedSnapshotReader(store, { refreshInterval: 15_000 });
 * ```
 */
export function createCachedSnapshotReader(
  source: SnapshotReader | IncrementalSnapshotReader,
  config?: CacheConfig,
): CachedSnapshotReader {
  const checked = checkCacheConfig(config);
  if (source instanceof CachedReader) return source;
  assertReader('createCachedSnapshotReader', source, 'source');
  // Ages follow the clock of a test; otherwise the wall clock has no say in them.
  const elapsed = elapsedClock(config?.now === undefined ? undefined : checked.now);
  return new CachedReader(source, checked, elapsed);
}

/** The cached reader, with what the handler needs beyond the public contract. */
export class CachedReader implements CachedSnapshotReader, SnapshotProvider {
  readonly isKept = true;
  readonly #source: SnapshotReader;
  readonly #config: CheckedCacheConfig;
  readonly #elapsed: Clock;
  readonly #refresher: Refresher;
  readonly #timer: RefreshTimer;
  readonly #closing = new AbortController();
  readonly #watchers = new Watchers<SnapshotWatcher>();
  readonly #refreshing = new SharedTask<void>();
  /** Why the latest refresh failed; undefined where it succeeded. */
  #lastFailure: SnapscrapeError | undefined;

  /**
   * @param elapsed - the clock of ages, in ms; it never goes back.
   * @param memory - of the snapshots' texts. Default: memory of its own.
   */
  constructor(
    source: SnapshotReader,
    config: CheckedCacheConfig,
    elapsed: Clock,
    memory?: ChunkMemory,
  ) {
    this.#source = source;
    this.#config = config;
    this.#elapsed = elapsed;
    this.#refresher = new Refresher(source, config, elapsed, memory);
    this.#timer = new RefreshTimer(config, () => this.refresh());
    if (config.background) this.#timer.start();
  }

  /** Refused points of all refreshes. */
  get rejections(): RejectionLog {
    return this.#refresher.rejections;
  }

  async snapshot(options: ReadOptions = {}): Promise<Iterable<SnapshotPoint>> {
    // Nobody can tell when the last point is read.
    return snapshotPoints(await this.current({ ...options, use: undefined }));
  }

  async families(options: ReadOptions = {}): Promise<readonly FamilyMetadata[]> {
    const { families } = await this.current(options);
    return families.flatMap((family) => family.metadata ?? []);
  }

  /** The snapshot to serve now. A refresh is waited for where one is due, until the deadline. */
  async current(wait: SnapshotWait = {}): Promise<Snapshot> {
    if (this.#closing.signal.aborted) throw closedError();
    if (wait.signal?.aborted) throw abortedError(wait.signal.reason);
    if (this.isFresh(wait.errorPolicy)) return this.#refresher.choose(wait.use);
    // The timer tries again; without one a scrape does.
    if (this.#config.background && this.#refresher.snapshot && this.#isRefused(wait.errorPolicy)) {
      throw this.#lastFailure!;
    }
    return this.#refreshed(wait);
  }

  fresh(policy?: ErrorPolicy): Snapshot | undefined {
    return this.isFresh(policy) ? this.#refresher.snapshot : undefined;
  }

  keep(): void {
    this.#refresher.memory.keep();
  }

  /** Whether the latest snapshot may be served as it is. */
  protected isFresh(policy: ErrorPolicy | undefined): boolean {
    const { snapshot } = this.#refresher;
    if (this.#closing.signal.aborted || snapshot === undefined) return false;
    if (this.#isRefused(policy)) return false;
    const age = this.#age();
    if (this.#config.background) {
      // The timer may have slept with the machine: what is too old is read now rather than refused.
      return age <= this.#config.maxStaleness;
    }
    if (this.#isDue()) return false;
    if (age >= this.#config.refreshInterval / 2) {
      this.#timer.refreshIn(this.#config.refreshInterval - age, () => this.#isDue());
    }
    return true;
  }

  refresh(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(closedError());
    return this.#refreshing.run(() => this.#refreshOnce());
  }

  /** Where points are refused before they come to this cache. */
  refusalsBelow(): RefusalSources {
    return refusalsOf(this.#source);
  }

  /** When the source was last written, as of the latest refresh. */
  lastWrites(): readonly LastWrite[] {
    return this.#refresher.lastWrites;
  }

  /** Which state a snapshot is of that this reader gave. */
  versionOf(snapshot: Snapshot): number | undefined {
    return this.#refresher.versionOf(snapshot);
  }

  /** Tells a watcher of each new snapshot for as long as its owner holds it. */
  watch(watcher: SnapshotWatcher): void {
    this.#watchers.add(watcher);
  }

  async #refreshOnce(): Promise<void> {
    const { version } = this.#refresher;
    try {
      await this.#refresher.refresh(this.#closing.signal);
      this.#lastFailure = undefined;
    } catch (error) {
      this.#lastFailure = asRefreshError(error);
      throw error;
    }
    if (this.#refresher.version === version) return;
    const snapshot = this.#refresher.snapshot!;
    const { memory } = this.#refresher;
    this.#watchers.each((watcher) => useWhile(memory, () => watcher.published(snapshot)));
  }

  close(): void {
    this.#timer.stop();
    this.#closing.abort(closedError());
  }

  cacheStats(): CacheStats {
    const from = this.#refresher;
    const { rejected, lastRejected, olderWrites } = refusedPoints(refusalsOf(this));
    return Object.freeze({
      refreshDuration: from.duration,
      lastSuccess: from.lastSuccess,
      age: from.snapshot === undefined ? undefined : this.#age(),
      isStale: from.snapshot !== undefined && this.#isStale(),
      lastRefreshKind: from.lastKind,
      refreshes: from.successes.full + from.successes.delta,
      deltas: from.successes.delta,
      fullRefreshes: from.successes.full,
      fallbacks: Object.values(from.fallbacks).reduce((sum, count) => sum + count, 0),
      fallbacksByReason: { ...from.fallbacks },
      failures: from.failures.full + from.failures.delta,
      isFailing: this.#lastFailure !== undefined,
      isClosed: this.#closing.signal.aborted,
      failuresByKind: { ...from.failures },
      rejected,
      lastRejected,
      olderWrites,
      lastWrites: from.lastWrites,
      familyFaults: from.snapshot?.familyFaults ?? [],
      series: from.snapshot?.series ?? 0,
      families: from.snapshot?.families.length ?? 0,
      bytes: from.snapshot?.bytes ?? 0,
      version: from.version,
      snapshotVersion: from.snapshot && from.versionOf(from.snapshot),
      cursor: from.cursor,
      longestSlice: from.longestSlice,
      work: { ...from.work },
    });
  }

  async #refreshed(wait: SnapshotWait): Promise<Snapshot> {
    let failure: SnapscrapeError | undefined;
    try {
      // What has just been read is served, however old it became while it was read.
      if (await waitFor(this.refresh(), wait)) return this.#refresher.choose(wait.use);
    } catch (error) {
      if (wait.signal?.aborted || wait.errorPolicy === 'fail') throw error;
      failure = asRefreshError(error); // The last good snapshot answers, if it is not too old.
    }
    this.#checkLastGood(wait.errorPolicy, failure);
    const snapshot = this.#refresher.choose(wait.use);
    if (failure !== undefined) wait.onFailure?.(failure);
    return snapshot;
  }

  #checkLastGood(policy: ErrorPolicy | undefined, cause: SnapscrapeError | undefined): void {
    const { snapshot } = this.#refresher;
    // Whether what is late succeeds cannot be known: under `fail` nothing is served in its place.
    if (snapshot === undefined || policy === 'fail') {
      throw new SnapscrapeError(
        'snapshot_unavailable',
        'There is no good snapshot of the source yet; see the cause, or wait for the refresh',
        { cause },
      );
    }
    if (policy === 'continue' || this.#age() <= this.#config.maxStaleness) return;
    throw new SnapscrapeError(
      'snapshot_stale',
      `The last good snapshot is ${this.#age()} ms old; see why the source fails, or raise maxStaleness`,
      { cause },
    );
  }

  /** Whether a policy serves nothing, because the latest refresh failed. */
  #isRefused(policy: ErrorPolicy | undefined): boolean {
    return policy === 'fail' && this.#lastFailure !== undefined;
  }

  #isDue(): boolean {
    // The wall clock was set back: what points without a time say is to be told by the new one.
    const isSetBack = this.#config.now() < this.#refresher.readAtWall;
    return isSetBack || this.#age() >= this.#config.refreshInterval;
  }

  #isStale(): boolean {
    const isLeftAlone = this.#lastFailure === undefined && !this.#refreshing.isRunning;
    return !isLeftAlone && this.#age() > this.#config.maxStaleness;
  }

  #age(): number {
    return this.#elapsed() - this.#refresher.readAt;
  }
}

function closedError(): SnapscrapeError {
  return new SnapscrapeError('closed', 'The cached reader is closed; make a new one');
}
