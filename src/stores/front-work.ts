import { setImmediate } from 'node:timers/promises';
import { FamilyCataloguer } from '../model/family-metadata.ts';
import { invalidOptions } from '../model/options.ts';
import { isPlainArray } from '../model/plain-array.ts';
import { describeSubject } from '../model/rejection.ts';
import { isPromise, runWork, settled, type Work, WorkQueue } from '../scheduling/work-queue.ts';
import type { DriverFrame, Entries } from './driver.ts';
import type { DriverCalls } from './driver-calls.ts';
import type { PointWriter } from './point-writer.ts';
import type { SeriesTable } from './series-table.ts';
import { canonicalSeriesId, type SeriesChoice } from './series-target.ts';
import { assertNoFaults, inputFailed } from './store-input.ts';
import type { StoreWrites } from './store-writes.ts';

/** How many points or series are looked at before others run. */
const STRIDE = 256;
/** How many points of a list have the same time if they have none: a part of a stride. */
const RANGE = 64;

/** How a store works on its calls; see `FrontSettings`. */
interface WorkSettings {
  readonly atOnce?: number;
  readonly expectedPuts?: SeriesTable;
}

/** What a store's calls that write do, in pieces, so that others run in between. */
export class FrontWork {
  readonly #calls: DriverCalls;
  readonly #writes: StoreWrites;
  readonly #most: number;
  readonly #atOnce: number;
  readonly #queue: WorkQueue | undefined;
  readonly #expectedPuts: SeriesTable | undefined;

  /**
   * @param most - the most ends in a commit.
   * @param settings - see there.
   */
  constructor(
    calls: DriverCalls,
    writes: StoreWrites,
    most: number,
    { atOnce, expectedPuts }: WorkSettings,
  ) {
    this.#expectedPuts = expectedPuts;
    this.#calls = calls;
    this.#writes = writes;
    this.#most = most;
    this.#atOnce = atOnce ?? most;
    this.#queue = atOnce === undefined ? undefined : new WorkQueue();
  }

  /** Runs the work of a call: in the order of the calls if the driver is in memory. */
  run<T>(work: Work<T>): Promise<T> {
    return this.#queue === undefined ? runWork(work) : this.#queue.run(work);
  }

