import assert from 'node:assert/strict';
import type { MetricPoint, SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import type { DeltaEvent } from '../model/snapshot-reader.ts';
import type { MetricStore, UpsertResult } from '../stores/metric-store.ts';
import type {
  ContractCase,
  ContractDataSet,
  ContractStoreOptions,
  ContractSubject,
} from './contract-subject.ts';

/** What a case needs beside a store; without it the case is left out. */
type CaseNeed = 'shared' | 'durable' | 'groups' | 'allValues';

/** A case before it is told of a subject. */
export interface CaseOutline {
  readonly title: string;
  readonly needs?: CaseNeed | readonly CaseNeed[];
  readonly body: (run: CaseRun) => Promise<void>;
}

/** One run of a case: the stores over its data set. */
export interface CaseRun {
  /** Opens a store over the case's data set. */
  readonly open: (options?: ContractStoreOptions) => Promise<MetricStore>;
  /** Opens a store over a data set of its own, which has nothing to do with the case's. */
  readonly openApart: () => Promise<MetricStore>;
}

/** Makes cases of outlines for a subject, leaving out those that it cannot have. */
export function casesOf(
  topic: string,
  subject: ContractSubject,
  outlines: readonly CaseOutline[],
): ContractCase[] {
  const has = {
    shared: subject.isShared,
    durable: subject.isDurable,
    groups: subject.hasGroups === true,
    allValues: subject.hasAllValues === true,
  };
  return outlines
    .filter(({ needs = [] }) => [needs].flat().every((need) => has[need]))
    .map(({ title, body }) => ({ topic, title, run: () => runCase(subject, body) }));
}

async function runCase(
  subject: ContractSubject,
  body: (run: CaseRun) => Promise<void>,
): Promise<void> {
  const dataSet = await subject.createDataSet();
  const dataSets = [dataSet];
  const opened: MetricStore[] = [];
  const openOver = async (over: ContractDataSet, options: ContractStoreOptions) => {
    const store = await over.open(options);
    opened.push(store);
    return store;
  };
  try {
    await body({
      open: (options = {}) => openOver(dataSet, options),
      async openApart() {
        const other = await subject.createDataSet();
        dataSets.push(other);
        return openOver(other, {});
      },
    });
  } finally {
    for (const store of opened) await store.close();
    for (const each of dataSets) await each.discard?.();
  }
}

/** The answer of an upsert that did nothing but what is said here. */
export function outcome(counts: Partial<UpsertResult>): UpsertResult {
  return { added: 0, changed: 0, unchanged: 0, older: 0, refused: 0, refusals: [], ...counts };
}

/** A point without labels, but for what is said here. */
export function pointOf(
  name: string,
  value: number,
  updatedAt = 1,
  labels: Record<string, string> = {},
): SnapshotPoint {
  return { name, labels, value, updatedAt };
}

/** Series of one family, told apart by the label `i` from 0 on. */
export function manyPoints(
  name: string,
  count: number,
  value: number,
  updatedAt = 1,
): SnapshotPoint[] {
  return Array.from({ length: count }, (_, i) => pointOf(name, value, updatedAt, { i: `${i}` }));
}

/** What a store holds, by series id. */
export type StoreState = ReadonlyMap<string, StoredSample>;

/** What is compared of a point; its name and labels are in its id. */
export interface StoredSample {
  readonly value: number;
  readonly updatedAt: number;
}

/** Reads a snapshot; throws when it has a series twice. */
export async function stateOf(store: MetricStore): Promise<StoreState> {
  const state = new Map<string, StoredSample>();
  for await (const point of await store.snapshot()) {
    const id = idOf(point);
    if (state.has(id)) throw new Error(`The snapshot has ${id} twice`);
    state.set(id, sampleOf(point));
  }
  return state;
}

/** The ids of a snapshot, sorted. */
export async function idsOf(store: MetricStore): Promise<string[]> {
  return [...(await stateOf(store)).keys()].sort();
}

/** A reader that knows a store by its deltas alone, and reads a snapshot only when it must. */
export class DeltaFollower {
  /** What it knows. */
  readonly state: Map<string, StoredSample> = new Map();
  /** How often it was told to read everything again. */
  resets = 0;
  /** How many batches it has read. */
  batches = 0;
  readonly #store: MetricStore;
  #cursor: string;
  #isInChain = false;

  private constructor(store: MetricStore, cursor: string) {
    this.#store = store;
    this.#cursor = cursor;
  }

  /** Begins with a cursor, and a snapshot read after it. */
  static async begin(store: MetricStore): Promise<DeltaFollower> {
    const follower = new DeltaFollower(store, await store.snapshotCursor());
    await follower.#readAll();
    return follower;
  }

  /** Another one that knows what this one does, and goes on by the deltas of another store. */
  goOnWith(store: MetricStore): DeltaFollower {
    const follower = new DeltaFollower(store, this.#cursor);
    for (const [id, sample] of this.state) follower.state.set(id, sample);
    return follower;
  }

  /** The cursor that it has come to. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Reads one batch; returns whether another follows. */
  async pull(): Promise<boolean> {
    const delta = await this.#store.snapshotDelta(this.#cursor);
    this.batches++;
    this.#cursor = delta.nextCursor;
    if (delta.reset === true) {
      this.resets++;
      this.#isInChain = false;
      await this.#readAll();
      return false;
    }
    for await (const event of delta.events) this.#apply(event);
    this.#isInChain = delta.more === true;
    return this.#isInChain;
  }

  /**
   * Reads until nothing more follows; returns what it then knows. A chain of batches that was begun
   * before ends at its own target, so another one follows it.
   */
  async catchUp(): Promise<StoreState> {
    if (this.#isInChain) while (await this.pull());
    while (await this.pull());
    return this.state;
  }

  async #readAll(): Promise<void> {
    this.state.clear();
    for (const [id, sample] of await stateOf(this.#store)) this.state.set(id, sample);
  }

  #apply(event: DeltaEvent): void {
    if (event.deleted !== true) this.state.set(idOf(event.point), sampleOf(event.point));
    else this.state.delete('seriesId' in event ? event.seriesId : seriesId(event.point));
  }
}

/** The events of a delta that is one batch. */
export async function eventsOf(
  store: MetricStore,
  cursor: string,
): Promise<{ id: string; sample: StoredSample | 'ended' }[]> {
  const delta = await store.snapshotDelta(cursor);
  if (delta.reset === true) throw new Error('The delta says reset');
  if (delta.more === true) throw new Error('The delta says that more follows');
  const events: { id: string; sample: StoredSample | 'ended' }[] = [];
  for await (const event of delta.events) {
    if (event.deleted !== true)
      events.push({ id: idOf(event.point), sample: sampleOf(event.point) });
    else if ('seriesId' in event) events.push({ id: event.seriesId, sample: 'ended' });
    else events.push({ id: seriesId(event.point), sample: 'ended' });
  }
  return events;
}

function idOf({ name, labels }: MetricPoint): string {
  // From the parts, so that a point whose labels are not those of its series is found out.
  return seriesId({ name, labels: Object.fromEntries(Object.entries(labels ?? {})) });
}

function sampleOf({ value, updatedAt }: MetricPoint): StoredSample {
  // A store's points are complete, in deltas too.
  assert.equal(typeof updatedAt, 'number', 'a point of the store has no updatedAt');
  return { value: value as number, updatedAt: updatedAt! };
}
