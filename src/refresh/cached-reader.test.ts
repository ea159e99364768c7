import { describe, expect, it } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import {
  type Answer,
  ScriptedSource,
  state,
  statePage,
} from '../../test/support/scripted-source.ts';
import { ScriptedStore } from '../../test/support/scripted-store.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { type CachedReader, createCachedSnapshotReader } from './cached-reader.ts';

describe('a cached reader', () => {
  it('refreshes when it is read and its data is as old as the interval, and not before', async () => {
    const clock = new Clock();
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source, { now: clock.now, refreshInterval: 100 });
    await reader.snapshot();
    clock.advance(40);
    await reader.snapshot();
    expect(source.reads).toBe(1);
    clock.advance(60);
    await reader.snapshot();
    expect(source.reads).toBe(2);
    clock.advance(1000);
    expect(source.reads).toBe(2);
  });

  it('counts the age of data from when it began to be read', async () => {
    const clock = new Clock();
    const source = new ScriptedSource();
    source.answer = () => {
      clock.advance(30);
      return [state(1)];
    };
    const reader = createCachedSnapshotReader(source, { now: clock.now, refreshInterval: 100 });
    await reader.refresh();
    clock.advance(5);
    const { age, lastSuccess, refreshDuration } = reader.cacheStats();
    expect({ age, refreshDuration }).toEqual({ age: 35, refreshDuration: 30 });
    expect(lastSuccess).toBe(clock.now() - 5);
  });

  it('refreshes on each read when the interval is 0', async () => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source, { refreshInterval: 0 });
    for (let i = 1; i <= 3; i++) {
      await reader.snapshot();
      expect(source.reads).toBe(i);
    }
  });

  it('tells the metadata of all families, also without points, the source first', async () => {
    const store = new ScriptedStore();
    store.answers.families = () => [{ name: 'state', type: 'unknown' }];
    const reader = createCachedSnapshotReader(store, {
      families: [
        { name: 'state', type: 'counter', help: 'Not heard.' },
        { name: 'later', type: 'gauge' },
      ],
    });
    expect(await reader.families()).toEqual([
      { name: 'later', type: 'gauge' },
      { name: 'state', type: 'unknown' },
    ]);
    expect(reader.cacheStats().familyFaults).toMatchObject([{ name: 'state' }]);
  });

  it('reads frozen metadata once, and other metadata at each refresh', async () => {
    let reads = 0;
    const family = {
      name: 'state',
      get type(): 'unknown' {
        reads++;
        return 'unknown';
      },
    };
    for (const [families, perRefresh] of [
      [Object.freeze([Object.freeze(family)]), 0],
      [
        Object.freeze([
          {
            ...family,
            get type() {
              return family.type;
            },
          },
        ]),
        1,
      ],
      [[family], 1],
    ] as const) {
      const store = new ScriptedStore();
      store.answers.families = () => families;
      const reader = createCachedSnapshotReader(store, { refreshInterval: 0 });
      await reader.snapshot();
      const before = reads;
      for (let i = 0; i < 3; i++)
        expect(await reader.families()).toMatchObject([{ type: 'unknown' }]);
      expect(reads - before).toBe(3 * perRefresh);
    }
  });

  it('takes metadata from its configuration', async () => {
    const families = [{ name: 'state', type: 'unknown', help: 'Of it.' }] as const;
    const reader = createCachedSnapshotReader(new ScriptedSource(), { families });
    const page = `# HELP state Of it.\n# TYPE state untyped\nstate 1\n`;
    expect(await pageOf(bareHandler(reader))).toBe(page);
  });

  it('is a source like any other', async () => {
    const store = new ScriptedStore();
    const inner = createCachedSnapshotReader(store, { refreshInterval: 0 });
    const outer = createCachedSnapshotReader(
      { snapshot: (options) => inner.snapshot(options), families: (o) => inner.families(o) },
      { refreshInterval: 0 },
    );
    store.value = 4;
    expect([...(await outer.snapshot())]).toEqual([state(4)]);
  });
});

describe('the stats of a cached reader', () => {
  it('say nothing of what has not happened', () => {
    const stats = createCachedSnapshotReader(new ScriptedStore()).cacheStats();
    expect(stats).toMatchObject({
      refreshDuration: 0,
      refreshes: 0,
      failures: 0,
      series: 0,
      version: 0,
      lastRejected: [],
      familyFaults: [],
    });
    const unknown = ['lastSuccess', 'age', 'lastRefreshKind', 'cursor', 'snapshotVersion'] as const;
    for (const field of unknown) expect(stats[field]).toBeUndefined();
  });

  it('are a copy that stays as it is', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store, { now: () => 0 });
    await reader.refresh();
    const before = reader.cacheStats();
    const copy = structuredClone(before);
    store.value = 2;
    store.answers.snapshotDelta = () => ({ reset: true });
    store.answers.snapshot = () => [state(2), null];
    await reader.refresh();
    expect(before).toEqual(copy);
    expect(reader.cacheStats()).not.toEqual(copy);
    expect(Object.isFrozen(before)).toBe(true);
  });

  it('count both kinds of refreshes, bytes, series and versions', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    expect(reader.cacheStats()).toMatchObject({ lastRefreshKind: 'full', version: 1 });
    store.value = 22;
    await reader.refresh();
    await reader.refresh();
    expect(reader.cacheStats()).toMatchObject({
      lastRefreshKind: 'delta',
      refreshes: 3,
      deltas: 2,
      fullRefreshes: 1,
      version: 2,
      series: 1,
      families: 1,
      bytes: 'state 22\n'.length,
      cursor: 'state-22',
    });
  });
});