  /** Writes points. What was taken before the iteration threw is written. */
  *writeAll(points: Iterable<unknown>, writer: PointWriter): Work<void> {
    // Now, as other calls may have written since this one was made.
    writer.begin(this.#expectedPuts);
    try {
      if (isPlainArray(points)) yield* this.#writeList(points, writer);
      else yield* this.#writeEach(points, writer);
    } catch (cause) {
      if (writer.hasFailed) throw cause;
      yield* settled(writer.finish());
      throw inputFailed('upsert', cause);
    }
    // Also if nothing is left to write: what was given may have closed the store.
    this.#calls.assertOpen('upsert');
    const finished = writer.finish();
    if (isPromise(finished)) yield finished;
  }

  *#writeEach(points: Iterable<unknown>, writer: PointWriter): Work<void> {
    let taken = 0;
    for (const point of points) {
      const written = writer.add(point) ? writer.write() : undefined;
      if (isPromise(written)) yield written;
      else if (this.#isPause(++taken)) yield;
    }
  }

  /** The same by index, with one look at the clock for a range. */
  *#writeList(points: readonly unknown[], writer: PointWriter): Work<void> {
    for (let at = 0; at < points.length; ) {
      at = writer.addRange(points, at, Math.min(at - (at % RANGE) + RANGE, points.length));
      const written = writer.isFull ? writer.write() : undefined;
      if (isPromise(written)) yield written;
      else if (this.#isPause(at)) yield;
    }
  }

  /** Writes points that come over time: at the latest when the next one is not there soon. */
  async writeOverTime(points: AsyncIterable<unknown>, writer: PointWriter): Promise<void> {
    try {
      await this.#takeOverTime(points, writer);
    } catch (cause) {
      this.#calls.assertOpen('upsert');
      if (writer.hasFailed) throw cause;
      await this.run(this.#finish(writer));
      throw inputFailed('upsert', cause);
    }
    await this.run(this.#finish(writer));
  }

  async #takeOverTime(points: AsyncIterable<unknown>, writer: PointWriter): Promise<void> {
    const progress = { taken: 0, isWaiting: false, isWatched: false };
    try {
      for await (const point of points) {
        progress.isWaiting = false;
        this.#calls.assertOpen('upsert');
        const isFull = writer.add(point);
        if (this.#queue !== undefined) await this.run(this.#finish(writer));
        else if (isFull) await writer.write();
        // Points that are there already would otherwise keep the event loop for themselves.
        if (++progress.taken % STRIDE === 0) await setImmediate();
        progress.isWaiting = true;
        if (this.#queue === undefined && !progress.isWatched) void writeIfIdle(progress, writer);
      }
    } finally {
      progress.isWaiting = false;
    }
  }

  *#finish(writer: PointWriter): Work<void> {
    yield* settled(writer.finish());
  }

  /** Ends series by ids from outside, all of which are checked before the first is ended. */
  *endIds(given: readonly unknown[]): Work<number> {
    const ids: string[] = [];
    for (const id of given) {
      ids.push(canonicalSeriesId(id));
      if (this.#isPause(ids.length)) yield;
    }
    return yield* this.#end('delete', ids);
  }

  /**
   * Ends the series that there are now and that are chosen.
   *
   * @param name - the metric name of all that may be chosen. Default: any.
   */
  *endMatching(method: 'delete' | 'gc', isChosen: SeriesChoice, name?: string): Work<number> {
    const frame = yield* settled(this.#calls.openFrame(method, { name, mayTear: true }));
    const ids: string[] = [];
    const chosenTimes: number[] = [];
    let seen = 0;
    try {
      const pages = pagesOf(frame);
      for (let next = yield* settled(pages.next()); !next.done; ) {
        const { keys, times } = next.value;
        for (const [at, key] of keys.entries()) {
          if (this.#isPause(++seen)) yield;
          if (!isChosen(key, times[at]!)) continue;
          ids.push(key);
          chosenTimes.push(times[at]!);
        }
        next = yield* settled(pages.next());
      }
    } finally {
      frame.close();
    }
    // A matcher ends what it chose; retention only what is as old as it was.
    return yield* this.#end(method, ids, method === 'gc' ? chosenTimes : undefined);
  }

  /** Sets metadata from outside, all of which is checked before any is set. */
  *setFamilies(given: readonly unknown[]): Work<void> {
    const catalog = new FamilyCataloguer();
    for (const [at, family] of given.entries()) {
      catalog.add(family);
      if (this.#isPause(at + 1)) yield;
    }
    assertNoFaults('setFamilies', catalog);
    const records = new Map<string, string>();
    for (const [name, family] of catalog.byName) {
      records.set(name, JSON.stringify(family));
      if (this.#isPause(records.size)) yield;
    }
    yield* settled(this.#writes.commit('setFamilies', { records }));
  }

  /** Ends metadata by names from outside, all of which are checked before any ends. */
  *deleteFamilies(names: readonly unknown[]): Work<void> {
    const records = new Map<string, undefined>();
    for (const [at, name] of names.entries()) {
      if (typeof name !== 'string') {
        const what = describeSubject(name);
        throw invalidOptions('deleteFamilies', [`a name (${what}) must be that of a family`]);
      }
      // No family has an empty name, and not every driver has a place for one.
      if (name !== '') records.set(name, undefined);
      if (this.#isPause(at + 1)) yield;
    }
    if (records.size > 0) yield* settled(this.#writes.commit('deleteFamilies', { records }));
  }

  *#end(method: string, ids: readonly string[], times?: readonly number[]): Work<number> {
    const most = this.#most;
    let ended = 0;
    for (let from = 0; from < ids.length; from += most) {
      if (from >= this.#atOnce) yield;
      const ends = ids.slice(from, from + most);
      const endTimes = times?.slice(from, from + most);
      const committed = yield* settled(
        endTimes === undefined
          ? this.#writes.commit(method, { ends })
          : this.#writes.commit(method, { ends, endTimes }, 'none'),
      );
      ended += committed.ended;
    }
    return ended;
  }

  /** Whether others run after so many points or series of a call. */
  #isPause(done: number): boolean {
    return done >= this.#atOnce && done % STRIDE === 0;
  }
}

/** How far an iteration over time has come. */
interface Progress {
  readonly taken: number;
  /** Whether the next point is waited for. */
  readonly isWaiting: boolean;
  /** Whether `writeIfIdle` is under way. */
  isWatched: boolean;
}

/** Writes what was taken once no point came for two turns of the event loop. */
async function writeIfIdle(progress: Progress, writer: PointWriter): Promise<void> {
  progress.isWatched = true;
  for (let seen = -1; seen !== progress.taken; ) {
    seen = progress.taken;
    await setImmediate();
    // One that comes in each turn may come after this in the first one.
    await setImmediate();
  }
  progress.isWatched = false;
  if (progress.isWaiting) writer.writeSoon();
}

function pagesOf({ pages }: DriverFrame): Iterator<Entries> | AsyncIterator<Entries> {
  return Symbol.iterator in pages ? pages[Symbol.iterator]() : pages[Symbol.asyncIterator]();
}
