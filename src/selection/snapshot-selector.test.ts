import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader } from '../cache/cached-reader.ts';
import type { Snapshot } from '../cache/snapshot.ts';
import { providerOf, type SnapshotProvider } from '../cache/snapshot-provider.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { selectionOf } from './selection-query.ts';
import type { SelectionWork } from './selection-work.ts';
import { SnapshotSelector } from './snapshot-selector.ts';

// That what is selected is what a plain filter selects is shown in test/property/selection.test.ts.

/** Some chunks of a family: lines of about 100 bytes, of ten orgs, in their order. */
function manyPoints(name: string, count: number, value = 0): MetricPoint[] {
  return Array.from({ length: count }, (_, i) => ({
    name,
    labels: {
      org: `org-${Math.floor((i * 10) / count)}`,
      repo: `repo-${String(i).padStart(7, '0')}`,
      user: `user-${i % 100}-${'x'.repeat(40)}`,
    },
    value,
    updatedAt: 1,
  }));
}

interface Setting {
  readonly store: MemoryStore;
  readonly reader: SnapshotProvider;
}

async function settingWith(...points: readonly MetricPoint[][]): Promise<Setting> {
  const store = new MemoryStore();
  for (const some of points) await store.upsert(some);
  return { store, reader: providerOf(createCachedSnapshotReader(store, { refreshInterval: 0 })) };
}

function selectorFor(...match: readonly string[]): SnapshotSelector {
  return new SnapshotSelector(
    selectionOf(new URLSearchParams(match.map((m): [string, string] => ['match[]', m])))!,
  );
}

function selectorOf(query: string): SnapshotSelector {
  return new SnapshotSelector(selectionOf(query)!);
}

function namesOf({ families }: Snapshot): string[] {
  return families.map(({ name }) => name);
}

/** What some work added to the counters. */
async function workOf(selector: SnapshotSelector, snapshot: Snapshot): Promise<SelectionWork> {
  const before = { ...selector.work };
  await selector.select(snapshot);
  const after = selector.work;
  return {
    families: after.families - before.families,
    chunks: after.chunks - before.chunks,
    chunksSearched: after.chunksSearched - before.chunksSearched,
    linesRead: after.linesRead - before.linesRead,
    patternsMatched: after.patternsMatched - before.patternsMatched,
  };
}

describe('names of families', () => {
  const families: FamilyMetadata[] = [
    { name: 'b_total', type: 'counter' },
    { name: 'c_total', type: 'gauge' },
  ];
  const points = ['a', 'aa', 'b', 'b_total', 'c_total', 'd'].map((name) => ({
    name,
    labels: {},
    value: 1,
    updatedAt: 1,
  }));
  const reader = providerOf(
    createCachedSnapshotReader({ snapshot: () => points, families: () => families }),
  );

  it.each([
    ['name[]=a', ['a']],
    ['name[]=d&name[]=a', ['a', 'd']],
    ['name[]=b', ['b', 'b_total']],
    ['name[]=b_total', ['b_total']],
    ['name[]=c', []],
    ['name[]=c_total', ['c_total']],
    ['name[]=nope', []],
    ['prefix[]=a&prefix[]=d', ['a', 'aa', 'd']],
    ['prefix[]=a&name[]=a', ['a']],
    ['match[]=a&match[]=d', ['a', 'd']],
    ['match[]=b', ['b']],
    ['match[]={__name__=~"a.*"}', ['a', 'aa']],
    ['match[]={__name__!~"a.*|.*_total"}', ['b', 'd']],
    ['match[]={"a",__name__="aa"}', []],
    ['match[]={}', ['a', 'aa', 'b', 'b_total', 'c_total', 'd']],
    ['match[]={x=""}', ['a', 'aa', 'b', 'b_total', 'c_total', 'd']],
    ['match[]={x!=""}', []],
  ])('%s selects %j', async (query, names) => {
    expect(namesOf(await selectorOf(query).select(await reader.current()))).toEqual(names);
  });
});

