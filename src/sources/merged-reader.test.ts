import { describe, expect, it } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { asDocumented, documentedDefaults } from '../../test/support/documented-defaults.ts';
import { manyPoints } from '../../test/support/many-points.ts';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import { ScriptedSource, state, statePage } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { MERGE_DEFAULTS } from './merge-options.ts';
import { type MergedReader, mergeReaders } from './merged-reader.ts';

function point(name: string, labels: Record<string, string>, value = 1, updatedAt = 1) {
  return { name, labels, value, updatedAt };
}

/** A reader of some points. */
function reader(points: readonly MetricPoint[], families: readonly FamilyMetadata[] = []) {
  return { snapshot: () => points, families: () => families } satisfies SnapshotReader;
}

function merged(...args: Parameters<typeof mergeReaders>): MergedReader {
  return mergeReaders(...args) as MergedReader;
}

describe('merged readers', () => {
  it('give the samples of all, in series order, with one HELP and TYPE for each family', async () => {
    const help: FamilyMetadata = { name: 'b', type: 'gauge', help: 'Both.' };
    const readers = [
      reader([point('b', { x: '1' }), point('b', { x: '3' }), point('c', {})], [help]),
      reader([point('b', { x: '2', y: '1' }), point('a', {}), point('b', {})], [help]),
    ];
    expect(await pageOf(bareHandler(mergeReaders(readers)))).toBe(
      '# TYPE a gauge\na 1\n' +
        '# HELP b Both.\n# TYPE b gauge\nb 1\nb{x="1"} 1\nb{x="2",y="1"} 1\nb{x="3"} 1\n' +
        '# TYPE c gauge\nc 1\n',
    );
  });

  it('are a reader like any other: points, metadata, and a source for a cache', async () => {
    const families: FamilyMetadata[] = [{ name: 'a', type: 'unknown' }];
    const a = [point('a', { x: '1' }, 5, 9)];
    const all = mergeReaders([reader(a, families), reader([point('b', {})])]);
    expect([...(await all.snapshot())]).toEqual([...a, point('b', {})]);
    expect(await all.families()).toEqual(families);
    const cached = createCachedSnapshotReader(all);
    expect(await pageOf(bareHandler(cached))).toBe(await pageOf(bareHandler(all)));
    expect(cached.cacheStats().series).toBe(2);
  });

  it('are read once for each refresh of a cache around them', async () => {
    const source = new ScriptedSource();
    const cached = createCachedSnapshotReader(mergeReaders([source, reader([])]));
    for (let reads = 1; reads <= 3; reads++) {
      source.value = reads;
      await cached.refresh();
      expect(source.reads).toBe(reads);
      expect(await pageOf(bareHandler(cached))).toBe(statePage(reads));
    }
  });

  it('give a cache around them metadata and points of one read', async () => {
    let reads = 0;
    const source: SnapshotReader = {
      snapshot: () => [point(`read_${++reads}`, {})],
      families: () => [{ name: `read_${reads + 1}`, type: 'unknown' }],
    };
    const cached = createCachedSnapshotReader(mergeReaders([source]));
    for (let read = 1; read <= 3; read++) {
      await cached.refresh();
      expect(await cached.families()).toEqual([{ name: `read_${read}`, type: 'unknown' }]);
    }
  });

  it('of one reader are that reader', async () => {
    const source = new ScriptedSource();
    const cached = createCachedSnapshotReader(source) as unknown as MergedReader;
    expect(await merged([cached]).current()).toBe(await cached.current());
  });

  it('share what only one of them has, and keep what did not change', async () => {
    const large = createCachedSnapshotReader(reader(manyPoints(1000)));
    const source = new ScriptedSource();
    const small = createCachedSnapshotReader(source);
    const all = merged([large, small]);
    const before = await all.current();
    const own = await (large as unknown as MergedReader).current();
    expect(before.families[0]).toBe(own.families[0]);
    expect(await all.current()).toBe(before);
    source.value = 2;
    await small.refresh();
    const after = await all.current();
    expect(after).not.toBe(before);
    expect(after.families[0]).toBe(before.families[0]);
  });

  it('merge a family that several have again only when it changed in one of them', async () => {
    const third = new ScriptedSource();
    const halves = [0, 1].map((half) =>
      createCachedSnapshotReader(reader(manyPoints(1000).filter((_, i) => i % 2 === half))),
    );
    const cached = createCachedSnapshotReader(third);
    const all = merged([...halves, cached]);
    const before = await all.current();
    third.value = 2;
    await cached.refresh();
    const after = await all.current();
    expect(after.families.map(({ name }) => name)).toEqual(['many', 'state']);
    expect(after.families[0]).toBe(before.families[0]);
    expect(after.families[1]).not.toBe(before.families[1]);
  });

  it('share the chunks of a family that the other readers’ series do not fall into', async () => {
    const large = createCachedSnapshotReader(reader(manyPoints(1000)));
    const few = reader([point('many', { i: '0000' }), point('many', { i: '00000500' })]);
    const [own, all] = [
      await (large as unknown as MergedReader).current(),
      await merged([few, large]).current(),
    ];
    const chunks = own.families[0]!.chunks;
    expect(all.series).toBe(1002);
    const shared = all.families[0]!.chunks.filter((chunk) => chunks.includes(chunk));
    expect(shared.length).toBeGreaterThanOrEqual(chunks.length - 2);
  });

  it('keep nothing where none of them does', async () => {
    const all = merged([reader([point('a', {})]), reader([point('b', {})])]);
    expect(all.isKept).toBe(false);
    expect(await all.current()).not.toBe(await all.current());
    expect(merged([reader([]), createCachedSnapshotReader(reader([]))]).isKept).toBe(true);
  });
});

