import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  type DeltaEvent,
  type SnapshotDelta,
  type SnapshotPoint,
} from '../../src/index.ts';
import { ModelSource } from '../support/model-source.ts';
import { naivePage } from '../support/naive-page.ts';
import { bareHandler, pageOf } from '../support/page.ts';
import { state, statePage } from '../support/scripted-source.ts';
import { ScriptedStore } from '../support/scripted-store.ts';
import { tries } from '../support/tries.ts';

describe('no update is lost', () => {
  it('that is made between cursor and snapshot', async () => {
    const store = new ScriptedStore();
    store.answers.snapshot = () => {
      const points = [state(store.value)];
      store.value++;
      return points;
    };
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    expect(store.asked).toEqual(['snapshotCursor', 'families', 'snapshot']);
    await reader.refresh();
    expect(store.cursors).toEqual(['state-1']);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
  });

  it('that is made while a delta falls back to everything', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    store.answers = {
      snapshotDelta: () => ({ nextCursor: 'state-9', events: [], reset: true }),
      snapshot: () => {
        const points = [state(store.value)];
        store.value++;
        return points;
      },
    };
    await reader.refresh();
    expect(store.asked.slice(4)).toEqual([
      'snapshotDelta',
      'snapshotCursor',
      'families',
      'snapshot',
    ]);
    store.answers = {};
    await reader.refresh();
    expect(store.cursors).toEqual(['state-1', 'state-1']);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
  });

  it('that came after a refresh which failed', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    store.value = 2;
    const fail = (): never => {
      throw new Error('no');
    };
    store.answers = { snapshotDelta: fail, snapshot: fail };
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_failed' });
    store.answers = {};
    await reader.refresh();
    // The cursor of the failed refresh counts for nothing.
    expect(store.cursors).toEqual(['state-1', 'state-1']);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
  });

  it('of several batches, which are published together', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store, { refreshInterval: 1e6 });
    const handler = bareHandler(reader);
    await reader.refresh();
    const seen: string[] = [];
    store.answers.snapshotDelta = async () => {
      seen.push(await pageOf(handler));
      store.value++;
      const more = store.value < 5;
      return { nextCursor: store.cursor, events: [{ point: state(store.value) }], more };
    };
    await reader.refresh();
    expect(store.cursors).toEqual(['state-1', 'state-2', 'state-3', 'state-4']);
    expect(new Set(seen)).toEqual(new Set([statePage(1)]));
    expect(await pageOf(handler)).toBe(statePage(5));
    expect(reader.cacheStats()).toMatchObject({ cursor: 'state-5', deltas: 1, version: 2 });
  });
});

/**
 * A source in which things happen while it is read: whenever it is asked, and before each point.
 */
class BusySource extends ModelSource {
  readonly #changes: (() => void)[];
  readonly #waits: number[];

  constructor(changes: readonly (() => void)[], waits: readonly number[]) {
    super();
    this.#changes = [...changes];
    this.#waits = [...waits];
  }

  get isQuiet(): boolean {
    return this.#changes.length === 0;
  }

  #happen(): void {
    for (let count = this.#waits.shift() ?? 1; count > 0; count--) this.#changes.shift()?.();
  }

  override snapshotCursor(): string {
    this.#happen();
    const cursor = super.snapshotCursor();
    this.#happen();
    return cursor;
  }

  override async *snapshot(): AsyncGenerator<SnapshotPoint> {
    const points = (await super.snapshot()) as SnapshotPoint[];
    for (const point of points) {
      this.#happen();
      yield point;
    }
  }

  override async snapshotDelta(cursor: string): Promise<SnapshotDelta> {
    this.#happen();
    const delta = await super.snapshotDelta(cursor);
    const events = delta.events as DeltaEvent[];
    const happen = (): void => this.#happen();
    function* slowly(): Generator<DeltaEvent> {
      for (const event of events) {
        happen();
        yield event;
      }
    }
    return { ...delta, events: slowly() };
  }
}

it('no update is lost, whatever happens at whatever moment of a refresh', async () => {
  const change = fc.record({ series: fc.nat({ max: 5 }), value: fc.nat(), ends: fc.boolean() });
  const waits = fc.array(fc.nat({ max: 2 }), { maxLength: 60, size: 'max' });
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 40, size: 'max' }),
      waits,
      async (list, pauses) => {
        const truth = new Map<string, SnapshotPoint>();
        const changes = list.map(({ series, value, ends }) => (): void => {
          const point = { ...state(value), labels: { s: `${series}` } };
          if (ends) truth.delete(`${series}`);
          else truth.set(`${series}`, point);
          if (ends) source.end(`${series}`, { deleted: true, point });
          else source.put(`${series}`, point);
        });
        const source = new BusySource(changes, pauses);
        const reader = createCachedSnapshotReader(source);
        do await reader.refresh();
        while (!source.isQuiet);
        // Whatever came in the middle of the last one is seen by one more.
        await reader.refresh();
        expect(await pageOf(bareHandler(reader))).toBe(naivePage(truth.values(), [], 'text'));
        expect(source.calls.snapshot).toBe(1);
      },
    ),
    { numRuns: tries(100) },
  );
});
