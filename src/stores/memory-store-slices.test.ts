import { describe, expect, it } from 'vitest';
import { MemoryStore } from './memory-store.ts';

const MANY = 45_000;

function points(count = MANY, value = 1) {
  return Array.from({ length: count }, (_, i) => ({ name: 'm', labels: { i }, value }));
}

const ids = (count = MANY): string[] => points(count).map(({ labels }) => `m{i="${labels.i}"}`);

/** Waits for a call, and counts how often others had their turn meanwhile. */
async function turnsDuring(call: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = (): void => {
    turns++;
    if (!isDone) setImmediate(count);
  };
  const pending = call();
  setImmediate(count);
  await pending;
  isDone = true;
  return turns;
}

describe('a call of the store with much to do', () => {
  it('lets others run in between', async () => {
    const store = new MemoryStore();
    const families = points().map((_, i) => ({ name: `f_${i}`, type: 'gauge' as const }));
    expect(await turnsDuring(() => store.upsert(points()))).toBeGreaterThanOrEqual(5);
    expect(await turnsDuring(() => store.upsert(new Set(points())))).toBeGreaterThanOrEqual(5);
    expect(await turnsDuring(() => store.delete(ids()))).toBeGreaterThanOrEqual(5);
    await store.upsert(points());
    expect(await turnsDuring(() => store.delete({ name: 'none' }))).toBeGreaterThanOrEqual(5);
    expect(await turnsDuring(() => store.delete({ name: 'm' }))).toBeGreaterThanOrEqual(5);
    expect(store.stats().series).toBe(0);
    expect(await turnsDuring(() => store.setFamilies(families))).toBeGreaterThanOrEqual(5);
    expect(store.families()).toHaveLength(MANY);
  });

  it('lets others run in between also where points are there before they are asked for', async () => {
    const store = new MemoryStore();
    async function* ready() {
      yield* points();
    }
    expect(await turnsDuring(() => store.upsert(ready()))).toBeGreaterThanOrEqual(40);
    expect(store.stats().series).toBe(MANY);
  });

  it('has done 20 000 points or series before it returns', async () => {
    const store = new MemoryStore();
    const written = store.upsert(points(20_000));
    expect(store.stats().series).toBe(20_000);
    const ended = store.delete({ name: 'm' });
    expect(store.stats().series).toBe(0);
    expect(await written).toMatchObject({ added: 20_000 });
    expect(await ended).toBe(20_000);
  });

  it('is done before what was called later', async () => {
    const store = new MemoryStore();
    await store.upsert(points());
    const cursor = store.snapshotCursor();
    const ended = store.delete({ name: 'm' });
    const later = [
      store.upsert({ name: 'm', labels: { i: 0 }, value: 1 }),
      store.upsert([{ name: 'm', labels: { i: MANY - 1 }, value: 2 }]),
      store.upsert(
        (async function* () {
          yield { name: 'm', labels: { i: 5 }, value: 3 };
        })(),
      ),
      store.delete('m{i="0"}'),
    ];
    expect(await ended).toBe(MANY);
    expect(await Promise.all(later)).toMatchObject([{ added: 1 }, { added: 1 }, { added: 1 }, 1]);
    const left = [...store.snapshot()].map(({ labels, value }) => `${labels.i} ${value as number}`);
    expect(left.sort()).toEqual([`${MANY - 1} 2`, '5 3']);
    const state = new Set(ids());
    for (let at = cursor, more = true; more; ) {
      const delta = store.snapshotDelta(at);
      for (const event of delta.events) {
        if ('seriesId' in event) state.delete(event.seriesId);
        else state.add(`m{i="${(event.point.labels as { i: string }).i}"}`);
      }
      at = delta.nextCursor;
      more = delta.more === true;
    }
    expect([...state].sort()).toEqual([`m{i="${MANY - 1}"}`, 'm{i="5"}']);
  });

  it.each([2, MANY])('is done before what its own iteration of %d points called', async (count) => {
    const store = new MemoryStore();
    const [first, ...others] = points(count);
    const again = (value: number) => store.upsert({ ...first!, value, updatedAt: 1 });
    const inner: Promise<unknown>[] = [];
    function* calling() {
      yield { ...first!, updatedAt: 1 };
      inner.push(again(2), store.delete('m{i="1"}'), again(3));
      yield* others;
    }
    const outer = store.upsert(calling());
    const later = again(4);
    expect(await outer).toMatchObject({ added: count, changed: 0 });
    expect(await Promise.all(inner)).toMatchObject([{ changed: 1 }, 1, { changed: 1 }]);
    expect(await later).toMatchObject({ changed: 1 });
    const values = [...store.snapshot()].map(({ value }) => value);
    expect([values.length, Math.max(...(values as number[]))]).toEqual([count - 1, 4]);
    // Nothing is under way any more.
    store.upsert({ ...first!, value: 5 });
    expect([...store.snapshot()].some(({ value }) => value === 5)).toBe(true);
  });

  it('that throws lets what its own iteration called go on', async () => {
    const store = new MemoryStore();
    let inner: Promise<unknown> | undefined;
    function* failing() {
      yield { name: 'a', value: 1, updatedAt: 1 };
      inner = store.upsert({ name: 'a', value: 2, updatedAt: 1 });
      throw new Error('boom');
    }
    await expect(store.upsert(failing())).rejects.toMatchObject({ code: 'input_failed' });
    expect(await inner).toMatchObject({ changed: 1 });
  });

  it('returns the same metadata until it is set again, so that caches read it once', async () => {
    const store = new MemoryStore();
    await store.setFamilies([{ name: 'a', type: 'gauge' }]);
    const before = store.families();
    store.upsert({ name: 'a', value: 1 });
    expect(store.families()).toBe(before);
    expect(Object.isFrozen(before)).toBe(true);
    await store.setFamilies([{ name: 'a', type: 'counter' }]);
    expect(store.families()).toEqual([{ name: 'a', type: 'counter' }]);
    expect(before).toEqual([{ name: 'a', type: 'gauge' }]);
  });

  it('fails by itself, and the next one goes on', async () => {
    const store = new MemoryStore();
    function* failing() {
      yield* points(30_000);
      throw new Error('boom');
    }
    const failed = store.upsert(failing());
    const next = store.upsert({ name: 'next', value: 1 });
    const invalid = store.delete([...ids(30_000), 'not a series']);
    await expect(failed).rejects.toMatchObject({ code: 'input_failed' });
    expect(await next).toMatchObject({ added: 1 });
    await expect(invalid).rejects.toMatchObject({ code: 'invalid_series_id' });
    expect(store.stats().series).toBe(30_001);
  });

  it('ends with the store', async () => {
    const store = new MemoryStore();
    await store.upsert(points());
    const calls = [
      store.upsert(points(MANY, 2)),
      store.delete({ name: 'm' }),
      store.delete(ids()),
      store.setFamilies([{ name: 'a', type: 'gauge' }]),
    ];
    await store.close();
    const results = await Promise.allSettled(calls);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'closed' } });
  });

  it('returns deltas in batches that are made in no time, whatever the option allows', async () => {
    const store = new MemoryStore({ deltaBatchSize: 16_777_216 });
    const cursor = store.snapshotCursor();
    await store.upsert(points());
    const { events, more } = store.snapshotDelta(cursor);
    expect(events).toHaveLength(16_384);
    expect(more).toBe(true);
  });
});

describe('a point with very many labels', () => {
  it('is refused for that, and no other reason', async () => {
    const store = new MemoryStore();
    const labels = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`l ${i}`, '']));
    const result = await store.upsert([
      { name: 'a', labels, value: 1 },
      { name: 'b', value: 1 },
    ]);
    expect(result).toMatchObject({ added: 1, refused: 1 });
    expect(store.stats().rejected.too_many_labels).toBe(1);
  });
});
