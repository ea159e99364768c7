import { setImmediate } from 'node:timers/promises';
import { soundClock } from '../model/clock.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { SnapshotPoint, WritablePoint } from '../model/metric-point.ts';
import type { Awaitable, ReadOptions, SnapshotDelta } from '../model/snapshot-reader.ts';
import { trustedSeriesId } from '../model/trusted-point.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';
import type { Commit, Committed, DriverFrame, StoreDriver } from './driver.ts';
import { DriverSnapshot, driverFailed, eventsOf, isPromise } from './driver-reading.ts';
import { type CheckedFrontOptions, checkFrontOptions } from './front-options.ts';
import type { SharedStoreOptions } from './memory-store-options.ts';
import type { MetricStore, SeriesMatcher, UpsertResult } from './metric-store.ts';
import { Retention, sweepRegularly } from './retention.ts';
import {
  assertDeleteTarget,
  assertSweepTime,
  canonicalSeriesId,
  type SeriesPredicate,
  seriesPredicate,
} from './series-target.ts';
import { collectFamilies, collectIds, inputFailed, sortInput } from './store-input.ts';
import { Taking } from './taking.ts';
import { UpsertTally } from './upsert-tally.ts';
import { WriteLog } from './write-log.ts';

// Counts the points of an iterable after which others run.
const STRIDE = 4096;

/**
 * Makes a store of a driver: the driver keeps series, this does what all stores do alike.
 *
 * Throws `invalid_options` with every fault. `writeStats()` and `lastWrites()` of the store are
 * those of this process.
 *
 * @param driver - where series are kept; the store closes it.
 * @param options - see {@link MemoryStoreOptions}, without `changeLogSize`.
 */
export function createStoreOver(driver: StoreDriver, options?: SharedStoreOptions): MetricStore {
  return new StoreFront(driver, checkFrontOptions(options));
}