describe('what several merged readers say of one thing', () => {
  const twice = [
    reader([point('a', {}, 1, 5), point('a', { l: 'x' }, 1, 5)]),
    reader([point('a', {}, 2, 6), point('a', { l: 'x' }, 2, 5)]),
  ];

  it('comes from the first of them', async () => {
    const all = mergeReaders(twice);
    expect([...(await all.snapshot())].map(({ value }) => value)).toEqual([1, 1]);
  });

  it('comes from the one with the newest sample, if that is asked for', async () => {
    const all = mergeReaders(twice, { duplicates: 'newest' });
    expect([...(await all.snapshot())].map(({ value }) => value)).toEqual([2, 1]);
  });

  it('is counted as rejected beside what the readers rejected, and listed', async () => {
    const clock = new Clock();
    const bad = { ...point('b', {}), value: '1' } as unknown as MetricPoint;
    const all = merged([...twice, reader([bad])], { now: clock.now });
    await all.current();
    expect(all.rejections.count('duplicate')).toBe(2);
    const { rejected, lastRejected } = all.mergeStats();
    expect(rejected).toMatchObject({ duplicate: 2, invalid_value: 1, invalid_name: 0 });
    expect(lastRejected).toEqual([
      { reason: 'duplicate', subject: 'a', rejectedAt: clock.now() },
      { reason: 'duplicate', subject: 'a{l="x"}', rejectedAt: clock.now() },
      { reason: 'invalid_value', subject: 'b', rejectedAt: expect.any(Number) as number },
    ]);
  });

  it('of a family is a fault if it differs from the first declaration', async () => {
    const all = merged([
      { name: 'silent', reader: reader([point('a', { by: '1' })]) },
      {
        name: 'first',
        reader: reader([point('a', { by: '2' })], [{ name: 'a', type: 'gauge', help: 'One.' }]),
      },
      {
        name: 'other',
        reader: reader([point('a', { by: '3' })], [{ name: 'a', type: 'unknown', help: 'Two.' }]),
      },
    ]);
    expect(all.mergeStats().familyFaults).toEqual([]);
    const { families, familyFaults } = await all.current();
    expect(families[0]?.metadata).toEqual({ name: 'a', type: 'gauge', help: 'One.' });
    expect(all.mergeStats().familyFaults).toBe(familyFaults);
    expect(familyFaults).toEqual([
      {
        name: 'a',
        message:
          'is declared otherwise by the reader "other"; the word of "first" stays, which comes before it',
      },
    ]);
  });

  it('of a counter also holds for readers that did not declare it', async () => {
    const all = merged([
      reader([point('a_total', { by: '1' }, -1), point('a_total', { by: '2' }, Number.NaN)]),
      reader([point('a_total', { by: '1' }, 7)], [{ name: 'a_total', type: 'counter' }]),
      reader([point('a_total', { by: '3' }, -5)]),
    ]);
    expect(await pageOf(bareHandler(all), 'openmetrics')).toBe(
      '# TYPE a counter\na_total{by="1"} 7\n# EOF\n',
    );
    expect(all.rejections.count('invalid_counter_value')).toBe(3);
    expect(all.rejections.count('duplicate')).toBe(0);
  });
});

