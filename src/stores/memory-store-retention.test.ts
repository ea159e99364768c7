import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore } from './memory-store.ts';
import { lifetimesOf, sweepRegularly } from './retention.ts';

function fill(store: MemoryStore, count: number, updatedAt: number, name = 'm'): void {
  store.upsert(
    Array.from({ length: count }, (_, i) => ({
      name,
      labels: { i: `${i}` },
      value: i,
      updatedAt,
    })),
  );
}

describe('gc', () => {
  it('ends series older than the retention, and tells readers by the delta', async () => {
    const store = new MemoryStore({ retention: 100, now: () => 1100 });
    fill(store, 1, 999, 'over');
    fill(store, 1, 1000, 'just');
    const cursor = store.snapshotCursor();
    expect(await store.gc()).toBe(1);
    expect(store.snapshotDelta(cursor).events).toEqual([
      { deleted: true, seriesId: 'over{i="0"}' },
    ]);
    expect(await store.gc(1101)).toBe(1);
    expect(store.stats()).toMatchObject({ series: 0, expired: 2 });
    await store.close();
  });

  it('keeps each family as long as it is told to, whatever the family is called', async () => {
    const retentionByFamily = JSON.parse('{"__proto__":10,"constructor":20}');
    retentionByFamily.kept = Number.POSITIVE_INFINITY;
    const store = new MemoryStore({ retention: 30, retentionByFamily, now: () => 0 });
    for (const name of ['__proto__', 'constructor', 'toString', 'kept']) fill(store, 1, 0, name);
    const left = async (now: number): Promise<string[]> => {
      await store.gc(now);
      return [...store.snapshot()].map((p) => p.name).sort();
    };
    expect(await left(11)).toEqual(['constructor', 'kept', 'toString']);
    expect(await left(21)).toEqual(['kept', 'toString']);
    expect(await left(31)).toEqual(['kept']);
    expect(await left(Number.MAX_VALUE)).toEqual(['kept']);
    await store.close();
  });

  it('accepts a point that is too old already, until it is swept', async () => {
    const store = new MemoryStore({ retention: 100, now: () => 1000 });
    fill(store, 1, 0);
    expect([...store.snapshot()]).toHaveLength(1);
    expect(await store.gc()).toBe(1);
    await store.close();
  });

  it('lets writers in between slices and still looks at every series', async () => {
    const store = new MemoryStore({ retention: 100, now: () => 0 });
    fill(store, 20_000, 0);
    const swept = store.gc(101);
    expect(store.stats().series).toBeGreaterThan(0);
    // What is removed now makes others move between slots that the sweep has and has not seen.
    const removed = await store.delete({ labels: { i: '3' } });
    fill(store, 10, 1000, 'fresh');
    expect(await swept).toBe(20_000 - removed);
    expect([...store.snapshot()].map((p) => p.name)).toEqual(Array(10).fill('fresh'));
    await store.close();
  });

  it('stops when the store is closed meanwhile', async () => {
    const store = new MemoryStore({ retention: 100, now: () => 0 });
    fill(store, 20_000, 0);
    const swept = store.gc(101);
    await store.close();
    expect(await swept).toBeLessThan(20_000);
  });

  it.each([Number.NaN, '5', null])('refuses %s as the time', async (now) => {
    const promise = new MemoryStore().gc(now as number);
    await expect(promise).rejects.toMatchObject({ code: 'invalid_options' });
  });
});

describe('the sweep timer', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends series without anybody reading, by the clock of the store', async () => {
    const store = new MemoryStore({ retention: 90_000 });
    fill(store, 2, Date.now());
    await vi.advanceTimersByTimeAsync(60_000);
    fill(store, 1, Date.now());
    expect(store.stats().series).toBe(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.stats()).toMatchObject({ series: 1, expired: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.stats()).toMatchObject({ series: 0, expired: 2 });
    await store.close();
  });

  it.each([
    [{ retention: 500 }, 1000],
    [{ retention: 5000 }, 5000],
    [{ retentionByFamily: { m: 3000 } }, 3000],
    [{ retention: 10_000_000 }, 60_000],
    [{ retention: 10_000_000, sweepInterval: 7 }, 7],
  ])('with %j goes off every %d ms', async (options, interval) => {
    const store = new MemoryStore({ ...options, now: () => 1e15 });
    fill(store, 1, 0);
    await vi.advanceTimersByTimeAsync(interval - 1);
    expect(store.stats().series).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.stats().series).toBe(0);
    await store.close();
  });

  it('is there only while something can expire and the store is open', async () => {
    const retentionByFamily = { m: Number.POSITIVE_INFINITY };
    const stores = [new MemoryStore(), new MemoryStore({ retentionByFamily })];
    expect(vi.getTimerCount()).toBe(0);
    const store = new MemoryStore({ retention: 1000 });
    expect(vi.getTimerCount()).toBe(1);
    await store.close();
    expect(vi.getTimerCount()).toBe(0);
    for (const other of stores) await other.close();
  });

  it('does not begin a sweep while another is under way', async () => {
    const ends: (() => void)[] = [];
    const store = { gc: () => new Promise<number>((resolve) => ends.push(() => resolve(0))) };
    const retention = lifetimesOf(1000, {});
    const onError = () => undefined;
    const timer = sweepRegularly(new WeakRef(store), retention, { sweepInterval: 10, onError });
    await vi.advanceTimersByTimeAsync(50);
    expect(ends).toHaveLength(1);
    ends[0]!();
    await vi.advanceTimersByTimeAsync(10);
    expect(ends).toHaveLength(2);
    clearInterval(timer);
  });

  it('goes on after a sweep that failed, whatever its listener does', async () => {
    let sweeps = 0;
    const gc = () => Promise.reject(new Error(`failed ${++sweeps}`));
    const store = { gc };
    const onError = () => {
      throw new Error('listener');
    };
    const retention = lifetimesOf(1000, {});
    const timer = sweepRegularly(new WeakRef(store), retention, { sweepInterval: 10, onError });
    await vi.advanceTimersByTimeAsync(30);
    expect(sweeps).toBe(3);
    clearInterval(timer);
  });

  it('survives a clock that fails', async () => {
    let clock = (): number => {
      throw new Error('no time');
    };
    const store = new MemoryStore({ retention: 1000, now: () => clock() });
    fill(store, 1, 0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.stats().series).toBe(1);
    clock = () => 1e15;
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.stats().series).toBe(0);
    await store.close();
  });
});

describe('the sweep timer of an open store', () => {
  it('does not keep the process alive', async () => {
    const alive = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = alive();
    const store = new MemoryStore({ retention: 1000 });
    expect(alive()).toBe(before);
    await store.close();
  });
});

describe('a store that was dropped without close()', () => {
  it('is collected, its sweep timer with it', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const clear = vi.spyOn(globalThis, 'clearInterval');
    const dropped = (() => new WeakRef(new MemoryStore({ retention: 10, sweepInterval: 1 })))();
    const deadline = Date.now() + 5000;
    while (clear.mock.calls.length === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    expect(dropped.deref()).toBeUndefined();
    expect(clear).toHaveBeenCalledOnce();
    clear.mockRestore();
  });
});