class StoreFront implements MetricStore {
  readonly #driver: StoreDriver;
  readonly #options: CheckedFrontOptions;
  readonly #retention: Retention;
  readonly #writes: WriteLog = new WriteLog();
  readonly #frames = new Set<DriverFrame>();
  readonly #pending = new Set<PromiseLike<unknown>>();
  readonly #sweepTimer: NodeJS.Timeout | undefined;
  #lastWrite: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(driver: StoreDriver, options: CheckedFrontOptions) {
    this.#driver = driver;
    this.#options = options;
    this.#retention = new Retention(options.retention, options.retentionByFamily);
    this.#sweepTimer = sweepRegularly(new WeakRef(this), this.#retention, options);
  }

  async upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult> {
    this.#assertOpen('upsert');
    const tally = new UpsertTally(this.#writes, this.#options.now);
    const input = sortInput('upsert', points);
    const taking = new Taking(this.#driver.limits, this.#options, tally);
    let failure: unknown;
    const write = async (): Promise<void> => {
      try {
        const puts = taking.take();
        if (puts.length === 0) return this.#assertOpen('upsert');
        const committed = this.#commit('upsert', { puts });
        taking.count(puts, isPromise(committed) ? await committed : committed);
      } catch (error) {
        failure = error;
        throw error;
      }
    };
    try {
      let taken = 0;
      const isPause = (): boolean => ++taken % STRIDE === 0;
      if (input.kind === 'sync') {
        for (const point of input.points) {
          if (taking.add(point)) await write();
          if (isPause()) await setImmediate();
        }
      } else {
        for await (const point of input.points) {
          this.#assertOpen('upsert');
          if (taking.add(point)) await write();
          if (isPause()) await setImmediate();
        }
      }
    } catch (cause) {
      if (failure !== undefined) throw failure;
      await write();
      throw inputFailed('upsert', cause);
    }
    await write();
    this.#noteWrite();
    return tally.result();
  }

  async delete(target: string | Iterable<string> | SeriesMatcher): Promise<number> {
    this.#assertOpen('delete');
    assertDeleteTarget(target);
    const ended =
      typeof target === 'string'
        ? await this.#end('delete', [canonicalSeriesId(target)])
        : Symbol.iterator in target
          ? await this.#end('delete', await collectIds(target))
          : await this.#endMatching('delete', seriesPredicate(target));
    this.#noteWrite();
    return ended;
  }

  async setFamilies(families: Iterable<FamilyMetadata>): Promise<void> {
    this.#assertOpen('setFamilies');
    const byName = await collectFamilies(families);
    const records = new Map([...byName].map(([name, family]) => [name, JSON.stringify(family)]));
    await this.#commit('setFamilies', { records });
    this.#noteWrite();
  }

  async families(): Promise<readonly FamilyMetadata[]> {
    const frame = await this.#openFrame('families', {});
    const texts = [...frame.records.values()];
    frame.close();
    try {
      return texts.map((text) => JSON.parse(text) as FamilyMetadata);
    } catch (cause) {
      throw driverFailed('families', cause);
    }
  }

  snapshot(options: ReadOptions = {}): AsyncIterable<SnapshotPoint> & {
    readonly cursor: string | undefined;
  } {
    this.#assertOpen('snapshot');
    const openFrame = (given: ReadOptions): Promise<DriverFrame> =>
      this.#openFrame('snapshot', given);
    return new DriverSnapshot(openFrame, options, () => this.#assertOpen('snapshot'));
  }

  async snapshotCursor(): Promise<string> {
    return this.#call('snapshotCursor', () => this.#driver.head());
  }

  async snapshotDelta(cursor: string): Promise<SnapshotDelta> {
    const { deltaBatchSize } = this.#options;
    const changes = await this.#call('snapshotDelta', () =>
      typeof cursor === 'string' ? this.#driver.changes(cursor, deltaBatchSize) : 'lost',
    );
    if (changes === 'lost') {
      return { nextCursor: await this.snapshotCursor(), events: [], reset: true };
    }
    const { entries, next, more } = changes;
    return { nextCursor: next, events: [...eventsOf(entries)], more };
  }

  async gc(now: number = this.#options.now()): Promise<number> {
    this.#assertOpen('gc');
    assertSweepTime(now);
    return this.#endMatching('gc', (point) => this.#retention.isOver(point, now));
  }

  async healthy(): Promise<boolean> {
    try {
      await this.snapshotCursor();
      return true;
    } catch {
      return false;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  writeStats(): WriteStats {
    return this.#writes.stats();
  }

  lastWrites(): readonly LastWrite[] {
    const { writer } = this.#options;
    return this.#lastWrite === undefined ? [] : [{ writer, at: this.#lastWrite }];
  }

  async #endMatching(method: string, isChosen: SeriesPredicate): Promise<number> {
    const frame = await this.#openFrame(method, {});
    const ids: string[] = [];
    const times: number[] = [];
    try {
      for await (const page of frame.pages) {
        for (const event of eventsOf(page)) {
          if (!('point' in event) || !isChosen(event.point)) continue;
          ids.push(trustedSeriesId(event.point)!);
          times.push(event.point.updatedAt);
        }
        this.#assertOpen(method);
      }
    } catch (cause) {
      this.#assertOpen(method);
      throw driverFailed(method, cause);
    } finally {
      frame.close();
    }
    // A matcher ends what it chose; retention only what is as old as it was.
    return this.#end(method, ids, method === 'gc' ? times : undefined);
  }

  async #end(method: string, ids: readonly string[], times?: readonly number[]): Promise<number> {
    const { commit: most } = this.#driver.limits;
    let ended = 0;
    for (let from = 0; from < ids.length; from += most) {
      const ends = ids.slice(from, from + most);
      const endTimes = times?.slice(from, from + most);
      const committed = await this.#commit(method, { ends, ...(endTimes && { endTimes }) });
      ended += committed.ended;
      if (from + most < ids.length) await setImmediate();
    }
    return ended;
  }

  #commit(method: string, part: Partial<Commit>): Awaitable<Committed> {
    const commit = { puts: [], ends: [], most: this.#options.maxSeries, ...part };
    return this.#call(method, () => this.#driver.commit(commit));
  }

  async #openFrame(method: string, options: ReadOptions): Promise<DriverFrame> {
    const frame = await this.#call(method, () => this.#driver.frame(options));
    const { cursor, records, pages } = frame;
    const close = (): void => {
      if (this.#frames.delete(open)) frame.close();
    };
    const open = { cursor, records, pages, close };
    this.#frames.add(open);
    // The store was closed while the driver opened the frame.
    if (this.#closing !== undefined) close();
    this.#assertOpen(method);
    return open;
  }

  /** Calls the driver; what is no promise is returned as it is. */
  #call<T>(method: string, run: () => Awaitable<T>): Awaitable<T> {
    this.#assertOpen(method);
    try {
      const result = run();
      return isPromise(result) ? this.#settle(method, result) : result;
    } catch (cause) {
      throw driverFailed(method, cause);
    }
  }

  async #settle<T>(method: string, result: PromiseLike<T>): Promise<T> {
    this.#pending.add(result);
    try {
      return await result;
    } catch (cause) {
      throw driverFailed(method, cause);
    } finally {
      this.#pending.delete(result);
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweepTimer);
    if (this.#pending.size > 0) {
      await Promise.allSettled(this.#pending);
      // Callers that waited for a frame close it first.
      await setImmediate();
    }
    for (const frame of this.#frames) frame.close();
    await this.#driver.close();
  }

  #noteWrite(): void {
    this.#lastWrite = soundClock(this.#options.now)();
  }

  #assertOpen(method: string): void {
    if (this.#closing === undefined) return;
    throw new SnapscrapeError('closed', `The store is closed; ${method}() needs an open store`);
  }
}
