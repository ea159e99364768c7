import { PointAdmission } from '../model/admission.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { SnapshotPoint, WritablePoint } from '../model/metric-point.ts';
import type { Awaitable, Many, ReadOptions } from '../model/snapshot-reader.ts';
import { type ReadPart, SourceReader, type SourceReadOptions } from '../model/source-read.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';
import { after, isPromise, runWork } from '../scheduling/work-queue.ts';
import type { Lifetimes, StoreDriver } from './driver.ts';
import { DriverCalls } from './driver-calls.ts';
import { AsyncSnapshot, EntryReader, SyncSnapshot } from './driver-reading.ts';
import {
  type CheckedFrontOptions,
  checkFrontOptions,
  type FrontSettings,
} from './front-options.ts';
import { readDelta, type StoreDelta, snapshotSource } from './front-reading.ts';
import { FrontWork } from './front-work.ts';
import { GroupWrites } from './group-writes.ts';
import { KeptFamilies } from './kept-families.ts';
import type { SharedStoreOptions } from './memory-store-options.ts';
import type { MetricStore, SeriesMatcher, UpsertResult } from './metric-store.ts';
import { PointWriter } from './point-writer.ts';
import { type RefreshReading, readAll, readChanges } from './refresh-reading.ts';
import { isBeyond, lifetimesOf, sweepRegularly } from './retention.ts';
import { assertDeleteTarget, assertSweepTime, choiceOf } from './series-target.ts';
import type { ReplaceOptions, ReplaceResult, StoreGroup } from './store-group.ts';
import { collect, sortInput } from './store-input.ts';
import { StoreWrites } from './store-writes.ts';
import { WriteLog } from './write-log.ts';

/**
 * Makes a store of a driver: the driver keeps series, this does what all stores do alike.
 *
 * Throws `invalid_options` with every fault.
 *
 * @param driver - where series are kept; the store closes it.
 * @param options - those of `MemoryStore`, without `changeLogSize`.
 */
export function createStoreOver(driver: StoreDriver, options?: SharedStoreOptions): MetricStore {
  return new StoreFront(driver, checkFrontOptions(driver, options));
}

/**
 * What all stores do alike, over a driver. It waits for nothing but promises: over a driver that
 * returns none, a method has done its work when it returns, and may return no promise either.
 */
export class StoreFront extends SourceReader implements MetricStore {
  /** The calls to the driver. */
  protected readonly calls: DriverCalls;
  /** Series that ended because they were beyond their retention. */
  protected expired = 0;
  readonly #driver: StoreDriver;
  readonly #options: CheckedFrontOptions;
  readonly #lifetimes: Lifetimes;
  readonly #admission: PointAdmission;
  readonly #writes: StoreWrites;
  readonly #reader: EntryReader;
  readonly #families: KeptFamilies;
  readonly #reading: RefreshReading;
  readonly #work: FrontWork;
  readonly #groups: GroupWrites;
  readonly #sweepTimer: NodeJS.Timeout | undefined;