describe('merged readers that count alike', () => {
  const parts = (): SnapshotReader[] => [
    reader(
      [point('jobs_total', { q: 'a' }, 1, 5), point('jobs_total', { q: 'b' }, 2), point('x', {})],
      [{ name: 'jobs_total', type: 'counter', help: 'Jobs.' }],
    ),
    reader([
      point('jobs_total', { q: 'a' }, 10, 4),
      point('jobs_total', { q: 'c', reader: 'own', exported_reader: 'far' }, 30),
    ]),
    reader([point('jobs_total', { q: 'a' }, 0.5, 9)]),
  ];
  const named = (readers: readonly SnapshotReader[]) =>
    readers.map((each, i) => ({ name: `r${i + 1}`, reader: each }));

  it('are summed series by series, if that is asked for', async () => {
    const all = merged(named(parts()), { duplicates: 'add' });
    expect(await pageOf(bareHandler(all))).toBe(
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\n' +
        'jobs_total{exported_reader="far",q="c",reader="own"} 30\n' +
        'jobs_total{q="a"} 11.5\njobs_total{q="b"} 2\n' +
        '# TYPE x gauge\nx 1\n',
    );
    expect(all.mergeStats().rejected.duplicate).toBe(0);
    const [, a] = await all.snapshot();
    expect(a).toMatchObject({ value: 11.5, updatedAt: 9 });
  });

  it('have a label each, if that is asked for', async () => {
    const all = merged(named(parts()), { readerLabel: 'reader' });
    expect(await pageOf(bareHandler(all))).toBe(
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\n' +
        'jobs_total{exported_exported_reader="far",exported_reader="own",q="c",reader="r2"} 30\n' +
        'jobs_total{q="a",reader="r1"} 1\njobs_total{q="a",reader="r2"} 10\n' +
        'jobs_total{q="a",reader="r3"} 0.5\njobs_total{q="b",reader="r1"} 2\n' +
        '# TYPE x gauge\nx{reader="r1"} 1\n',
    );
    expect(all.mergeStats().rejected.duplicate).toBe(0);
  });

  it('have the label also where there is one reader alone, and keep what did not change', async () => {
    let given = manyPoints(2000);
    const source = createCachedSnapshotReader({ snapshot: () => given }, { refreshInterval: 1e9 });
    const all = merged([{ name: 'one', reader: source }], { readerLabel: '__proto__' });
    const first = await all.current();
    expect(await all.current()).toBe(first);
    for (const { labels } of await all.snapshot()) {
      expect(Object.getOwnPropertyDescriptor(labels, '__proto__')?.value).toBe('one');
    }
    given = [...given, { name: 'z', labels: {}, value: 1, updatedAt: 1 }];
    await source.refresh();
    const next = await all.current();
    expect(next.families[0]).toBe(first.families[0]);
    expect(next.series).toBe(2001);
  });

  it('have the label also where a series has as many as a point may have', async () => {
    const labels = Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`l${i}`, 'v']));
    const all = merged([reader([point('x', labels)]), reader([point('y', {})])], {
      readerLabel: 'from',
    });
    const [x, y] = await all.snapshot();
    expect(x?.labels).toEqual({ ...labels, from: 'reader_1' });
    expect(y?.labels).toEqual({ from: 'reader_2' });
  });

  it('are composites too: histograms are added, infos are not', async () => {
    const families: FamilyMetadata[] = [
      { name: 'lag', type: 'histogram' },
      { name: 'v_info', type: 'info' },
    ];
    const lag = (values: readonly number[]): MetricPoint => {
      const below = values.filter((value) => value <= 1).length;
      const buckets: [number, number][] = [
        [1, below],
        [Infinity, values.length],
      ];
      return { name: 'lag', value: { count: values.length, sum: 5, buckets }, timestamp: 7 };
    };
    const all = merged(
      [
        reader([lag([1, 4]), { name: 'v_info', labels: { v: '1' }, value: 1 }], families),
        reader([lag([2, 3, 0]), { name: 'v_info', labels: { v: '1' }, value: 1 }], families),
        reader([{ name: 'lag', value: 3 }]),
      ],
      { duplicates: 'add' },
    );
    const points = Array.from(await all.snapshot(), ({ name, labels, value }) => ({
      name,
      labels,
      value,
    }));
    expect(points).toEqual([
      {
        name: 'lag',
        labels: {},
        value: {
          count: 5,
          sum: 10,
          buckets: [
            [1, 2],
            [Infinity, 5],
          ],
        },
      },
      { name: 'v_info', labels: { v: '1' }, value: 1 },
    ]);
    expect(all.mergeStats().rejected).toMatchObject({ duplicate: 1, type_mismatch: 1 });
  });

  it.each([
    [-0, -0, -0],
    [-0, 0, 0],
    [Infinity, -Infinity, Number.NaN],
    [Number.NaN, 1, Number.NaN],
    [1e308, 1e308, Infinity],
  ])('are summed as numbers are: %d + %d', async (a, b, sum) => {
    const all = merged([reader([point('x', {}, a)]), reader([point('x', {}, b)])], {
      duplicates: 'add',
    });
    expect([...(await all.snapshot())].map(({ value }) => value)).toEqual([sum]);
  });

  it.each(['a\ud800', '__name__', 'le', 'quantile', '', 5])(
    'reject %j as the name of that label',
    (readerLabel) => {
      expect(() => mergeReaders(parts(), { readerLabel: readerLabel as string })).toThrow(
        expect.objectContaining({ code: 'invalid_options' }),
      );
    },
  );
});

