import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { allIds, selectedIds, selectorOf } from '../../test/support/selecting.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { LabelColumns } from '../model/key/index.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { providerOf, type SnapshotProvider } from '../refresh/snapshot-provider.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { LineFilter } from './line-filter.ts';
import type { SelectedSnapshot, SnapshotSelector } from './snapshot-selector.ts';

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

function matching(...match: readonly string[]): SnapshotSelector {
  return selectorOf(new URLSearchParams(match.map((m): [string, string] => ['match[]', m])));
}

function namesOf({ families }: SelectedSnapshot): string[] {
  return families.map(({ name }) => name);
}

/** How many chunks were searched and how many lines read for a selection. */
async function workOf(
  selector: SnapshotSelector,
  snapshot: Snapshot,
): Promise<{ readonly chunks: number; readonly lines: number }> {
  const spies = [vi.spyOn(LineFilter.prototype, 'mark'), vi.spyOn(LabelColumns.prototype, 'read')];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  for (const spy of spies) spy.mockClear();
  await selector.select(snapshot);
  return { chunks: spies[0]!.mock.calls.length, lines: spies[1]!.mock.calls.length };
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
  it('is no look at lines where names decide', async () => {
    const { reader } = await settingWith(manyPoints('a', 3000), manyPoints('b', 3000));
    const snapshot = await reader.current();
    const nothing = { chunks: 0, lines: 0 };
    expect(await workOf(selectorOf('name[]=a'), snapshot)).toEqual(nothing);
    expect(await workOf(matching('{__name__=~"b|c"}'), snapshot)).toEqual(nothing);
  });

  it('is a look at the lines that have the text of a value', async () => {
    const { reader } = await settingWith(manyPoints('a', 3000), manyPoints('b', 3000));
    const snapshot = await reader.current();
    const chunks = snapshot.families[0]!.chunks.length;
    expect(chunks).toBeGreaterThan(3);
    for (const selector of [
      matching('a{repo="repo-0000007"}'),
      matching('a{org!="x",repo="repo-0000007",user=~"user.*"}'),
    ]) {
      expect(await workOf(selector, snapshot)).toEqual({ chunks, lines: 1 });
    }
    expect(await workOf(matching('a{user="user"}'), snapshot)).toEqual({ chunks, lines: 0 });
    const { lines } = await workOf(matching('a{repo="repo-0000007"}', 'a{org="x"}'), snapshot);
    expect(lines).toBe(3000);
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
    expect((await workOf(selector, second)).chunks).toBe(0);
  });

  it('is nothing where only times moved', async () => {
    const { store, reader } = await settingWith(manyPoints('a', 100));
    const selector = matching('{user=~"user-[0-4].*"}');
    const before = await selector.select(await reader.current());
    await store.upsert(manyPoints('a', 100).map((point) => ({ ...point, updatedAt: 5 })));
    const snapshot = await reader.current();
    expect((await workOf(selector, snapshot)).chunks).toBe(0);
    const after = await selector.select(snapshot);
    expect(after.families[0]!.chunks[0]!.text).toBe(before.families[0]!.chunks[0]!.text);
  });

  it('is shared by callers at the same time', async () => {
    const { reader } = await settingWith(manyPoints('a', 5000));
    const snapshot = await reader.current();
    const selector = selectorOf('shard=1/2');
    const all = await Promise.all([1, 2, 3].map(() => selector.select(snapshot)));
    expect(new Set(all).size).toBe(1);
  });
});

describe('what is selected', () => {
  it('shares chunks that are whole', async () => {
    const { reader } = await settingWith(manyPoints('a', 5000), manyPoints('b', 10));
    const snapshot = await reader.current();
    const texts = new Set(
      snapshot.families.flatMap(({ chunks }) => chunks.map(({ text }) => text)),
    );
    const own = (selected: SelectedSnapshot): number =>
      selected.families.flatMap(({ chunks }) => chunks).filter(({ text }) => !texts.has(text))
        .length;
    for (const match of ['{}', '{org!="x"}', 'a']) {
      expect(own(await matching(match).select(snapshot))).toBe(0);
    }
    // An org begins in one chunk and ends in another.
    expect(own(await matching('a{org=~"org-[2-8]"}').select(snapshot))).toBe(2);
  });

  it('has no family without series, and none at all where nothing is wanted', async () => {
    const { reader } = await settingWith(manyPoints('a', 10), manyPoints('b', 10));
    const selected = await matching('{org="nope"}').select(await reader.current());
    expect(selected).toEqual({ families: [], series: 0 });
  });

  it('is each series on exactly one shard', async () => {
    const { reader } = await settingWith(manyPoints('a', 3000), manyPoints('b', 10));
    const snapshot = await reader.current();
    const shards = await Promise.all(
      [1, 2, 3].map((i) => selectorOf(`shard=${i}/3`).select(snapshot)),
    );
    expect(shards.flatMap(selectedIds).toSorted()).toEqual(allIds(snapshot));
    for (const { series } of shards) expect(series).toBeGreaterThan(850);
    const two = await selectorOf('shard=1/3&shard=3/3').select(snapshot);
    expect(selectedIds(two)).toEqual(
      [...selectedIds(shards[0]!), ...selectedIds(shards[2]!)].sort(),
    );
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
      (await matching(match).select(snapshot)).series;
    expect(await count('{x="1"}')).toBe(1);
    expect(await count(`{l=${JSON.stringify(long.slice(0, 400))}}`)).toBe(0);
    expect(await count('{l=~"(?s:ü.*)"}')).toBe(1);
    expect(await count('{l="x=\\"1\\""}')).toBe(1);
    expect(await count('{x=",y="}')).toBe(0);
    expect(await count('{__proto__="1"}')).toBe(1);
    expect(await count('{constructor=""}')).toBe(4);
  });
});
