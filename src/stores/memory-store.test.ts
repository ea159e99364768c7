import { describe, expect, it } from 'vitest';
import type { WritablePoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import { MemoryStore } from './memory-store.ts';

const NOTHING = { added: 0, changed: 0, unchanged: 0, older: 0, refused: 0, refusals: [] };

function point(name: string, value: number, updatedAt = 1, labels = {}): WritablePoint {
  return { name, labels, value, updatedAt };
}

function idsOf(store: MemoryStore): string[] {
  return [...store.snapshot()].map(seriesId).sort();
}

describe('upsert', () => {
  it('is visible before its promise is awaited, one point or many', async () => {
    const store = new MemoryStore();
    const one = store.upsert(point('a', 1));
    expect(idsOf(store)).toEqual(['a']);
    const many = store.upsert(new Set([point('b', 1), point('c', 1)]));
    expect(idsOf(store)).toEqual(['a', 'b', 'c']);
    expect(await one).toEqual({ ...NOTHING, added: 1 });
    expect(await many).toEqual({ ...NOTHING, added: 2 });
  });

  it('takes an async iterable as it comes', async () => {
    const store = new MemoryStore();
    async function* points(): AsyncGenerator<WritablePoint> {
      yield point('a', 1);
      await Promise.resolve();
      expect(idsOf(store)).toEqual(['a']);
      yield point('b', 1);
    }
    expect(await store.upsert(points())).toEqual({ ...NOTHING, added: 2 });
  });

  it('lets the newest updatedAt win, and at a tie the later write', async () => {
    const store = new MemoryStore();
    await store.upsert(point('a', 1, 10));
    expect(await store.upsert(point('a', 2, 9))).toEqual({ ...NOTHING, older: 1 });
    expect(await store.upsert(point('a', 1, 10))).toEqual({ ...NOTHING, unchanged: 1 });
    expect([...store.snapshot()]).toEqual([point('a', 1, 10)]);
    expect(await store.upsert(point('a', 3, 10))).toEqual({ ...NOTHING, changed: 1 });
    const cursor = store.snapshotCursor();
    expect(await store.upsert(point('a', 3, 11))).toEqual({ ...NOTHING, changed: 1 });
    expect(store.snapshotDelta(cursor).events).toEqual([{ point: point('a', 3, 11) }]);
  });

  it('tells NaN from a number and -0 from 0', async () => {
    const store = new MemoryStore();
    const outcomes: [number, object][] = [
      [Number.NaN, { added: 1 }],
      [Number.NaN, { unchanged: 1 }],
      [0, { changed: 1 }],
      [-0, { changed: 1 }],
      [-0, { unchanged: 1 }],
    ];
    for (const [value, outcome] of outcomes) {
      expect(await store.upsert(point('a', value))).toEqual({ ...NOTHING, ...outcome });
    }
  });

  it('takes a point without updatedAt as true now', async () => {
    const store = new MemoryStore({ now: () => 1234 });
    await store.upsert({ name: 'a', labels: {}, value: 1 });
    await store.upsert({ ...point('b', 1), updatedAt: undefined } as unknown as WritablePoint);
    expect([...store.snapshot()].map((p) => p.updatedAt)).toEqual([1234, 1234]);
  });

  it('keeps its own frozen copy, without labels that have no value', async () => {
    const store = new MemoryStore();
    const labels = JSON.parse('{"__proto__":"p","b":"","constructor":"c"}');
    const given = point('a', 1, 1, labels);
    await store.upsert(given);
    labels.constructor = 'changed';
    const [stored] = store.snapshot();
    expect(Object.entries(stored!.labels)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
    ]);
    expect(seriesId(stored!)).toBe('a{__proto__="p",constructor="c"}');
    expect(Object.isFrozen(stored) && Object.isFrozen(stored!.labels)).toBe(true);
  });

  it('takes the points of another store', async () => {
    const [one, other] = [new MemoryStore(), new MemoryStore()];
    await one.upsert([point('a', 1, 1, { x: '1' }), point('b', 2, 2)]);
    expect(await other.upsert(one.snapshot())).toEqual({ ...NOTHING, added: 2 });
    expect([...other.snapshot()]).toEqual([...one.snapshot()]);
  });

  it('can be fed from its own snapshot', async () => {
    const store = new MemoryStore();
    await store.upsert([point('a', 1), point('b', 1)]);
    function* renamed(): Generator<WritablePoint> {
      for (const p of store.snapshot()) yield { ...p, name: `${p.name}_copy` };
    }
    expect(await store.upsert(renamed())).toEqual({ ...NOTHING, added: 2 });
    expect(idsOf(store)).toEqual(['a', 'a_copy', 'b', 'b_copy']);
  });

  it('refuses new series beyond maxSeries while those that exist go on', async () => {
    const store = new MemoryStore({ maxSeries: 2, now: () => 5 });
    const result = await store.upsert([point('a', 1), point('b', 1), point('c', 1), point('a', 2)]);
    expect(result).toEqual({
      ...NOTHING,
      added: 2,
      changed: 1,
      refused: 1,
      refusals: [{ reason: 'series_limit', subject: 'c', rejectedAt: 5 }],
    });
    await store.delete('a');
    expect((await store.upsert(point('c', 1))).added).toBe(1);
  });

  it('takes any write after a delete as new', async () => {
    const store = new MemoryStore();
    await store.upsert(point('a', 1, 100));
    await store.delete('a');
    expect((await store.upsert(point('a', 2, 50))).added).toBe(1);
  });
});

