import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  type DeltaEvent,
  type SnapshotDelta,
  type SnapshotPoint,
} from '../../src/index.ts';
import { ScriptedSource } from '../support/scripted-source.ts';
import { ScriptedStore } from '../support/scripted-store.ts';
import { threadCpu } from '../support/thread-cpu.ts';

const COUNT = 200_000;

/**
 * The points of a store of that size, in an order that has nothing to do with that of their ids.
 */
function* points(value: number): Generator<SnapshotPoint> {
  for (let i = 0; i < COUNT; i++) {
    const labels = { org: 'some-org', repo: `repo-${i % 977}`, user: `user-${(i * 7919) % COUNT}` };
    yield { name: `family_${i % 8}`, labels, value, updatedAt: 1 };
  }
}

async function* pointsLater(value: number): AsyncGenerator<SnapshotPoint> {
  yield* points(value);
}

function* events(value: number): Generator<DeltaEvent> {
  for (const point of points(value)) yield { point };
}

/** How often the event loop turns while something is done. */
async function turnsWhile(work: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const turn = (): void => {
    turns++;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work();
  isDone = true;
  return turns;
}

/**
 * Slices of a millisecond: work of a second in one piece would turn the event loop once or twice.
 */
const CONFIG = { sliceBudget: 1, refreshInterval: 1e9, refreshTimeout: 1e9 };
const TURNS = 40;

describe('the event loop goes on turning during', () => {
  it.each([
    ['an iterable', points],
    ['an async iterable that never waits', pointsLater],
  ])(
    'full refreshes from %s of 200 000 points',
    async (_, answer) => {
      const source = new ScriptedSource();
      source.answer = () => answer(source.reads);
      const reader = createCachedSnapshotReader(source, CONFIG);
      expect(await turnsWhile(() => reader.refresh())).toBeGreaterThan(TURNS);
      expect(reader.cacheStats().series).toBe(COUNT);
      expect(await turnsWhile(() => reader.refresh())).toBeGreaterThan(TURNS);
      expect(reader.cacheStats()).toMatchObject({ version: 2, series: COUNT });
    },
    30_000,
  );

  it('a refresh by a delta of 200 000 events, in one batch and in many', async () => {
    const store = new ScriptedStore();
    store.answers.snapshot = () => points(1);
    const reader = createCachedSnapshotReader(store, CONFIG);
    await reader.refresh();
    const rest = events(2);
    let taken = 0;
    const batches: ((count: number) => SnapshotDelta)[] = [
      () => ({ nextCursor: 'state-9', events: events(1) }),
      (count) => {
        const batch = Array.from({ length: count }, () => rest.next().value as DeltaEvent);
        taken += count;
        return { nextCursor: `state-${10 + taken}`, events: batch, more: taken < COUNT };
      },
    ];
    for (const batch of batches) {
      store.answers.snapshotDelta = () => batch(50);
      expect(await turnsWhile(() => reader.refresh())).toBeGreaterThan(TURNS);
    }
    expect(reader.cacheStats()).toMatchObject({ deltas: 2, fallbacks: 0, series: COUNT });
  });
});

describe('work that does not grow with its square', () => {
  it('is done with 200 000 duplicates of one series (client_java#985, pushgateway#313)', async () => {
    const source = new ScriptedSource();
    source.answer = () =>
      Array.from({ length: COUNT }, (_, i) => ({
        name: 'one',
        labels: {},
        value: i,
        updatedAt: (i * 7919) % COUNT,
      }));
    const reader = createCachedSnapshotReader(source);
    const before = threadCpu();
    await reader.refresh();
    // Each compared with each other would take minutes.
    expect(threadCpu() - before).toBeLessThan(10_000);
    const [point] = await reader.snapshot();
    expect(point!.updatedAt).toBe(COUNT - 1);
    expect(reader.cacheStats().rejected.duplicate).toBe(COUNT - 1);
  });

  it('is done with 20 000 families of one series', async () => {
    const source = new ScriptedSource();
    source.answer = () =>
      Array.from({ length: 20_000 }, (_, i) => ({
        name: `family_${i}`,
        labels: {},
        value: 1,
        updatedAt: 1,
      }));
    const reader = createCachedSnapshotReader(source);
    const before = threadCpu();
    await reader.refresh();
    expect(threadCpu() - before).toBeLessThan(10_000);
    expect(reader.cacheStats().families).toBe(20_000);
  });
});