describe('what a selection costs', () => {
  it('does not grow with families that are not named', async () => {
    const { reader } = await settingWith(manyPoints('a', 3000), manyPoints('b', 3000));
    const snapshot = await reader.current();
    const [a] = snapshot.families;
    expect(a!.chunks.length).toBeGreaterThan(3);
    expect(await workOf(selectorOf('name[]=a'), snapshot)).toMatchObject({
      families: 1,
      chunks: 0,
    });
    expect(await workOf(selectorFor('a{repo="repo-0000007"}'), snapshot)).toMatchObject({
      families: 1,
      chunks: a!.chunks.length,
      linesRead: 1,
    });
  });

  it('is no look at lines where the first label tells', async () => {
    const { reader } = await settingWith(manyPoints('a', 10_000));
    const snapshot = await reader.current();
    const chunks = snapshot.families[0]!.chunks.length;
    expect(chunks).toBeGreaterThan(10);
    for (const selector of [
      selectorFor('{org="org-5"}'),
      selectorFor('{org="nope"}'),
      selectorFor('{org=~"org-5|zz"}'),
    ]) {
      const { chunksSearched } = await workOf(selector, snapshot);
      // An org begins in one chunk and ends in another.
      expect(chunksSearched).toBeLessThanOrEqual(2);
    }
    expect(await workOf(selectorFor('{nope="x"}'), snapshot)).toMatchObject({ chunksSearched: 0 });
  });

  it('is one match of a pattern for each value that there is', async () => {
    const { reader } = await settingWith(manyPoints('a', 5000));
    const { patternsMatched, linesRead } = await workOf(
      selectorFor('{user=~"user-1.*"}'),
      await reader.current(),
    );
    expect({ patternsMatched, linesRead }).toEqual({ patternsMatched: 100, linesRead: 5000 });
  });

  it.each([
    'match[]={repo!="x"}',
    'match[]={user=~"user-1.*"}',
    'shard=1/2',
    'match[]={repo="repo-0000000"}',
  ])('by %s is one chunk after a refresh that changed one', async (query) => {
    const { store, reader } = await settingWith(manyPoints('a', 5000), manyPoints('b', 5000));
    const selector = selectorOf(query);
    const first = await reader.current();
    expect((await workOf(selector, first)).chunks).toBeGreaterThan(10);
    await store.upsert([{ ...manyPoints('a', 5000)[0]!, value: 7, updatedAt: 2 }]);
    const second = await reader.current();
    expect(second).not.toBe(first);
    expect((await workOf(selector, second)).chunks).toBe(1);
    expect(await workOf(selector, second)).toMatchObject({ families: 0, chunks: 0 });
  });

  it('is shared by those who ask at the same time', async () => {
    const { reader } = await settingWith(manyPoints('a', 5000));
    const snapshot = await reader.current();
    const [one, other] = [selectorOf('shard=1/2'), selectorOf('shard=1/2')];
    await one.select(snapshot);
    const all = await Promise.all([1, 2, 3].map(() => other.select(snapshot)));
    expect(new Set(all).size).toBe(1);
    expect(other.work).toEqual(one.work);
  });
});

