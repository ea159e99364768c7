import { logRecovery } from '../logging/default-log.ts';
import type { Clock } from '../model/clock.ts';
import { asRefreshError, SnapscrapeError } from '../model/errors.ts';
import type { FamilyCatalog } from '../model/family-metadata.ts';
import { KeyMatcher } from '../model/key/index.ts';
import { RejectionLog } from '../model/rejection.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import {
  FALLBACK_REASONS,
  type FallbackReason,
  NoDelta,
  type SourceReader,
} from '../model/source-read.ts';
import type { LastWrite } from '../model/write-stats.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import { ChunkMemory } from '../snapshot/chunk-memory.ts';
import { noWork, type RefreshWork } from '../snapshot/refresh-work.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from '../snapshot/snapshot.ts';
import type { SnapshotUse } from '../snapshot/snapshot-use.ts';
import { MetadataDigest, versionOfState } from '../snapshot/snapshot-version.ts';
import { CACHE_DEFAULTS, type CheckedCacheConfig } from './cache-config.ts';
import type { RefreshKind } from './cache-stats.ts';
import { LeftOutFamilies } from './left-out-families.ts';
import type { LineOrder } from './line-order.ts';
import { sourceReaderOf } from './public-reader.ts';
import { RefreshRun } from './refresh-run.ts';
import { readOnce, type TakenRead } from './take-read.ts';

/** A read, and what the cache says about it. */
interface DescribedRead extends TakenRead {
  readonly run: RefreshRun;
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
  /** The memory of the snapshots' texts. */
  readonly memory: ChunkMemory;
  readonly #source: SourceReader;
  readonly #config: CheckedCacheConfig;
  readonly #elapsed: Clock;
  #catalog: FamilyCatalog = { byName: new Map(), faults: [] };
  #leftOut = new LeftOutFamilies();
  #order: LineOrder;
  #layout: object | undefined;
  readonly #catalogs = new WeakMap<object, FamilyCatalog>();
  readonly #matcher = new KeyMatcher();
  readonly #metadata = new MetadataDigest();
  // By snapshot: its version may be asked for when the next one is there already.
  readonly #versions = new WeakMap<Snapshot, number>();
  #lastFull = Number.NEGATIVE_INFINITY;
  #trying: RefreshKind = 'full';
  #isFailing = false;

  /** @param elapsed - the clock of ages, in ms; it never goes back. */
  constructor(
    source: SnapshotReader,
    config: CheckedCacheConfig,
    elapsed: Clock,
    memory: ChunkMemory = new ChunkMemory(),
  ) {
    this.memory = memory;
    this.#source = sourceReaderOf(source);
    this.#config = config;
    this.#elapsed = elapsed;
  }

  /**
   * Refreshes once; rejects with a SnapscrapeError when that fails, and then nothing has changed.
   */
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

  /**
   * The last good snapshot, which there must be: held for a use, or for ever without one. Both are
   * one step, as another refresh could end in between.
   */
  choose(use: SnapshotUse | undefined): Snapshot {
    if (use === undefined) this.memory.keep();
    else use.begin(this.memory);
    return this.snapshot!;
  }

  /** Which state a snapshot is of that was published here; undefined where that is not known. */
  versionOf(snapshot: Snapshot): number | undefined {
    return this.#versions.get(snapshot);
  }

  async #readAll(signal: AbortSignal): Promise<DescribedRead> {
    const { rejections, memory } = this;
    memory.begin();
    const [order, layout] = [this.#order, this.#layout];
    const kept = { order, layout, catalogs: this.#catalogs, leftOut: this.#leftOut };
    const matcher = this.#matcher;
    const run = new RefreshRun({ ...this.#config, ...kept, matcher, memory, rejections }, signal);
    const read = await this.#read(run);
    const { state, snapshot, writes } = read;
    const version =
      state === undefined
        ? undefined
        : versionOfState(state, await this.#metadata.of(snapshot, run.pace));
    return { ...read, run, version, lastWrites: this.#lastWrites(writes) };
  }

  #lastWrites(writes: TakenRead['writes']): readonly LastWrite[] {
    if (writes?.status !== 'rejected') return writes?.value ?? [];
    // The points are good; only when they were written is known no better than before.
    this.#tell("The source's lastWrites() failed; its error is the cause", writes.reason);
    return this.lastWrites;
  }

  /** Reads what changed if that is possible, and everything if not: in a pinch without a cursor. */
  async #read(run: RefreshRun): Promise<TakenRead> {
    const { snapshot: previous = EMPTY_SNAPSHOT } = this;
    const catalog = this.#catalog;
    let since = this.#isFullDue() ? undefined : this.cursor;
    let needsResume = this.#config.mode === 'incremental';
    for (;;) {
      this.#trying = since === undefined ? 'full' : 'delta';
      try {
        return await readOnce(this.#source, run, { previous, catalog, since, needsResume });
      } catch (error) {
        if (!(error instanceof NoDelta) || !needsResume) throw error;
        this.#noteFallback(error);
        // Without a cursor the points are still good; the next refresh is a full one then.
        if (since === undefined) needsResume = false;
        since = undefined;
      }
    }
  }

  #isFullDue(): boolean {
    const sinceFull = this.#elapsed() - this.#lastFull;
    // After the wall clock was set back, the source tells its times again.
    const isSetBack = this.#config.now() < this.readAtWall;
    return isSetBack || sinceFull >= this.#config.fullRefreshInterval;
  }

  #publish(read: DescribedRead, begun: number, begunWall: number): void {
    if (read.snapshot !== this.snapshot) {
      this.version++;
      this.memory.replaced(this.snapshot ?? EMPTY_SNAPSHOT, read.snapshot);
    } else this.memory.unchanged();
    this.snapshot = read.snapshot;
    this.cursor = read.resume;
    this.lastWrites = read.lastWrites;
    // Where nothing changed it is the same snapshot, now of the later state. Where the state is not
    // known it remains that of the earlier one.
    if (read.version !== undefined) this.#versions.set(read.snapshot, read.version);
    this.#catalog = read.run.catalog;
    this.#leftOut = read.run.leftOut;
    this.readAt = begun;
    this.readAtWall = begunWall;
    this.lastSuccess = this.#config.now();
    this.lastKind = read.kind;
    this.work = read.run.work;
    this.longestSlice = read.run.pace.longestSlice;
    this.successes[read.kind]++;
    this.#noteRecovery();
    if (read.kind === 'full') this.#lastFull = begun;
    this.#order = read.order;
    this.#layout = read.layout;
  }

  #noteRecovery(): void {
    if (this.#isFailing && this.#config.onError === CACHE_DEFAULTS.onError) {
      logRecovery('cache', 'The source can be read again');
    }
    this.#isFailing = false;
  }

  #failure(error: unknown, signal: AbortSignal): SnapscrapeError {
    // A run that was given up may still read the last snapshot when its source answers.
    this.memory.keep();
    this.failures[this.#trying]++;
    this.#isFailing = true;
    // A delta that hangs must not hang every refresh to come: read everything the next time.
    if (signal.aborted && this.#trying === 'delta') this.cursor = undefined;
    const failure = asRefreshError(signal.aborted ? signal.reason : error);
    this.#report(failure);
    return failure;
  }

  #noteFallback({ reason, cause }: NoDelta): void {
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