describe('the state of merged readers', () => {
  it('is down before the first read, and has an entry for each by its name', async () => {
    const source = new ScriptedSource();
    const all = mergeReaders([
      createCachedSnapshotReader(source),
      { name: 'plain', reader: reader([]) },
    ]);
    expect(all.members().map(({ name, up }) => [name, up])).toEqual([
      ['reader_1', false],
      ['plain', false],
    ]);
    await all.snapshot();
    expect(all.members()).toMatchObject([
      { name: 'reader_1', up: true, stats: { series: 1 } },
      { name: 'plain', up: true, stats: undefined },
    ]);
  });

  it('of a merged reader within another one comes behind its name', async () => {
    const failing = { snapshot: () => Promise.reject(new Error('as planned')) };
    const inner = mergeReaders([{ name: 'a', reader: reader([point('x', {})]) }, failing]);
    const outer = mergeReaders([
      { name: 'inner', reader: inner },
      { name: 'b', reader: reader([point('y', {})]) },
    ]);
    expect([...(await outer.snapshot())].map(({ name }) => name)).toEqual(['x', 'y']);
    expect(outer.members().map(({ name, up }) => [name, up])).toEqual([
      ['inner/a', true],
      ['inner/reader_2', false],
      ['b', true],
    ]);
  });
});