describe('what is selected', () => {
  it('is the snapshot itself where everything is, and shares chunks that are whole', async () => {
    const { reader } = await settingWith(manyPoints('a', 5000), manyPoints('b', 10));
    const snapshot = await reader.current();
    expect(await selectorFor('{}').select(snapshot)).toBe(snapshot);
    expect(await selectorFor('{org!="x"}').select(snapshot)).toBe(snapshot);
    const [a] = (await selectorFor('a').select(snapshot)).families;
    expect(a).toBe(snapshot.families[0]);
    const orgs = selectorFor('a{org=~"org-[2-8]"}');
    const chunks = (await orgs.select(snapshot)).families[0]!.chunks;
    const shared = chunks.filter((chunk) => snapshot.families[0]!.chunks.includes(chunk));
    expect(shared.length).toBeGreaterThanOrEqual(chunks.length - 2);
    const own = chunks.filter((chunk) => !shared.includes(chunk));
    expect(orgs.ownBytes).toBe(own.reduce((sum, { text }) => sum + text.length, 0));
    expect(orgs.ownBytes).toBeGreaterThan(0);
  });

  it('has no family without series, and none at all where nothing is wanted', async () => {
    const { reader } = await settingWith(manyPoints('a', 10), manyPoints('b', 10));
    const selected = await selectorFor('{org="nope"}').select(await reader.current());
    expect(selected).toMatchObject({ families: [], series: 0, bytes: 0 });
  });

  it('is the same object after a refresh that changed nothing of it', async () => {
    const { store, reader } = await settingWith(manyPoints('a', 2000), manyPoints('b', 10));
    const [name, part] = [selectorOf('name[]=b'), selectorFor('a{org="org-0"}')];
    const before = await reader.current();
    const [b, a] = [await name.select(before), await part.select(before)];
    await store.upsert([{ ...manyPoints('a', 2000)[1999]!, value: 7, updatedAt: 2 }]);
    const after = await reader.current();
    expect(after).not.toBe(before);
    expect(await name.select(after)).toBe(b);
    expect(await part.select(after)).toBe(a);
  });

  it('keeps its text, and has the new times, where only times moved', async () => {
    const { store, reader } = await settingWith(manyPoints('a', 100));
    const selector = selectorFor('{user=~"user-[0-4].*"}');
    const before = await selector.select(await reader.current());
    await store.upsert(manyPoints('a', 100).map((point) => ({ ...point, updatedAt: 5 })));
    const { linesRead } = selector.work;
    const after = await selector.select(await reader.current());
    const [was, is] = [before, after].map(({ families }) => families[0]!.chunks[0]!);
    expect(is!.text).toBe(was!.text);
    expect([...was!.updatedAt]).toEqual(new Array(was!.series).fill(1));
    expect([...is!.updatedAt]).toEqual(new Array(was!.series).fill(5));
    expect(selector.work.linesRead).toBe(linesRead);
  });

  it('is each series on exactly one shard', async () => {
    const { reader } = await settingWith(manyPoints('a', 3000), manyPoints('b', 10));
    const snapshot = await reader.current();
    const shards = await Promise.all(
      [1, 2, 3].map((i) => selectorOf(`shard=${i}/3`).select(snapshot)),
    );
    const ids = shards.flatMap(idsOf);
    expect(ids.toSorted()).toEqual(idsOf(snapshot));
    for (const { series } of shards) expect(series).toBeGreaterThan(850);
    const two = await selectorOf('shard=1/3&shard=3/3').select(snapshot);
    expect(idsOf(two)).toEqual([...idsOf(shards[0]!), ...idsOf(shards[2]!)].sort());
  });

  it('is found in very long lines, and in lines that quote what is sought', async () => {
    const long = 'ü"\\\n'.repeat(5000);
    const { reader } = await settingWith([
      { name: 'a', labels: { l: long, x: '1' }, value: 1, updatedAt: 1 },
      { name: 'a', labels: { l: 'x="1"', xx: '1' }, value: 1, updatedAt: 1 },
      { name: 'a', labels: { l: ',x=', y: '1' }, value: 1, updatedAt: 1 },
      { name: 'a', labels: { ['__proto__']: '1' }, value: 1, updatedAt: 1 },
    ]);
    const snapshot = await reader.current();
    const count = async (match: string): Promise<number> =>
      (await selectorFor(match).select(snapshot)).series;
    expect(await count('{x="1"}')).toBe(1);
    expect(await count(`{l=${JSON.stringify(long.slice(0, 400))}}`)).toBe(0);
    expect(await count('{l=~"(?s:ü.*)"}')).toBe(1);
    expect(await count('{l="x=\\"1\\""}')).toBe(1);
    expect(await count('{x=",y="}')).toBe(0);
    expect(await count('{__proto__="1"}')).toBe(1);
    expect(await count('{constructor=""}')).toBe(4);
  });
});

describe('a selection with a pattern that is none', () => {
  it('fails for all who ask, and again when asked again', async () => {
    const { reader } = await settingWith(manyPoints('a', 10));
    const selector = selectorFor('{org=~"("}');
    const snapshot = await reader.current();
    const failure = { code: 'invalid_selector' };
    await expect(selector.select(snapshot)).rejects.toMatchObject(failure);
    await expect(selector.select(snapshot)).rejects.toMatchObject(failure);
  });
});

function idsOf({ families }: Snapshot): string[] {
  return families.flatMap(({ chunks }) =>
    chunks.flatMap((chunk) => Array.from({ length: chunk.series }, (_, i) => chunk.id(i))),
  );
}
