import { describe, expect, it } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  MemoryStore,
  mergeReaders,
  type SnapshotReader,
} from '../index.ts';

async function pageOf(reader: SnapshotReader): Promise<string[]> {
  const handler = createOpenMetricsHandler(reader);
  const response = await handler.fetch(new Request('http://localhost/metrics'));
  return (await response.text()).split('\n');
}

const rejected = (reason: string, count: number): string =>
  `snapscrape_rejected_points_total{reason="${reason}"} ${count}`;

describe('what a store did not write', () => {
  function store(name = 'a', now: () => number = () => 5_000): MemoryStore {
    const made = new MemoryStore({ maxSeries: 1, now, writer: `writer_${name}` });
    made.upsert([
      { name, value: 1, updatedAt: 10 },
      { name, value: 1, updatedAt: 9 },
      { name: 'other', value: 1 },
      { name: '', value: 1 },
      null as never,
    ]);
    return made;
  }

  it('is on the page of a cached and of an uncached reader, without waiting for a refresh', async () => {
    const source = store();
    const cached = createCachedSnapshotReader(source);
    for (const reader of [cached, source]) {
      const page = await pageOf(reader);
      expect(page).toContain(rejected('series_limit', 1));
      expect(page).toContain(rejected('invalid_name', 1));
      expect(page).toContain(rejected('not_a_point', 1));
      expect(page).toContain(rejected('duplicate', 0));
      expect(page).toContain('snapscrape_older_writes_total 1');
      expect(page).toContain('snapscrape_store_last_write_timestamp_seconds{writer="writer_a"} 5');
    }
    source.upsert([{ name: 'a', value: 1, updatedAt: 1 }, null as never]);
    const page = await pageOf(cached);
    expect(page).toContain(rejected('not_a_point', 2));
    expect(page).toContain('snapscrape_older_writes_total 2');
  });

  it('is in the statistics of the cache, with the last of them', () => {
    const source = store();
    const stats = createCachedSnapshotReader(source).cacheStats();
    expect(stats.rejected).toMatchObject({ series_limit: 1, invalid_name: 1, not_a_point: 1 });
    expect(stats.lastRejected.map(({ reason }) => reason)).toEqual([
      'series_limit',
      'invalid_name',
      'not_a_point',
    ]);
    expect(stats.olderWrites).toBe(1);
  });

  it('is counted once for each store that merged readers have in common, and by reader where it differs', async () => {
    const [a, b] = [store('a'), store('b', () => 7_000)];
    const inner = mergeReaders([{ name: 'b', reader: b }]);
    const merged = mergeReaders([
      { name: 'one', reader: createCachedSnapshotReader(a) },
      { name: 'two', reader: createCachedSnapshotReader(a, { refreshInterval: 1 }) },
      { name: 'in', reader: inner },
    ]);
    const page = await pageOf(merged);
    expect(page).toContain(rejected('series_limit', 2));
    expect(page).toContain('snapscrape_older_writes_total 2');
    expect(page).toContain(
      'snapscrape_store_last_write_timestamp_seconds{reader="one",writer="writer_a"} 5',
    );
    expect(page).toContain(
      'snapscrape_store_last_write_timestamp_seconds{reader="in/b",writer="writer_b"} 7',
    );
    expect(merged.mergeStats().rejected.series_limit).toBe(2);
    expect(merged.mergeStats().lastRejected).toHaveLength(7);
    const around = createCachedSnapshotReader(merged);
    const cachedPage = await pageOf(around);
    expect(cachedPage).toContain(rejected('series_limit', 2));
    expect(cachedPage).toContain(
      'snapscrape_store_last_write_timestamp_seconds{writer="writer_b"} 7',
    );
  });

  it('is left out where no source tells of it', async () => {
    const page = await pageOf(createCachedSnapshotReader({ snapshot: () => [] }));
    expect(page.join('\n')).not.toMatch(/older_writes|last_write/);
  });

  it('spares the page of a source that fails to tell, or tells nonsense', async () => {
    const errors: string[] = [];
    const failing = {
      snapshot: () => [{ name: 'a', value: 1 }],
      writeStats: () => {
        throw new Error('boom');
      },
      lastWrites: () => Promise.reject(new Error('boom')),
    };
    const reader = createCachedSnapshotReader(failing, {
      onError: (error) => errors.push(error.message),
    });
    expect(await pageOf(reader)).toContain('a 1');
    expect(errors).toEqual([expect.stringContaining('lastWrites()')]);
    const nonsense = {
      ...failing,
      writeStats: () => ({ rejected: { duplicate: Number.NaN }, lastRejected: 5, older: -1 }),
      lastWrites: () => [{ writer: 5, at: 'x' }, null],
    };
    expect(await pageOf(nonsense as unknown as SnapshotReader)).toContain('a 1');
  });
});