describe('a merged reader that is watched', () => {
  it('publishes what its readers publish, once for all of one turn', async () => {
    const sources = [new ScriptedSource(), new ScriptedSource()];
    sources[1]!.answer = () => [point('b', {}, sources[1]!.value)];
    const readers = sources.map((source) => createCachedSnapshotReader(source));
    const all = merged(readers);
    const published: Snapshot[] = [];
    const watcher = { published: (snapshot: Snapshot) => void published.push(snapshot) };
    all.watch(watcher);
    all.watch({ published: () => undefined });
    await Promise.all(readers.map((each) => each.refresh()));
    await turns();
    expect(published).toHaveLength(1);
    expect(published[0]).toBe(await all.current());
    expect(published[0]?.series).toBe(2);
    sources[0]!.value = 2;
    await readers[0]!.refresh();
    await turns();
    expect(published).toHaveLength(2);
    expect(published[1]).toBe(await all.current());
    // Nothing new is published, so nothing is reported.
    await readers[0]!.refresh();
    await turns();
    expect(published).toHaveLength(2);
    expect(watcher).toBeDefined();
  });

  it('counts what a reader without a cache gave last for what it has now', async () => {
    const source = new ScriptedSource();
    const cached = createCachedSnapshotReader(source);
    const all = merged([cached, reader([point('b', {})])]);
    const published: Snapshot[] = [];
    const watcher = { published: (snapshot: Snapshot) => void published.push(snapshot) };
    all.watch(watcher);
    await all.current();
    source.value = 2;
    await cached.refresh();
    await turns();
    expect(published.at(-1)?.series).toBe(2);
    expect(watcher).toBeDefined();
  });
});

describe('mergeReaders', () => {
  const sound = reader([]);

  it.each<readonly [what: string, readers: unknown, error: string]>([
    ['no array', sound, 'readers must be an array of at least one reader'],
    ['no reader', [], 'readers must be an array of at least one reader'],
    ['null', [null], 'readers[0] must be a snapshot reader'],
    ['what is no reader', [sound, { snapshot: 5 }], 'readers[1] must be a snapshot reader'],
    ['a name alone', [{ name: 'a' }], 'readers[0] must be a snapshot reader'],
    ['an empty name', [{ name: '', reader: sound }], 'readers[0] must have a name of 1 to 100'],
    ['no name', [{ reader: sound }], 'readers[0] must have a name of 1 to 100'],
    ['a name with a slash', [{ name: 'a/b', reader: sound }], 'readers[0] must have a name'],
    ['a reader twice', [sound, sound], 'readers[1] is in the list already'],
    [
      'a name twice',
      [reader([]), { name: 'reader_1', reader: sound }],
      'readers[1] has the name of another one',
    ],
  ])('rejects %s', (_, readers, error) => {
    expect(() => mergeReaders(readers as SnapshotReader[])).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringContaining(error) as string,
      }),
    );
  });

  it('lists every error of the readers and of the options', () => {
    expect(() => mergeReaders([null, sound, sound] as SnapshotReader[])).toThrow(
      /readers\[0\].*readers\[2\]/,
    );
    const options = { duplicates: 'sum', readerTimeout: 0, sliceBudget: 0, now: 1, onError: 1 };
    expect(() => mergeReaders([sound], options as object)).toThrow(
      /duplicates.*readerTimeout.*sliceBudget.*now.*onError/,
    );
  });

  it('has the defaults that its options document', () => {
    const documented = documentedDefaults(
      new URL('merge-options.ts', import.meta.url),
      'MergeOptions',
    );
    expect(documented.get('duplicates')).toBe('`first`');
    expect(documented.get('readerTimeout')).toBe(asDocumented(MERGE_DEFAULTS.readerTimeout));
    expect(documented.get('sliceBudget')).toBe(asDocumented(MERGE_DEFAULTS.sliceBudget));
    expect([...documented.keys()]).toEqual(Object.keys(MERGE_DEFAULTS));
  });

  it('serves a page as soon as one reader has one', async () => {
    const all = mergeReaders([
      { snapshot: () => Promise.reject(new Error('no')) },
      reader([state(3)]),
    ]);
    expect(await pageOf(bareHandler(all))).toBe(statePage(3));
  });
});
