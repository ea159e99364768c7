import { describe, expect, it } from 'vitest';
import { scrape } from '../../test/support/page.ts';
import { ScriptedSource, state } from '../../test/support/scripted-source.ts';
import { ScriptedStore } from '../../test/support/scripted-store.ts';
import { type CachedReader, createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { mergeReaders } from '../sources/merged-reader.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { createOpenMetricsHandler, type OpenMetricsHandler } from './handler.ts';

const HEADER = 'x-snapscrape-version';
const METRIC = 'snapscrape_snapshot_version';

/** The version of a page: what its header says, and the lines of the metric. */
async function versionOf(handler: OpenMetricsHandler, init: RequestInit = {}) {
  const response = await scrape(handler, {}, init);
  const page = await response.text();
  const lines = page.split('\n').filter((line) => line.startsWith(METRIC));
  return { status: response.status, header: response.headers.get(HEADER), lines, page };
}

function replica(store: MemoryStore | ScriptedStore) {
  const reader = createCachedSnapshotReader(store, { refreshInterval: 1e9 }) as CachedReader;
  return { reader, handler: createOpenMetricsHandler(reader) };
}

describe('the version of a page', () => {
  it('is the same in header and metric for all replicas at one state, and another after a write', async () => {
    const store = new MemoryStore();
    await store.upsert(state(1));
    const [one, two] = [replica(store), replica(store)];
    const first = await versionOf(one.handler);
    expect(first.header).toMatch(/^[0-9a-f]{12}$/);
    expect(first.lines).toEqual([`${METRIC} ${Number.parseInt(first.header!, 16)}`]);
    const { header, lines } = await versionOf(two.handler);
    expect({ header, lines }).toEqual({ header: first.header, lines: first.lines });

    await store.upsert(state(2));
    await one.reader.refresh();
    const next = await versionOf(one.handler);
    expect(next.header).toMatch(/^[0-9a-f]{12}$/);
    expect(next.header).not.toBe(first.header);
    expect((await versionOf(two.handler)).header).toBe(first.header);
    await two.reader.refresh();
    expect((await versionOf(two.handler)).lines).toEqual(next.lines);
    // A replica that begins there and reads everything is no exception.
    expect((await versionOf(replica(store).handler)).header).toBe(next.header);
  });

  it('is another one if only what stands behind a value changed', async () => {
    const store = new MemoryStore();
    const { reader, handler } = replica(store);
    const exemplars = (trace: string) => [{ labels: { trace }, value: 1 }];
    const versions: (string | null)[] = [];
    for (const tail of [
      {},
      { timestamp: 1 },
      { exemplars: exemplars('a') },
      { exemplars: exemplars('b') },
    ]) {
      await store.upsert({ ...state(1), ...tail });
      await reader.refresh();
      versions.push((await versionOf(handler)).header);
      expect((await versionOf(replica(store).handler)).header).toBe(versions.at(-1));
    }
    expect(new Set(versions).size).toBe(4);
    expect(reader.cacheStats()).toMatchObject({ deltas: 3, version: 4 });
  });

  it('is of the latest cursor where the points have remained the same', async () => {
    const store = new MemoryStore();
    await store.upsert(state(1));
    const { reader, handler } = replica(store);
    const before = await versionOf(handler);
    const snapshot = await reader.current();
    await store.upsert({ ...state(1), name: 'passing' });
    await store.delete('passing');
    await reader.refresh();
    expect(await reader.current()).toBe(snapshot);
    const after = await versionOf(handler);
    expect(after.header).not.toBe(before.header);
    expect(after.header).toBe((await versionOf(replica(store).handler)).header);
  });

  it('is another one after HELP or TYPE changed, and the same for all replicas with these', async () => {
    const store = new MemoryStore();
    await store.upsert([state(1), { ...state(1), name: 'other' }]);
    const { reader, handler } = replica(store);
    const versions = new Set([(await versionOf(handler)).header]);
    const { name } = state(1);
    for (const family of [
      { name, type: 'gauge', help: 'a' },
      { name, type: 'gauge', help: 'b' },
      { name, type: 'unknown', help: 'b' },
      { name: 'other', type: 'unknown', help: 'b' },
    ] as const) {
      await store.setFamilies([family]);
      await reader.refresh();
      const { header } = await versionOf(handler);
      versions.add(header);
      expect((await versionOf(replica(store).handler)).header).toBe(header);
      // Values that change in between leave what is declared as it was.
      await store.upsert({ ...state(1), name: 'other' });
      await reader.refresh();
      expect((await versionOf(handler)).header).toBe(
        (await versionOf(replica(store).handler)).header,
      );
    }
    expect(versions.size).toBe(5);
    // A page shows what is declared before the first point comes.
    const { header } = await versionOf(handler);
    await store.setFamilies([{ name: 'later', type: 'counter' }]);
    await reader.refresh();
    expect((await versionOf(handler)).header).not.toBe(header);
  });

  it('of merged readers is another one after HELP or TYPE of one of them changed', async () => {
    const [a, b] = [new MemoryStore(), new MemoryStore()];
    await a.upsert(state(1));
    await b.upsert({ ...state(1), name: 'other' });
    const handler = createOpenMetricsHandler(
      mergeReaders(
        [a, b].map((store) => createCachedSnapshotReader(store, { refreshInterval: 0 })),
      ),
    );
    const before = (await versionOf(handler)).header;
    await b.setFamilies([{ name: 'other', type: 'unknown', help: 'new' }]);
    const after = await versionOf(handler);
    expect(after.page).toContain('# TYPE other untyped');
    expect(after.header).not.toBe(before);
  });

  it('is also in the response to HEAD, and in no rejection', async () => {
    const store = new MemoryStore();
    await store.upsert(state(1));
    const { handler } = replica(store);
    const { header } = await versionOf(handler);
    expect(header).not.toBeNull();
    expect((await versionOf(handler, { method: 'HEAD' })).header).toBe(header);
    const rejected = await versionOf(handler, { method: 'POST' });
    expect([rejected.status, rejected.header]).toEqual([405, null]);
  });

  it('belongs to the body, whatever is published while that is made', async () => {
    const store = new MemoryStore();
    await store.upsert(state(1));
    const { reader } = replica(store);
    const snapshot = await reader.current();
    const version = reader.versionOf(snapshot)!;
    // The next snapshot is there before the page of this one is made.
    const late = providerOf(reader, async () => {
      await store.upsert(state(2));
      await reader.refresh();
      return snapshot;
    });
    const { header, lines, page } = await versionOf(createOpenMetricsHandler(late));
    expect(page).toContain('\nstate 1\n');
    expect(Number.parseInt(header!, 16)).toBe(version);
    expect(lines).toEqual([`${METRIC} ${version}`]);
    expect(reader.cacheStats().snapshotVersion).not.toBe(version);
  });

  it('is one in header and metric, although it may be a later one when the metric is written', async () => {
    const { reader } = replica(new MemoryStore());
    let version = 0xabc;
    const moving = { ...providerOf(reader), versionOf: () => version++ };
    const { header, lines } = await versionOf(createOpenMetricsHandler(moving));
    expect([header, lines]).toEqual(['000000000abc', [`${METRIC} ${0xabc}`]]);
  });
});

/** A provider that gives what a reader gives, or other snapshots of its. */
function providerOf(reader: CachedReader, current = () => reader.current()) {
  return {
    isKept: true,
    rejections: reader.rejections,
    current,
    versionOf: (snapshot: Snapshot) => reader.versionOf(snapshot),
    cacheStats: () => reader.cacheStats(),
    snapshot: () => expect.fail('a provider is asked for snapshots'),
  };
}

describe('no version', () => {
  it('is reported for a source without cursors, cached or not', async () => {
    const named = Object.assign([state(1)], { cursor: 'no cursor of ours' });
    const plain = { snapshot: () => named };
    for (const reader of [new ScriptedSource(), plain, createCachedSnapshotReader(plain)]) {
      const { status, header, lines, page } = await versionOf(createOpenMetricsHandler(reader));
      expect([status, header, lines]).toEqual([200, null, []]);
      expect(page).not.toContain(METRIC);
    }
  });

  it('is reported for a snapshot that may have more than its cursor says, until a delta', async () => {
    const { reader, handler } = replica(new ScriptedStore());
    const first = await versionOf(handler);
    expect([first.status, first.header, first.lines]).toEqual([200, null, []]);
    await reader.refresh();
    expect((await versionOf(handler)).header).toMatch(/^[0-9a-f]{12}$/);
  });
});

describe('the version of merged readers', () => {
  async function stores() {
    const [a, b] = [new MemoryStore(), new MemoryStore()];
    await a.upsert(state(1));
    await b.upsert({ ...state(5), name: 'b' });
    return { a, b };
  }
  const merged = (a: MemoryStore | ScriptedSource, b: MemoryStore) => {
    const readers = [replica(b).reader, createCachedSnapshotReader(a)];
    const [two, one] = readers;
    return {
      readers,
      handler: createOpenMetricsHandler(
        mergeReaders([
          { name: 'one', reader: one! },
          { name: 'two', reader: two! },
        ]),
      ),
    };
  };

  it('is of all of them together, and the metric is of each', async () => {
    const { a, b } = await stores();
    const [one, two] = [merged(a, b), merged(a, b)];
    const first = await versionOf(one.handler);
    expect(first.header).toMatch(/^[0-9a-f]{12}$/);
    expect(first.lines).toEqual([
      expect.stringMatching(/^snapscrape_snapshot_version\{reader="one"\} \d+$/),
      expect.stringMatching(/^snapscrape_snapshot_version\{reader="two"\} \d+$/),
    ]);
    const other = await versionOf(two.handler);
    expect([other.header, other.lines]).toEqual([first.header, first.lines]);
    await b.upsert({ ...state(6), name: 'b' });
    await one.readers[0]!.refresh();
    const next = await versionOf(one.handler);
    expect(next.header).toMatch(/^[0-9a-f]{12}$/);
    expect(next.header).not.toBe(first.header);
    expect(next.lines[0]).toBe(first.lines[0]);
    expect(next.lines[1]).not.toBe(first.lines[1]);
  });

  it('is none where one of them has none, or is left out', async () => {
    const { a, b } = await stores();
    const mixed = await versionOf(merged(new ScriptedSource(), b).handler);
    expect(mixed.header).toBeNull();
    expect(mixed.lines).toEqual([expect.stringContaining('{reader="two"}')]);
    const { handler, readers } = merged(a, b);
    expect((await versionOf(handler)).header).not.toBeNull();
    readers[0]!.close();
    const left = await versionOf(handler);
    expect(left.page).toContain('\nstate 1\n');
    expect(left.header).toBeNull();
  });
});
