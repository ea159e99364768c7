import { beforeEach, describe, expect, it } from 'vitest';
import { ChangingPage } from '../../test/support/changing-page.ts';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import { type PoisonedCache, poisonedCache } from '../../test/support/poisoned-cache.ts';
import { Gate } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import { type CacheConfig, mergeReaders, type OpenMetricsHandler } from '../index.ts';
import { SnapshotUse } from '../snapshot/snapshot-use.ts';
import type { MergedReader } from '../sources/merged-reader.ts';

const MiB = 1024 * 1024;

let page: ChangingPage;
let cache: PoisonedCache;
let handler: OpenMetricsHandler;

function serve(series: number, config: CacheConfig = {}): void {
  // The same numbers in another order each time, so that texts change and lengths hardly do.
  let number = 0;
  page = new ChangingPage(() => (number = (number + 0.6180339887) % 1), series);
  cache = poisonedCache(page, { onError: () => undefined, ...config });
  handler = bareHandler(cache.reader);
}

/** Refreshes with other values; returns how many bytes that took from the system. */
async function refreshed(): Promise<number> {
  const before = cache.memory.allocatedBytes;
  page.change('all');
  await cache.reader.refresh();
  return cache.memory.allocatedBytes - before;
}

/** Refreshes and scrapes until there is memory to use again; returns how long the page is. */
async function warmed(): Promise<number> {
  for (let i = 0; i < 3; i++) await scraped();
  return cache.reader.cacheStats().bytes;
}

async function scraped(): Promise<number> {
  const bytes = await refreshed();
  expect(page.fault(await pageOf(handler, 'text', 'gzip'), 'all', page.state)).toBeUndefined();
  await turns();
  return bytes;
}

describe.each([8000, 400])('memory of a page of %i series', (series) => {
  beforeEach(() => serve(series));

  it('is used again from refresh to refresh, and is about twice the page', async () => {
    const bytes = await warmed();
    let allocated = 0;
    for (let i = 0; i < 20; i++) allocated += await scraped();
    // What is not used again is by lengths that no memory has yet.
    expect(allocated / 20).toBeLessThan(bytes / 50);
    const { freeBytes, waitingBytes } = cache.memory;
    expect(freeBytes + waitingBytes).toBeGreaterThan(bytes * 0.8);
    expect(freeBytes + waitingBytes).toBeLessThan(bytes * 1.2);
  });

  it('does not grow while a use lasts, nor while there are more and more of them', async () => {
    const bytes = await warmed();
    const uses: SnapshotUse[] = [];
    const most = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        await scraped();
        const { freeBytes, waitingBytes } = cache.memory;
        expect(freeBytes + waitingBytes).toBeLessThan(bytes * 2.3);
        if (uses.length > 1) uses.push(await used());
      }
    };
    const used = async (): Promise<SnapshotUse> => {
      const use = new SnapshotUse();
      await cache.reader.current({ use });
      return use;
    };
    uses.push(await used());
    await most();
    // What one use has is not used again, and all else is.
    expect(await scraped()).toBeLessThan(bytes / 10);
    uses.push(await used());
    await most();
    for (const use of uses) use.end();
    expect(cache.memory.waitingBytes).toBe(0);
    await warmed();
    expect(await scraped()).toBeLessThan(bytes / 10);
  });

  it.each(['little', 'nothing'])('is given back when refreshes change %s', async (what) => {
    const bytes = await warmed();
    for (let i = 0; i < 12; i++) {
      if (what === 'little') page.change('few');
      await cache.reader.refresh();
      await turns();
    }
    expect(cache.memory.freeBytes + cache.memory.waitingBytes).toBeLessThan(bytes / 5);
  });

  it('waits for the promise of a watcher, and is left alone for one without', async () => {
    const bytes = await warmed();
    const gate = new Gate();
    const watcher = { published: (): unknown => gate.promise };
    cache.reader.watch(watcher);
    await scraped();
    await refreshed();
    expect(cache.memory.waitingBytes).toBeGreaterThan(bytes * 0.8);
    gate.open();
    await turns();
    watcher.published = () => undefined;
    await scraped();
    expect(cache.memory.waitingBytes).toBe(0);
    await scraped();
    expect(await scraped()).toBeGreaterThan(bytes * 0.8);
    // A promise that is rejected tells nothing.
    watcher.published = () => Promise.reject(new Error('no'));
    await scraped();
    await scraped();
    expect(await scraped()).toBeGreaterThan(bytes * 0.8);
  });

  it('is left alone if nobody can tell when it is read last', async () => {
    const bytes = await warmed();
    const { reader } = cache;
    const points = await reader.snapshot();
    const { state } = page;
    const keepers = [
      () => reader.snapshot(),
      () => reader.current(),
      async () => reader.keep(),
      async () => {
        const merged = mergeReaders([reader, { snapshot: () => [] }]) as MergedReader;
        const use = new SnapshotUse();
        await merged.current({ use });
        use.end();
      },
      () => pageOf(handler),
      () => pageOf(handler, 'text', 'gzip').then(() => pageOf(handler)),
      async () => {
        page.failsAfter = 100;
        await expect(reader.refresh()).rejects.toThrow();
        page.failsAfter = Number.POSITIVE_INFINITY;
      },
    ];
    for (const keep of keepers) {
      await warmed();
      await keep();
      await refreshed();
      await turns();
      // The free memory goes into this one, and nothing was freed for the next.
      expect(await refreshed()).toBeGreaterThan(bytes * 0.8);
    }
    expect(page.fault(ChangingPage.pageOf(points), 'all', state)).toBeUndefined();
  });
});

describe.each([
  ['a refresh', {}],
  ['its deadline, in the middle of a refresh', { deadline: 0 }],
])('a snapshot chosen after %s', (_, wait) => {
  it.each(['for a use', 'for ever'])('stays as it is, %s', async (held) => {
    serve(8000, { refreshInterval: 0 });
    await warmed();
    const use = held === 'for a use' ? new SnapshotUse() : undefined;
    page.change('all');
    const snapshot = await cache.reader.current({ ...wait, use });
    const chunks = snapshot.families.flatMap((family) => family.chunks);
    const texts = (): Buffer => Buffer.concat(chunks.map(({ text }) => text));
    const before = texts();
    for (let i = 0; i < 3; i++) await scraped();
    expect(cache.memory.reusedBytes).toBeGreaterThan(0);
    expect(texts().equals(before)).toBe(true);
    use?.end();
    for (let i = 0; i < 3; i++) await refreshed();
    expect(texts().equals(before)).toBe(held === 'for ever');
  });
});

it('memory of a small page is not used again', async () => {
  serve(166);
  const bytes = await warmed();
  expect(bytes).toBeLessThan(MiB / 16);
  // It has texts that would be long enough.
  expect(await scraped()).toBeGreaterThan(0);
  expect(cache.memory.freeBytes).toBe(0);
  expect(cache.memory.reusedBytes).toBe(0);
});