describe('what is rejected before a page', () => {
  const rejecting = (): SnapshotReader => ({
    snapshot: () => [{ name: 'a', labels: { x: null as never }, value: 1 }],
  });
  const b = (): SnapshotReader => ({ snapshot: () => [{ name: 'b', value: 1 }] });

  it.each([
    ['by a reader without a cache', () => mergeReaders([rejecting(), b()])],
    ['by a cache', () => mergeReaders([createCachedSnapshotReader(rejecting()), b()])],
    ['within a merged reader', () => mergeReaders([mergeReaders([rejecting()]), b()])],
  ])('%s is on the page of a cache around merged readers', async (_, inner) => {
    const reader = createCachedSnapshotReader(inner());
    expect(await pageOf(reader)).toContain(rejected('invalid_label_value', 1));
    const { rejected: counts, lastRejected } = reader.cacheStats();
    expect(counts.invalid_label_value).toBe(1);
    expect(lastRejected).toMatchObject([{ reason: 'invalid_label_value' }]);
  });

  it('by a merge is on the page of a cache around it, too', async () => {
    const reader = createCachedSnapshotReader(mergeReaders([b(), b()]));
    expect(await pageOf(reader)).toContain(rejected('duplicate', 1));
  });

  it('counts once for a reader that is merged by several ways', async () => {
    const shared = createCachedSnapshotReader(rejecting());
    const merged = mergeReaders([shared, mergeReaders([shared, b()])]);
    expect(await pageOf(merged)).toContain(rejected('invalid_label_value', 1));
    expect(merged.mergeStats().lastRejected).toHaveLength(1);
  });
});

describe('a store whose statistics cannot be read', () => {
  const sound = { rejected: { duplicate: 5 }, lastRejected: [], older: 3 };
  const unreadable: readonly (readonly [string, () => unknown])[] = [
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['returns a promise that rejects', () => Promise.reject(new Error('boom'))],
    ['returns null', () => null],
    ['has a count that is not a number', () => ({ ...sound, older: 'x' })],
    ['has no list of points', () => ({ ...sound, lastRejected: 5 })],
  ];

  it.each(unreadable)('keeps its counts where it %s', async (_, reported) => {
    let writeStats: () => unknown = () => sound;
    const source = { snapshot: () => [], writeStats: () => writeStats() } as SnapshotReader;
    const readers = [source, createCachedSnapshotReader(source), mergeReaders([source])];
    for (const reader of readers) {
      writeStats = () => sound;
      await pageOf(reader);
      writeStats = reported;
      const page = await pageOf(reader);
      expect(page).toContain(rejected('duplicate', 5));
      expect(page).toContain('snapscrape_older_writes_total 3');
    }
  });

  it('leaves out rejected points that are not points', async () => {
    const given = [null, undefined, 5, { reason: 'duplicate', subject: 'a', rejectedAt: 1 }];
    const source = { snapshot: () => [], writeStats: () => ({ ...sound, lastRejected: given }) };
    const reader = createCachedSnapshotReader(source as unknown as SnapshotReader);
    expect(reader.cacheStats().lastRejected).toEqual([given[3]]);
  });
});

describe('the time of the latest write', () => {
  it('shows at most 100 writers, each with a name of its own', async () => {
    const odd = ['', 'a\ud800', 'b c', 'x'.repeat(101), null, 5].map((writer) => ({
      writer,
      at: 9e9,
    }));
    const many = Array.from({ length: 30_000 }, (_, i) => ({ writer: `w${i}`, at: i }));
    const lastWrites = async function* () {
      yield* [...odd, null, { writer: 'late', at: Number.NaN }, ...many] as never[];
      yield { writer: undefined, at: 1e9 };
    };
    const source = { snapshot: () => [], lastWrites } as unknown as SnapshotReader;
    const page = await pageOf(createCachedSnapshotReader(source));
    const lines = page.filter((line) => line.startsWith('snapscrape_store_last_write'));
    expect(lines).toHaveLength(100);
    expect(lines.slice(0, 2)).toEqual([
      'snapscrape_store_last_write_timestamp_seconds 1000000',
      'snapscrape_store_last_write_timestamp_seconds{writer="w29999"} 29.999',
    ]);
  });

  it('stands still while nothing is written, whatever is refreshed', async () => {
    const clock = new Clock(100_000);
    const store = new MemoryStore({ now: clock.now });
    const reader = createCachedSnapshotReader(store, { refreshInterval: 0 });
    await reader.refresh();
    expect(reader.cacheStats().lastWrites).toEqual([]);
    const writes = [
      () => store.upsert({ name: 'a', value: 1 }),
      () => store.upsert({ name: 'a', value: 1 }),
      () => store.setFamilies([{ name: 'a', type: 'gauge' }]),
      () => store.delete('a'),
    ];
    for (const write of writes) {
      clock.advance(1_000);
      await write();
      const at = clock.now();
      clock.advance(60_000);
      await store.gc();
      await reader.refresh();
      expect(reader.cacheStats().lastWrites).toEqual([{ writer: undefined, at }]);
    }
    await expect(store.upsert(5 as never)).rejects.toThrow();
    await expect(store.delete({})).rejects.toThrow();
    const [last] = reader.cacheStats().lastWrites;
    await reader.refresh();
    expect(reader.cacheStats().lastWrites).toEqual([last]);
  });
});
