import type {
  Commit,
  Committed,
  DriverChanges,
  DriverFrame,
  FrameOptions,
  Lifetimes,
  Put,
  PutOutcome,
  StoreDriver,
  WriteNotes,
} from '../driver.ts';
import type { DataSet } from './data-set.ts';
import type { DataSetProbe } from './data-set-probe.ts';
import { readChanges, readCursor } from './delta-reading.ts';
import { Expiry } from './expiry.ts';
import { FamilyRecords } from './family-records.ts';
import { GroupKeeper } from './group-keeper.ts';
import { END } from './partition-scripts.ts';
import { changeOf, sendChanges } from './series-changes.ts';
import { correctCountsOrTell } from './series-count.ts';
import { writeSeries } from './series-writer.ts';
import { pagesOf, readPages, readState } from './snapshot-reading.ts';
import { formatSample } from './stored-sample.ts';
import { addNote, readNotes } from './writer-records.ts';

/** What the letters of the scripts mean; a series that is one too many has another. */
const OUTCOMES: Readonly<Record<string, PutOutcome>> = {
  a: 'added',
  c: 'changed',
  u: 'unchanged',
  o: 'older',
  w: 'owned',
};

/** What a driver needs beside its data set. */
export interface RedisDriverPlan {
  readonly probe: DataSetProbe;
  /** Whether one script may touch all keys: not in a cluster. */
  readonly mayReachAll: boolean;
  /** Is called with the error if the counts of series cannot be corrected. */
  readonly onError: Parameters<typeof correctCountsOrTell>[1];
}

/**
 * Keeps series in Redis. What is decided by what is stored is decided in its scripts, each of which
 * changes one partition at once. A commit of more series than a script takes is several scripts.
 */
export class RedisDriver implements StoreDriver {
  // A round of so many points is some calls: the more samples it has, the more of them are of the
  // same bucket, and a command of the script reads or writes all of these (a third of the cost of a
  // write: bench/stores).
  readonly limits: StoreDriver['limits'] = {
    keyBytes: Number.POSITIVE_INFINITY,
    payloadBytes: Number.POSITIVE_INFINITY,
    commit: 4_000,
    groups: true,
  };
  readonly #dataSet: DataSet;
  readonly #plan: RedisDriverPlan;
  readonly #families: FamilyRecords;
  readonly #groups: GroupKeeper;
  #closing: Promise<void> | undefined;

  constructor(dataSet: DataSet, plan: RedisDriverPlan) {
    this.#dataSet = dataSet;
    this.#plan = plan;
    this.#families = new FamilyRecords(dataSet);
    this.#groups = new GroupKeeper(dataSet, plan.mayReachAll);
  }

  head(): Promise<string> {
    return readCursor(this.#dataSet);
  }

  async commit(commit: Commit): Promise<Committed> {
    const committed = await this.#commit(commit);
    const { note } = commit;
    if (note === undefined || committed.refused !== undefined) return committed;
    return { ...committed, unwritten: await addNote(this.#dataSet, note) };
  }

  group(key: string): ReturnType<GroupKeeper['get']> {
    return this.#groups.get(key);
  }

  groups(): ReturnType<GroupKeeper['all']> {
    return this.#groups.all();
  }

  async frame({ mayTear, ...options }: FrameOptions = {}): Promise<DriverFrame> {
    if (mayTear) {
      const pages = readPages(this.#dataSet, options);
      return { cursor: '', records: new Map(), pages, close: () => undefined };
    }
    const state = await readState(this.#dataSet, options);
    const records = await this.#families.all(state.families);
    const close = (): void => void state.pages.splice(0);
    return { cursor: state.cursor, records, pages: pagesOf(state), close };
  }

  async records(): Promise<DriverFrame['records']> {
    return this.#families.all(await this.#families.version());
  }

  changes(cursor: string, most: number): Promise<DriverChanges | 'lost'> {
    return readChanges(this.#dataSet, cursor, most);
  }

  async sweep(now: number, lifetimes: Lifetimes): Promise<number> {
    await correctCountsOrTell(this.#dataSet, this.#plan.onError);
    return new Expiry(this.#dataSet, lifetimes).run(now);
  }

  notes(): Promise<WriteNotes> {
    return readNotes(this.#dataSet);
  }

  healthy(): Promise<boolean> {
    return this.#plan.probe.isHealthy();
  }

  /** Gives back the lease, if there is one, and ends the connection and all calls under way. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { calls, lease } = this.#dataSet;
    // A server that is away does not keep the store from closing; the lease ends by itself then.
    if (calls.isConnected) await lease?.release(this.#dataSet).catch(() => {});
    calls.close();
  }

  async #commit(commit: Commit): Promise<Committed> {
    const { puts, ends, most, records, group } = commit;
    if (group !== undefined) {
      // In a cluster metadata is elsewhere: it is there before the points that need it.
      if (!this.#groups.takesRecords && records !== undefined) await this.#families.set(records);
      return this.#groups.commit({ ...commit, group });
    }
    const outcomes = puts.length === 0 ? [] : await this.#put(puts, most);
    const ended = ends.length === 0 ? 0 : await this.#end(ends);
    if (records !== undefined) await this.#families.set(records);
    return { outcomes, ended };
  }

  async #put(puts: readonly Put[], most: number): Promise<Committed['outcomes']> {
    // Layout 1 has numbers only.
    const isNew = puts.some(({ payload }) => typeof payload === 'string');
    const layout = await this.#dataSet[isNew ? 'raised' : 'found']('upsert');
    const changes = puts.map(({ key, payload, time, isTimeSupplied }) => {
      const text = formatSample(payload, time);
      return changeOf(key, isTimeSupplied ? `=${text}` : text, layout);
    });
    await writeSeries(this.#dataSet, changes, layout, most);
    return changes.map(({ outcome }) => OUTCOMES[outcome]);
  }

  async #end(ids: readonly string[]): Promise<number> {
    const layout = await this.#dataSet.layout('delete');
    const changes = ids.map((id) => changeOf(id, '', layout));
    const plan = { method: 'delete', script: END, layout, most: 0, keepsOrder: false };
    await sendChanges(this.#dataSet, changes, plan);
    return changes.filter(({ outcome }) => outcome === 'e').length;
  }
}