describe('a watcher of a cached reader', () => {
  it('is told of each new snapshot, and of no other refresh', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store) as CachedReader;
    const seen: Snapshot[] = [];
    const watcher = { published: (snapshot: Snapshot): unknown => seen.push(snapshot) };
    reader.watch(watcher);
    await reader.refresh();
    await reader.refresh();
    expect(seen).toHaveLength(1);
    expect(seen[0]).toBe(await reader.current());
    store.value = 2;
    await reader.refresh();
    store.value = 3;
    store.answers = {
      snapshot: () => Promise.reject(new Error('no')),
      snapshotDelta: () => Promise.reject(new Error('no')),
    };
    await expect(reader.refresh()).rejects.toThrow();
    expect(seen).toHaveLength(2);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
  });
});

it('takes any number of declared families', async () => {
  const families = Array.from({ length: 200_000 }, (_, i) => {
    return { name: `m${i}_total`, type: 'counter' as const };
  });
  const snapshot = (): MetricPoint[] => [{ name: 'm7_total', labels: {}, value: 1, updatedAt: 1 }];
  const reader = createCachedSnapshotReader({ snapshot }, { families });
  expect(await reader.families()).toHaveLength(200_000);
  expect(reader.cacheStats()).toMatchObject({ families: 200_000, series: 1 });
});

describe('the version of a snapshot', () => {
  it('is of its own state for as long as somebody has it', async () => {
    const store = new MemoryStore();
    await store.upsert(state(1));
    const reader = createCachedSnapshotReader(store) as CachedReader;
    const first = await reader.current();
    const version = reader.versionOf(first);
    expect(reader.cacheStats().snapshotVersion).toBe(version);
    await store.upsert(state(2));
    await reader.refresh();
    const second = await reader.current();
    expect(reader.versionOf(first)).toBe(version);
    expect(reader.versionOf(second)).not.toBe(version);
    expect(reader.versionOf(second)).toBe(reader.cacheStats().snapshotVersion);
  });

  it('is the same in every process: a hash of the cursor', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    for (let i = 0; i < 2; i++) await reader.refresh();
    // printf %s state-1 | sha256sum
    expect(reader.cacheStats().snapshotVersion).toBe(0xf36b45ae8188);
  });

  it('is of what was read, not of the cursor before it, where a write came between', async () => {
    const store = new MemoryStore();
    const source = {
      snapshot: () => store.snapshot(),
      snapshotDelta: (cursor: string) => store.snapshotDelta(cursor),
      snapshotCursor: async () => {
        const cursor = store.snapshotCursor();
        await store.upsert(state(2));
        return cursor;
      },
    };
    await store.upsert(state(1));
    const before = createCachedSnapshotReader(store);
    await before.refresh();
    const reader = createCachedSnapshotReader(source);
    await reader.refresh();
    expect([...(await reader.snapshot())]).toEqual([state(2)]);
    const { snapshotVersion } = reader.cacheStats();
    expect(snapshotVersion).not.toBe(before.cacheStats().snapshotVersion);
    await before.refresh();
    expect(snapshotVersion).toBe(before.cacheStats().snapshotVersion);
  });

  it('is known in full mode too', async () => {
    const store = new MemoryStore();
    await store.upsert(state(1));
    const full = createCachedSnapshotReader(store, { mode: 'full' });
    const reader = createCachedSnapshotReader(store);
    for (const each of [full, reader]) await each.refresh();
    expect(full.cacheStats().snapshotVersion).toBeDefined();
    expect(full.cacheStats().snapshotVersion).toBe(reader.cacheStats().snapshotVersion);
  });

  it('stays while the cursor is not known and nothing changes, and no longer', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    for (let i = 0; i < 2; i++) await reader.refresh();
    const { snapshotVersion } = reader.cacheStats();
    expect(snapshotVersion).toBeDefined();
    const failing: Answer = () => Promise.reject(new Error('no'));
    store.answers.snapshotDelta = store.answers.snapshotCursor = failing;
    await reader.refresh();
    expect(reader.cacheStats()).toMatchObject({ cursor: undefined, snapshotVersion });
    store.value = 2;
    await reader.refresh();
    expect(reader.cacheStats().snapshotVersion).toBeUndefined();
  });
});
