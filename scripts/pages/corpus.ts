import fc from 'fast-check';
import type { FamilyMetadata, SnapshotReader } from '../../src/index.ts';
import { hostilePoints, hostileText } from '../../test/conformance/hostile.ts';
import { CLASHING, type Content, EXAMPLES, fixedRegistry, vectorPoints } from './fixed-sources.ts';
import { SYNTAXES } from './formats.ts';
import { renderHistories, renderStoreHistories } from './histories.ts';
import { renderMerged } from './merged.ts';
import type { PageSink } from './page-sink.ts';
import { renderSelections, renderViews } from './selections.ts';
import { renderWorkload } from './workloads.ts';

type Group = (sink: PageSink) => Promise<void>;

/** What is rendered, by group. Everything is random with a fixed seed, or fixed. */
export const GROUPS: Readonly<Record<string, Group>> = {
  examples: async (sink) => {
    for (const [name, content] of Object.entries(EXAMPLES)) await contentPages(sink, name, content);
  },
  'hostile points': async (sink) => {
    for (const [i, content] of hostileContents(150).entries()) {
      await contentPages(sink, `sample ${i}`, content);
    }
  },
  'foreign vectors': (sink) => contentPages(sink, 'all', vectorPoints(sink.library.parseSeriesId)),
  registry: (sink) =>
    sink.readerPages('prom-client', sink.library.createRegistryReader(fixedRegistry())),
  'refresh histories': renderHistories,
  'store histories': renderStoreHistories,
  'selecting queries': renderSelections,
  views: renderViews,
  'merged readers': renderMerged,
  'own metrics': renderOwnMetrics,
  'name plan': renderNamePlan,
  '12 000 series': (sink) => renderWorkload(sink, 12_000),
};

/** What takes a minute and some gigabytes. */
export const LARGE_GROUPS: Readonly<Record<string, Group>> = {
  '1 000 000 series': (sink) => renderWorkload(sink, 1_000_000),
};

/** Some content as a cached reader. */
function readerOf(sink: PageSink, { points, families = [] }: Content): SnapshotReader {
  const source = { snapshot: () => points, families: () => families };
  return sink.library.createCachedSnapshotReader(source, { now: () => 0 });
}

async function contentPages(sink: PageSink, name: string, content: Content): Promise<void> {
  await sink.readerPages(name, readerOf(sink, content));
}

function hostileContents(count: number): Content[] {
  const type = fc.constantFrom<FamilyMetadata['type']>('counter', 'gauge', 'unknown');
  const declared = fc.infiniteStream(fc.tuple(fc.option(hostileText), type));
  const contents = fc.tuple(hostilePoints, declared).map(([points, texts]): Content => {
    const families = [...new Set(points.map(({ name }) => name))].flatMap((name) => {
      const [help, familyType] = texts.next().value!;
      return help === null ? [] : [{ name, type: familyType, help }];
    });
    return { points, families };
  });
  return fc.sample(contents, { seed: 1, numRuns: count });
}

/** The exporter's own metrics say how long things took: their values are not compared. */
async function renderOwnMetrics(sink: PageSink): Promise<void> {
  const reader = readerOf(sink, EXAMPLES.hosts!);
  const handler = sink.handler(reader, { selfMetrics: 'always', processStartTime: 1000 });
  const mask = (text: string): string => text.replaceAll(/^(snapscrape_.*) \S+$/gm, '$1 _');
  await sink.pages('first scrape', handler, { mask });
  await sink.pages('second scrape', handler, { mask, query: '?name[]=host_load' });
  const { points } = EXAMPLES.hosts!;
  const bad = { name: 'no name', labels: {}, value: 1, updatedAt: 1 };
  const store = new sink.library.MemoryStore();
  await store.upsert([...points, bad]);
  const members = [
    { name: 'store', reader: sink.library.createCachedSnapshotReader(store) },
    { name: 'bad', reader: { snapshot: () => [bad] } },
  ];
  const merged = sink.library.mergeReaders(members, { onError: () => undefined });
  const prefixed = { selfMetrics: true, metricPrefix: 'own_' } as const;
  const owned = (text: string): string => text.replaceAll(/^(own_.*) \S+$/gm, '$1 _');
  await sink.pages('merged', sink.handler(merged, prefixed), { mask: owned });
}

/** Shards and selections of families that claim one another's names. */
async function renderNamePlan(sink: PageSink): Promise<void> {
  const reader = readerOf(sink, CLASHING);
  const queries = ['x', 'x_total', 'y_total', 'y_created', 'z'].map((name) => `?name[]=${name}`);
  const shards = [1, 2, 3, 4].map((shard) => `?shard=${shard}/4`);
  for (const query of ['', '?shard=1/2', '?shard=2/2', ...shards, ...queries]) {
    await sink.readerPages('clashing', reader, { query, formats: SYNTAXES });
  }
}
