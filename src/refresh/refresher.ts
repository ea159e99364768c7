import { logRecovery } from '../logging/default-log.ts';
import type { Clock } from '../model/clock.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyCatalog } from '../model/family-metadata.ts';
import { RejectionLog } from '../model/rejection.ts';
import type { IncrementalSnapshotReader, SnapshotReader } from '../model/snapshot-reader.ts';
import type { LastWrite } from '../model/write-stats.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import type { SourceOrder } from '../snapshot/change-list.ts';
import { noWork, type RefreshWork } from '../snapshot/refresh-work.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../snapshot/snapshot.ts';
import { MetadataDigest, versionOfState } from '../snapshot/snapshot-version.ts';
import { CACHE_DEFAULTS, type CheckedCacheConfig } from './cache-config.ts';
import type { RefreshKind } from './cache-stats.ts';
import { FALLBACK_REASONS, type FallbackReason, refreshByDelta, refreshFully } from './refresh.ts';
import { RefreshRun } from './refresh-run.ts';
import { checkCursor } from './source-items.ts';
import { readLastWrites } from './store-writes.ts';

/** A snapshot with what its next refresh needs to know. */
interface Read {
  readonly snapshot: Snapshot;
  readonly kind: RefreshKind;
  /** Where the next delta begins: not after the snapshot, but perhaps before it. */
  readonly cursor: string | undefined;
  /** The cursor of exactly this snapshot, where that is known. */
  readonly state: string | undefined;
  readonly run: RefreshRun;
}

/** A read, and what the cache says about it. */
interface DescribedRead extends Read {
  /** Which state the snapshot is of, its metadata included. */
  readonly version: number | undefined;
  /** When the source was last written; empty if it does not tell. */
  readonly lastWrites: readonly LastWrite[];
}

/**
 * Refreshes one source, one refresh at a time: which kind, what to do when a delta fails, and the
 * counts of it all. The state changes only when a whole refresh has succeeded.
 */
export class Refresher {
  /** The last good snapshot; undefined before the first one. */
  snapshot: Snapshot | undefined;
  /** How often the snapshot changed. */
  version: number = 0;
  /** When the data of the last good snapshot began to be read, by the clock of ages. */
  readAt: number = Number.NaN;
  /** The same by the wall clock, in Unix ms. */
  readAtWall: number = Number.NaN;
  /** When the latest successful refresh ended, in Unix ms. */
  lastSuccess: number | undefined;
  cursor: string | undefined;
  /** When the source was last written, as of the latest refresh. */
  lastWrites: readonly LastWrite[] = [];
  lastKind: RefreshKind | undefined;
  duration: number = 0;
  longestSlice = 0;
  work: RefreshWork = noWork();
  readonly successes: Record<RefreshKind, number> = { full: 0, delta: 0 };
  readonly failures: Record<RefreshKind, number> = { full: 0, delta: 0 };
  readonly fallbacks: Record<FallbackReason, number> = zeroFallbacks();
  readonly rejections: RejectionLog = new RejectionLog();
  readonly #source: SnapshotReader;
  readonly #config: CheckedCacheConfig;
  readonly #elapsed: Clock;
  #catalog: FamilyCatalog = { byName: new Map(), faults: [] };
  readonly #orders = new Map<string, SourceOrder>();
  readonly #catalogs = new WeakMap<object, FamilyCatalog>();
  readonly #metadata = new MetadataDigest();
  // By snapshot: its version may be asked for when the next one is there already.
  readonly #versions = new WeakMap<Snapshot, number>();
  #lastFull = Number.NEGATIVE_INFINITY;
  #trying: RefreshKind = 'full';
  #isFailing = false;

  /** @param elapsed - the clock of ages, in ms; it never goes back. */
  constructor(source: SnapshotReader, config: CheckedCacheConfig, elapsed: Clock) {
    this.#source = source;
    this.#config = config;
    this.#elapsed = elapsed;
  }

