import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tries } from '../../test/support/tries.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import type { DeltaEvent } from '../model/snapshot-reader.ts';
import { MemoryStore } from './memory-store.ts';
import type { SeriesMatcher } from './metric-store.ts';

type State = Map<string, SnapshotPoint>;

const RETENTION = 20;
const RETENTION_OF_B = 5;
const MAX_SERIES = 6;

/** The store as one would write it down: no slots, no log, no frames. */
class PlainStore {
  readonly points: State = new Map();

  upsert(points: readonly SnapshotPoint[]): object {
    const counts = { added: 0, changed: 0, unchanged: 0, older: 0, refused: 0 };
    for (const { name, labels, value, updatedAt } of points) {
      const kept = Object.fromEntries(Object.entries(labels).filter(([, text]) => text !== ''));
      const point = { name, labels: kept, value, updatedAt };
      const stored = this.points.get(seriesId(point));
      if (stored === undefined && this.points.size >= MAX_SERIES) {
        counts.refused++;
        continue;
      }
      if (stored === undefined) counts.added++;
      else if (updatedAt < stored.updatedAt) counts.older++;
      else if (updatedAt > stored.updatedAt || value !== stored.value) counts.changed++;
      else counts.unchanged++;
      if (stored === undefined || updatedAt >= stored.updatedAt) {
        this.points.set(seriesId(point), point);
      }
    }
    return counts;
  }

  endWhere(isChosen: (point: SnapshotPoint, id: string) => boolean): number {
    const ids = [...this.points.keys()].filter((id) => isChosen(this.points.get(id)!, id));
    for (const id of ids) this.points.delete(id);
    return ids.length;
  }
}

/** A reader that knows the store by its deltas alone, and reads a snapshot only when it must. */
class Replica {
  points: State = new Map();
  resets = 0;
  readonly #store: MemoryStore;
  #cursor: string;

  constructor(store: MemoryStore) {
    this.#store = store;
    this.#cursor = store.snapshotCursor();
  }

  /** Reads one batch; answers whether another follows. */
  pull(): boolean {
    const delta = this.#store.snapshotDelta(this.#cursor);
    this.#cursor = delta.nextCursor;
    if (delta.reset === true) {
      this.resets++;
      this.points = stateOf(this.#store.snapshot());
    }
    for (const event of delta.events) this.#apply(event);
    return delta.more === true;
  }

  #apply(event: DeltaEvent): void {
    if (event.deleted !== true)
      this.points.set(seriesId(event.point), event.point as SnapshotPoint);
    else if ('seriesId' in event) this.points.delete(event.seriesId);
  }
}

function stateOf(points: Iterable<SnapshotPoint>): State {
  const state: State = new Map();
  for (const point of points) {
    expect(state.has(seriesId(point))).toBe(false);
    state.set(seriesId(point), point);
  }
  return state;
}

const name = fc.constantFrom('a', 'b');
const labels = fc.constantFrom<Record<string, string>>(
  {},
  { x: '1' },
  { x: '1', y: '2' },
  { y: '2', x: '1', z: '' },
  { x: '2' },
);
const point = fc.record({ name, labels, value: fc.nat(2), updatedAt: fc.nat(50) });
const matcher = fc.constantFrom<SeriesMatcher>(
  { name: 'a' },
  { labels: { x: '1' } },
  { name: 'b', labels: { y: '' } },
);
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ upsert: fc.array(point, { maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ end: fc.array(point, { maxLength: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ matcher }) },
  { weight: 1, arbitrary: fc.record({ gc: fc.nat(60) }) },
  { weight: 2, arbitrary: fc.record({ pull: fc.constant(true) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function matches({ name, labels }: SeriesMatcher, point: SnapshotPoint): boolean {
  if (name !== undefined && name !== point.name) return false;
  return Object.entries(labels ?? {}).every(([key, text]) => (point.labels[key] ?? '') === text);
}

async function step(store: MemoryStore, plain: PlainStore, command: Command): Promise<void> {
  if ('upsert' in command) {
    const expected = plain.upsert(command.upsert);
    expect(await store.upsert(command.upsert)).toMatchObject(expected);
  } else if ('end' in command) {
    const ids = command.end.map(seriesId);
    const expected = plain.endWhere((_, id) => ids.includes(id));
    expect(await store.delete(ids)).toBe(expected);
  } else if ('matcher' in command) {
    const expected = plain.endWhere((p) => matches(command.matcher, p));
    expect(await store.delete(command.matcher)).toBe(expected);
  } else if ('gc' in command) {
    const retention = (p: SnapshotPoint): number => (p.name === 'b' ? RETENTION_OF_B : RETENTION);
    const expected = plain.endWhere((p) => command.gc - p.updatedAt > retention(p));
    expect(await store.gc(command.gc)).toBe(expected);
  }
}

it('gives the same by deltas as by snapshots, at every step of any history', async () => {
  let resets = 0;
  let followed = 0;
  const history = fc.asyncProperty(
    fc.array(command, { maxLength: 40 }),
    fc.integer({ min: 1, max: 30 }),
    fc.integer({ min: 1, max: 4 }),
    async (commands, changeLogSize, deltaBatchSize) => {
      const store = new MemoryStore({
        retention: RETENTION,
        retentionByFamily: { b: RETENTION_OF_B },
        maxSeries: MAX_SERIES,
        changeLogSize,
        deltaBatchSize,
        now: () => 0,
      });
      const plain = new PlainStore();
      const prompt = new Replica(store);
      const slow = new Replica(store); // Reads now and then, and may stop between two batches.
      for (const each of commands) {
        await step(store, plain, each);
        expect(stateOf(store.snapshot())).toEqual(plain.points);
        while (prompt.pull()) followed++;
        expect(prompt.points).toEqual(plain.points);
        if ('pull' in each && !slow.pull()) expect(slow.points).toEqual(plain.points);
      }
      while (slow.pull());
      expect(slow.points).toEqual(plain.points);
      resets += slow.resets;
      await store.close();
    },
  );
  await fc.assert(history, { numRuns: tries(100) });
  // The histories did what they are for: some readers fell behind the log, some deltas had many
  // parts.
  expect(resets).toBeGreaterThan(10);
  expect(followed).toBeGreaterThan(10);
});