describe('snapshotDelta', () => {
  it('answers a cursor of another store, or one too old, with a reset at the cursor of now', () => {
    const [store, other] = [new MemoryStore({ changeLogSize: 2 }), new MemoryStore()];
    const first = store.snapshotCursor();
    store.upsert(['a', 'b', 'c'].map((name) => point(name, 1)));
    const reset = { reset: true, events: [], nextCursor: store.snapshotCursor() };
    for (const cursor of [first, other.snapshotCursor(), '', 'x:1', null as unknown as string]) {
      expect(store.snapshotDelta(cursor)).toEqual(reset);
    }
  });

  it('has cursors that end in growing digits, so that a step backwards can be told', () => {
    const store = new MemoryStore();
    const first = store.snapshotCursor();
    store.upsert(point('a', 1));
    const split = (cursor: string) => /^(.*\D)(\d+)$/.exec(cursor)!.slice(1);
    expect(split(store.snapshotCursor())[0]).toBe(split(first)[0]);
    expect(Number(split(store.snapshotCursor())[1])).toBeGreaterThan(Number(split(first)[1]));
  });
});

describe('snapshot', () => {
  it('is one still frame for a reader that lets writers go on between points', async () => {
    const store = new MemoryStore();
    await store.upsert(Array.from({ length: 100 }, (_, i) => point(`m${i}`, 0)));
    const seen: number[] = [];
    for (const p of store.snapshot()) {
      seen.push(p.value as number);
      await new Promise((resolve) => setImmediate(resolve));
      const n = seen.length;
      await store.delete(`m${(n * 37) % 100}`);
      await store.upsert([point(`m${(n * 61) % 100}`, n), point(`m${(n * 37) % 100}`, n)]);
      await store.upsert(point(`new${n}`, n));
    }
    expect(seen).toEqual(Array(100).fill(0));
    expect(idsOf(store)).toHaveLength(200);
  });

  it('is a frame of its own for each iteration', async () => {
    const store = new MemoryStore();
    const snapshot = store.snapshot();
    await store.upsert(point('a', 1));
    expect([...snapshot]).toHaveLength(1);
    await store.upsert(point('b', 1));
    expect([...snapshot]).toHaveLength(2);
  });
});

describe('families', () => {
  it('are added, and replaced by name', async () => {
    const store = new MemoryStore();
    await store.setFamilies([{ name: 'a', type: 'gauge', help: 'One.' }]);
    await store.setFamilies(
      new Set([
        { name: 'a', type: 'counter' },
        { name: 'b', type: 'unknown' },
      ] as const),
    );
    expect(store.families()).toEqual([
      { name: 'a', type: 'counter' },
      { name: 'b', type: 'unknown' },
    ]);
    expect(store.families().every(Object.isFrozen)).toBe(true);
  });

  it('are refused with all their faults, and none is taken', async () => {
    const store = new MemoryStore();
    const promise = store.setFamilies([
      { name: 'a', type: 'gauge' },
      { name: 'b', type: 'enum' as 'gauge' },
      { name: 'c', type: 'gauge', unit: 'm/s' },
    ]);
    await expect(promise).rejects.toMatchObject({ code: 'invalid_options' });
    await expect(promise).rejects.toThrow(/b has an unknown type.*; c has a unit/);
    expect(store.families()).toEqual([]);
  });

  it.each([null, undefined, 7, 'ab', {}])('cannot be %j', async (given) => {
    const promise = new MemoryStore().setFamilies(given as []);
    await expect(promise).rejects.toMatchObject({ code: 'invalid_options' });
  });
});

describe('the cursor of a snapshot', () => {
  it('is of exactly the points of its latest iteration', async () => {
    const store = new MemoryStore();
    await store.upsert([point('a', 1), point('b', 1)]);
    const snapshot = store.snapshot();
    expect(snapshot.cursor).toBeUndefined();
    await store.upsert(point('c', 1));
    const before = store.snapshotCursor();
    const names: string[] = [];
    for (const { name } of snapshot) {
      names.push(name);
      await store.upsert(point(`${name}_later`, 1));
    }
    expect(names).toEqual(['a', 'b', 'c']);
    expect(snapshot.cursor).toBe(before);
    expect([...snapshot]).toHaveLength(6);
    expect(snapshot.cursor).toBe(store.snapshotCursor());
  });
});

describe('close', () => {
  it('makes every method but close and healthy fail with closed', async () => {
    const store = new MemoryStore();
    expect(await store.healthy()).toBe(true);
    await store.close();
    await store.close();
    expect(await store.healthy()).toBe(false);
    const closed = { code: 'closed' };
    await expect(store.upsert(point('a', 1))).rejects.toMatchObject(closed);
    await expect(store.delete('a')).rejects.toMatchObject(closed);
    await expect(store.setFamilies([])).rejects.toMatchObject(closed);
    await expect(store.gc()).rejects.toMatchObject(closed);
    for (const read of [
      () => store.snapshot(),
      () => store.snapshotCursor(),
      () => store.snapshotDelta(''),
      () => store.families(),
    ]) {
      expect(read).toThrow(expect.objectContaining(closed));
    }
  });

  it('ends an open iteration and a write that go on', async () => {
    const store = new MemoryStore();
    await store.upsert([point('a', 1), point('b', 1)]);
    const walk = store.snapshot()[Symbol.iterator]();
    expect(walk.next().done).toBe(false);
    async function* endless(): AsyncGenerator<WritablePoint> {
      for (let i = 0; ; i++) {
        yield point(`m${i}`, 1);
        if (i === 5) await store.close();
      }
    }
    await expect(store.upsert(endless())).rejects.toMatchObject({ code: 'closed' });
    const goOn = (): void => {
      while (walk.next().done !== true);
    };
    expect(goOn).toThrow(expect.objectContaining({ code: 'closed' }));
    expect(store.stats().series).toBe(0);
  });
});