  /** Refreshes once; rejects with a SnapscrapeError when that fails, and then nothing has changed. */
  async refresh(closing: AbortSignal): Promise<void> {
    const { refreshTimeout } = this.#config;
    const begun = this.#elapsed();
    const begunWall = this.#config.now();
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(timeoutError(refreshTimeout)), refreshTimeout);
    timer.unref();
    const onClose = (): void => deadline.abort(closing.reason);
    closing.addEventListener('abort', onClose);
    try {
      // A source that hangs ignores the signal; its answer, should it ever come, is dropped.
      const reading = this.#readAll(deadline.signal);
      const read = await Promise.race([reading, rejection(deadline.signal)]);
      this.#publish(read, begun, begunWall);
    } catch (error) {
      throw this.#failure(error, deadline.signal);
    } finally {
      clearTimeout(timer);
      closing.removeEventListener('abort', onClose);
      this.duration = this.#elapsed() - begun;
    }
  }

  /** Which state a snapshot is of that was published here; undefined where that is not known. */
  versionOf(snapshot: Snapshot): number | undefined {
    return this.#versions.get(snapshot);
  }

  async #readAll(signal: AbortSignal): Promise<DescribedRead> {
    const read = await this.#read(signal);
    const { state, snapshot, run } = read;
    const version =
      state === undefined
        ? undefined
        : versionOfState(state, await this.#metadata.of(snapshot, run.pace));
    return { ...read, version, lastWrites: await this.#lastWrites(run) };
  }

  async #lastWrites(run: RefreshRun): Promise<readonly LastWrite[]> {
    try {
      return (await readLastWrites(this.#source, run)) ?? [];
    } catch (cause) {
      // The points are good; only when they were written is known no better than before.
      run.pace.throwIfAborted();
      this.#tell("The source's lastWrites() failed; its error is the cause", cause);
      return this.lastWrites;
    }
  }

  async #read(signal: AbortSignal): Promise<Read> {
    this.#trying = 'full';
    const { rejections } = this;
    const kept = { orders: this.#orders, catalogs: this.#catalogs };
    const run = new RefreshRun({ ...this.#config, ...kept, rejections }, signal);
    const source = this.#source;
    if (this.#config.mode === 'full' || !isIncremental(source)) {
      return this.#readFully(source, run, undefined);
    }
    const sinceFull = this.#elapsed() - this.#lastFull;
    // After the wall clock was set back, the source tells its times again.
    const isSetBack = this.#config.now() < this.readAtWall;
    const isFullDue = isSetBack || sinceFull >= this.#config.fullRefreshInterval;
    if (this.snapshot !== undefined && this.cursor !== undefined && !isFullDue) {
      this.#trying = 'delta';
      const base = { snapshot: this.snapshot, cursor: this.cursor, catalog: this.#catalog };
      const outcome = await refreshByDelta(source, run, base);
      if (!('fallback' in outcome)) {
        // From wherever the snapshot was at or after the cursor, all changes lead to the next one's
        // state.
        return { ...outcome, kind: 'delta', state: outcome.cursor, run };
      }
      this.#noteFallback(outcome.fallback, outcome.cause);
      run.restart();
    }
    // The cursor is read before the snapshot: what changes in between is seen twice, never lost.
    const cursor = await this.#readCursor(source, run);
    run.pace.throwIfAborted();
    return this.#readFully(source, run, cursor);
  }

  /** Without a cursor the points are still good; the next refresh is a full one then. */
  async #readCursor(
    source: IncrementalSnapshotReader,
    run: RefreshRun,
  ): Promise<string | undefined> {
    try {
      return checkCursor('cursor', await source.snapshotCursor(run.readOptions));
    } catch (error) {
      run.pace.throwIfAborted();
      this.#noteFallback('cursor_failed', error);
      return undefined;
    }
  }

  async #readFully(
    source: SnapshotReader,
    run: RefreshRun,
    cursor: string | undefined,
  ): Promise<Read> {
    this.#trying = 'full';
    const snapshot = await refreshFully(source, run, this.snapshot ?? EMPTY_SNAPSHOT);
    // Only a source that has cursors means one by that name.
    const state = isIncremental(source) ? run.exactCursor : undefined;
    const next = cursor === undefined ? undefined : (state ?? cursor);
    return { snapshot, kind: 'full', cursor: next, state, run };
  }

  #publish(read: DescribedRead, begun: number, begunWall: number): void {
    if (read.snapshot !== this.snapshot) this.version++;
    this.snapshot = read.snapshot;
    this.cursor = read.cursor;
    this.lastWrites = read.lastWrites;
    // Where nothing changed it is the same snapshot, now of the later state. Where the state is not
    // known it remains that of the earlier one.
    if (read.version !== undefined) this.#versions.set(read.snapshot, read.version);
    this.#catalog = read.run.catalog;
    this.readAt = begun;
    this.readAtWall = begunWall;
    this.lastSuccess = this.#config.now();
    this.lastKind = read.kind;
    this.work = read.run.work;
    this.longestSlice = read.run.pace.longestSlice;
    this.successes[read.kind]++;
    this.#noteRecovery();
    if (read.kind === 'full') this.#lastFull = begun;
    // Orders of families that are gone would otherwise stay for ever.
    if (this.#orders.size > read.snapshot.families.length) this.#orders.clear();
  }

  #noteRecovery(): void {
    if (this.#isFailing && this.#config.onError === CACHE_DEFAULTS.onError) {
      logRecovery('cache', 'The source can be read again');
    }
    this.#isFailing = false;
  }

  #failure(error: unknown, signal: AbortSignal): SnapscrapeError {
    this.failures[this.#trying]++;
    this.#isFailing = true;
    // A delta that hangs must not hang every refresh to come: read everything the next time.
    if (signal.aborted && this.#trying === 'delta') this.cursor = undefined;
    const cause: unknown = signal.aborted ? signal.reason : error;
    const failure =
      cause instanceof SnapscrapeError
        ? cause
        : new SnapscrapeError('refresh_failed', 'The source failed; its error is the cause', {
            cause,
          });
    this.#report(failure);
    return failure;
  }

  #noteFallback(reason: FallbackReason, cause: unknown): void {
    this.fallbacks[reason]++;
    this.#tell(`No refresh by delta (${reason}); everything is read instead`, cause);
  }

  #tell(message: string, cause: unknown): void {
    this.#report(new SnapscrapeError('invalid_source_reply', message, { cause }));
  }

  #report(error: SnapscrapeError): void {
    callSafely(this.#config.onError, error);
  }
}

function zeroFallbacks(): Record<FallbackReason, number> {
  const zeros = FALLBACK_REASONS.map((reason) => [reason, 0]);
  return Object.fromEntries(zeros) as Record<FallbackReason, number>;
}

function isIncremental(source: SnapshotReader): source is IncrementalSnapshotReader {
  const { snapshotCursor, snapshotDelta } = source as Partial<IncrementalSnapshotReader>;
  return typeof snapshotCursor === 'function' && typeof snapshotDelta === 'function';
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function timeoutError(ms: number): SnapscrapeError {
  return new SnapscrapeError(
    'refresh_timeout',
    `The source did not answer within ${ms} ms; make it faster or raise refreshTimeout`,
  );
}
