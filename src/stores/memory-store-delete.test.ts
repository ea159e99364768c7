import { describe, expect, it } from 'vitest';
import type { WritablePoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import { MemoryStore } from './memory-store.ts';
import type { SeriesMatcher } from './metric-store.ts';

function point(name: string, value: number, updatedAt = 1, labels = {}): WritablePoint {
  return { name, labels, value, updatedAt };
}

function idsOf(store: MemoryStore): string[] {
  return [...store.snapshot()].map(seriesId).sort();
}

describe('delete', () => {
  function filled(): MemoryStore {
    const store = new MemoryStore();
    store.upsert([
      point('a', 1, 1, { x: '1', y: '1' }),
      point('a', 1, 1, { x: '1' }),
      point('a', 1, 1, { x: '2' }),
      point('b', 1, 1, { x: '1' }),
      point('b', 1),
    ]);
    return store;
  }

  it.each<[string | string[], number]>([
    ['b', 1],
    ['a{y="1",x="1"}', 1], // Labels not in order.
    [['b', 'b', 'a{x="2"}', 'unknown'], 2],
    [[], 0],
  ])('by id ends %j', async (target, count) => {
    const store = filled();
    expect(await store.delete(target)).toBe(count);
    expect(idsOf(store)).toHaveLength(5 - count);
  });

  it.each<[SeriesMatcher, string[]]>([
    [{ name: 'a' }, ['b', 'b{x="1"}']],
    [{ labels: { x: '1' } }, ['a{x="2"}', 'b']],
    [{ name: 'a', labels: { x: '1', y: '' } }, ['a{x="1",y="1"}', 'a{x="2"}', 'b', 'b{x="1"}']],
    [{ labels: { x: '' } }, ['a{x="1",y="1"}', 'a{x="1"}', 'a{x="2"}', 'b{x="1"}']],
    [{ labels: { toString: '' } }, []],
    [{ name: 'none' }, ['a{x="1",y="1"}', 'a{x="1"}', 'a{x="2"}', 'b', 'b{x="1"}']],
  ])('by matcher %j leaves %j', async (matcher, left) => {
    const store = filled();
    expect(await store.delete(matcher)).toBe(5 - left.length);
    expect(idsOf(store)).toEqual([...left].sort());
  });

  it('shows in the snapshot and the delta before its promise is awaited', () => {
    const store = filled();
    const cursor = store.snapshotCursor();
    store.delete({ name: 'a' });
    expect(idsOf(store)).toEqual(['b', 'b{x="1"}']);
    expect(store.snapshotDelta(cursor).events).toHaveLength(3);
    expect(store.snapshotDelta(cursor).events[0]).toMatchObject({ deleted: true });
  });

  it.each([
    ['invalid_options', {}],
    ['invalid_options', { labels: {} }],
    ['invalid_options', { nam: 'a' }],
    ['invalid_options', { name: 'a', labels: { x: 1 } }],
    ['invalid_options', { name: 'a', labels: [] }],
    ['invalid_options', { name: 7 }],
    ['invalid_options', null],
    ['invalid_options', 7],
    ['invalid_series_id', 'not a series'],
    ['invalid_series_id', 'a{x="1",y="1",}'],
    ['invalid_series_id', 'a{x="\ud800"}'],
    ['invalid_series_id', ['b', 'a{x="1"']],
    ['invalid_series_id', ['b', 7]],
  ])('rejects with %s for %j and ends nothing', async (code, target) => {
    const store = filled();
    await expect(store.delete(target as string)).rejects.toMatchObject({ code });
    expect(idsOf(store)).toHaveLength(5);
  });

  it('ends nothing when the ids throw halfway', async () => {
    const store = filled();
    function* ids(): Generator<string> {
      yield 'b';
      throw new Error('halfway');
    }
    await expect(store.delete(ids())).rejects.toMatchObject({ code: 'input_failed' });
    expect(idsOf(store)).toHaveLength(5);
  });
});