  /** @param options - checked options; the store does not check them again. */
  constructor(driver: StoreDriver, options: CheckedFrontOptions, settings: FrontSettings = {}) {
    super();
    const { name = 'The store', writes = new WriteLog(), atOnce } = settings;
    const { hasChecked = false, areNotesApart = false, isSweepNeeded = false } = settings;
    this.#driver = driver;
    this.#options = options;
    this.calls = new DriverCalls(driver, name);
    this.#writes = new StoreWrites(this.calls, driver, writes, { ...options, areNotesApart });
    const { keyBytes, payloadBytes: maxPayloadBytes } = driver.limits;
    const maxSeriesBytes = Math.min(options.maxSeriesBytes, keyBytes);
    const { now, onError } = options;
    const admission = new PointAdmission({ maxSeriesBytes, maxPayloadBytes, now });
    this.#admission = admission;
    const reader = new EntryReader((reason, subject) => this.#writes.reject(reason, subject));
    this.#reader = reader;
    this.#families = new KeptFamilies(reader);
    this.#reading = {
      calls: this.calls,
      families: this.#families,
      most: options.deltaBatchSize,
      check: hasChecked ? (page) => page : (page) => reader.sound(page),
    };
    this.#work = new FrontWork(this.calls, this.#writes, driver.limits.commit, settings);
    this.#groups = new GroupWrites(this.calls, this.#writes, {
      admission,
      maxKeyBytes: maxSeriesBytes,
      isSupported: driver.limits.groups === true,
      mayHaveOthers: atOnce === undefined,
      now,
      run: (work) => this.#work.run(work),
      onError,
    });
    this.#lifetimes = lifetimesOf(options.retention, options.retentionByFamily);
    this.#sweepTimer = sweepRegularly(new WeakRef(this), this.#lifetimes, {
      ...options,
      isAlwaysNeeded: isSweepNeeded,
    });
  }

  /** Writes one point or many; see {@link MetricStore}. */
  async upsert(
    points: WritablePoint | Iterable<WritablePoint> | AsyncIterable<WritablePoint>,
  ): Promise<UpsertResult> {
    this.calls.assertOpen('upsert');
    const input = sortInput('upsert', points);
    const writer = new PointWriter(this.#admission, this.#writes, this.#driver.limits.commit);
    if (input.kind === 'sync') await this.#work.run(this.#work.writeAll(input.points, writer));
    else await this.#work.writeOverTime(input.points, writer);
    const noted = this.#writes.finish('upsert');
    if (isPromise(noted)) await noted;
    return writer.result;
  }

  /** Ends series, by id or by matcher; see {@link MetricStore}. */
  async delete(target: string | Iterable<string> | SeriesMatcher): Promise<number> {
    this.calls.assertOpen('delete');
    assertDeleteTarget(target);
    const work =
      typeof target === 'string'
        ? this.#work.endIds([target])
        : Symbol.iterator in target
          ? this.#work.endIds(collect('delete', target))
          : this.#work.endMatching('delete', choiceOf(target, this.#reader), target.name);
    const ended = await this.#work.run(work);
    await this.#writes.finish('delete');
    return ended;
  }

  /** Replaces a group; see {@link MetricStore}. */
  async replace(
    group: Readonly<Record<string, string>>,
    points: Iterable<WritablePoint>,
    options?: ReplaceOptions,
  ): Promise<ReplaceResult> {
    this.calls.assertOpen('replace');
    const result = await this.#work.run(this.#groups.replace(group, points, options));
    await this.#writes.finish('replace');
    return result;
  }

  /** Ends a group with all its series; see {@link MetricStore}. */
  async endGroup(group: Readonly<Record<string, string>>): Promise<boolean> {
    this.calls.assertOpen('endGroup');
    const wasThere = await this.#work.run(this.#groups.end(group));
    await this.#writes.finish('endGroup');
    return wasThere;
  }

  /** Returns all groups; see {@link MetricStore}. */
  groups(): Awaitable<Iterable<StoreGroup>> {
    this.calls.assertOpen('groups');
    return this.#groups.all();
  }

  /** Adds metadata of families; see {@link MetricStore}. */
  async setFamilies(families: Iterable<FamilyMetadata>): Promise<void> {
    this.calls.assertOpen('setFamilies');
    await this.#work.run(this.#work.setFamilies(collect('setFamilies', families)));
    await this.#writes.finish('setFamilies');
  }

  /** Ends metadata of families; see {@link MetricStore}. */
  async deleteFamilies(names: Iterable<string>): Promise<void> {
    this.calls.assertOpen('deleteFamilies');
    await this.#work.run(this.#work.deleteFamilies(collect('deleteFamilies', names)));
    await this.#writes.finish('deleteFamilies');
  }

  /** Returns the metadata of families that was set: the same array until some is set again. */
  families(): Awaitable<Iterable<FamilyMetadata>> {
    return after(this.calls.records('families'), (records) => this.#families.all(records));
  }

  /** Reads for a refresh: all of one state, or what changed since a cursor. */
  override async *read(
    since: string | undefined,
    { signal, needsResume }: SourceReadOptions,
  ): AsyncGenerator<ReadPart> {
    const state =
      since === undefined
        ? yield* readAll(this.#reading, { signal })
        : yield* readChanges(this.#reading, since, { signal });
    const items = (async () => this.#writes.lastWrites())();
    // A refresh that ends now takes it no more; a rejection without a handler ends the process.
    items.catch(() => undefined);
    yield { kind: 'lastWrites', items };
    yield { kind: 'end', resume: needsResume ? state : undefined, state };
  }

  /** Returns all points; each iteration is a still frame of its own. */
  snapshot(
    options: ReadOptions = {},
  ): Many<SnapshotPoint> & { readonly cursor: string | undefined } {
    return this.asyncSnapshot(options);
  }

  /** Returns the cursor of the state as it is now. */
  snapshotCursor(): Awaitable<string> {
    return this.calls.call('snapshotCursor', (driver) => driver.head());
  }

  /** Returns what changed since the cursor, in batches. */
  snapshotDelta(cursor: string): Awaitable<StoreDelta> {
    return readDelta(this.calls, this.#reader, cursor, this.#options.deltaBatchSize);
  }

  /** Ends groups that are due and series beyond their retention; see {@link MetricStore}. */
  async gc(now: number = this.#options.now()): Promise<number> {
    this.calls.assertOpen('gc');
    assertSweepTime(now);
    // Side by side, so that both have begun when this returns.
    const [ofGroups, ended] = await Promise.all([
      this.#work.run(this.#groups.sweep(now)),
      this.#endBeyond(now),
    ]);
    return ofGroups + ended;
  }

  /** Tells whether the store can be used now. Never rejects. */
  async healthy(): Promise<boolean> {
    try {
      if (this.#driver.healthy !== undefined) {
        return await this.calls.call('healthy', (driver) => driver.healthy!());
      }
      await this.calls.call('healthy', (driver) => driver.head());
      return true;
    } catch {
      return false;
    }
  }

  /** Waits for calls of the driver that are under way, and lets go of everything. */
  close(): Promise<void> {
    clearInterval(this.#sweepTimer);
    this.#groups.close();
    return this.calls.close();
  }

  /** What was not written: by all processes if the driver has notes, else by this store. */
  writeStats(): WriteStats {
    return this.#writes.stats();
  }

  /** When each writer wrote last; without notes of the driver, when this store wrote last. */
  lastWrites(): Awaitable<readonly LastWrite[]> {
    return this.#writes.lastWrites();
  }

  /** What this store did not write, and what expired in it. */
  protected ownStats(): WriteStats & { readonly expired: number } {
    return { expired: this.expired + this.#groups.expired, ...this.#writes.log.stats() };
  }

  /** The metadata of families; more than a few are read as they are iterated, and then kept. */
  protected familiesInSteps(): Awaitable<Iterable<FamilyMetadata>> {
    return after(this.calls.records('families'), (records) => this.#families.inSteps(records));
  }

  /** A snapshot over any driver. */
  protected asyncSnapshot(options: ReadOptions): AsyncSnapshot {
    return new AsyncSnapshot(snapshotSource(this.calls, this.#reader, options));
  }

  /** A snapshot over a driver that returns no promises. */
  protected syncSnapshot(): SyncSnapshot {
    return new SyncSnapshot(snapshotSource(this.calls, this.#reader, {}));
  }

  async #endBeyond(now: number): Promise<number> {
    const isOver = (key: string, time: number) => isBeyond(this.#lifetimes, { key, time }, now);
    const ended =
      this.#driver.sweep === undefined
        ? await runWork(this.#work.endMatching('gc', isOver))
        : await this.calls.call('gc', (driver) => driver.sweep!(now, this.#lifetimes));
    this.expired += ended;
    return ended;
  }
}
