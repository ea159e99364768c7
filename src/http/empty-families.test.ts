import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type FamilyMetadata,
  type HandlerOptions,
  MemoryStore,
  mergeReaders,
  type SnapshotReader,
} from '../index.ts';

const LATER: FamilyMetadata = { name: 'later_total', type: 'counter', help: 'Not yet.' };
const BUILD: FamilyMetadata = { name: 'build', type: 'info' };
const TEXT = '# HELP later_total Not yet.\n# TYPE later_total counter\n';
const POINT = { name: 'jobs', labels: { q: 'a' }, value: 1, updatedAt: 1 };
const JOBS = '# TYPE jobs gauge\njobs{q="a"} 1\n';

async function pageOf(
  reader: SnapshotReader,
  {
    accept = '',
    query = '',
    ...options
  }: HandlerOptions & { accept?: string; query?: string } = {},
): Promise<string> {
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false, ...options });
  const request = new Request(`http://localhost/${query}`, { headers: { accept } });
  return (await handler.fetch(request)).text();
}

describe('a family that is declared and has no points', () => {
  it.each([
    ['text/plain', TEXT],
    ['application/openmetrics-text', '# TYPE later counter\n# HELP later Not yet.\n# EOF\n'],
    [
      'application/openmetrics-text;version=2.0.0',
      '# TYPE later_total counter\n# HELP later_total Not yet.\n# EOF\n',
    ],
    [
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
      '',
    ],
  ])('has its metadata in %s', async (accept, page) => {
    const source = { snapshot: () => [], families: () => [LATER] };
    expect(await pageOf(source, { accept })).toBe(page);
  });

  it.each([
    '',
    'text/plain',
    'application/openmetrics-text',
    'application/openmetrics-text;version=2.0.0',
  ])('is unknown if it is an info whose name lacks _info: %s', async (accept) => {
    // Prometheus fails a page of OpenMetrics 2 with `# TYPE build info`.
    const source = {
      snapshot: () => [],
      families: () => [BUILD],
    } as const;
    const page = await pageOf(source, { accept });
    expect(page).toContain(
      `# TYPE build ${accept.startsWith('application') ? 'unknown' : 'untyped'}`,
    );
  });

  it('comes before and goes after its points, by deltas as by full reads', async () => {
    const store = new MemoryStore();
    const pages: string[][] = [];
    const readers = (['incremental', 'full'] as const).map((mode) =>
      createCachedSnapshotReader(store, { mode }),
    );
    const look = async (): Promise<void> => {
      await Promise.all(readers.map((reader) => reader.refresh()));
      pages.push(await Promise.all(readers.map((reader) => pageOf(reader))));
    };
    await store.setFamilies([LATER]);
    await store.upsert([POINT]);
    await look();
    await store.upsert([{ name: 'later_total', value: 3 }]);
    await look();
    await store.delete({ name: 'later_total' });
    await look();
    const expected = [JOBS + TEXT, `${JOBS}${TEXT}later_total 3\n`, JOBS + TEXT];
    expect(pages).toEqual(expected.map((page) => [page, page]));
    expect(readers[0]!.cacheStats()).toMatchObject({ lastRefreshKind: 'delta', families: 2 });
  });

  it('is the same object from refresh to refresh, so nothing is published anew', async () => {
    const source = { snapshot: () => [POINT], families: () => [{ ...LATER }] };
    const reader = createCachedSnapshotReader(source);
    await reader.refresh();
    const { version } = reader.cacheStats();
    await reader.refresh();
    expect(reader.cacheStats().version).toBe(version);
  });

  it('is chosen by its name, and by no label and no shard', async () => {
    const source = { snapshot: () => [POINT], families: () => [LATER] };
    const both = createCachedSnapshotReader(source);
    for (const query of ['?name[]=later_total', '?prefix[]=later', '?match[]=later_total']) {
      expect(await pageOf(both, { query })).toBe(TEXT);
    }
    expect(await pageOf(both, { names: ['later_total'] })).toBe(TEXT);
    expect(await pageOf(both, { query: '?match[]={q="a"}' })).toBe(JOBS);
    const shards = await Promise.all(
      ['1/2', '2/2'].map((shard) => pageOf(both, { query: `?shard=${shard}` })),
    );
    expect(shards.sort()).toEqual(['', JOBS]);
  });

  it('yields to one of another reader that has points', async () => {
    const first = { snapshot: () => [], families: () => [{ ...LATER, help: 'Other.' }] };
    const points = [{ name: 'later_total', value: 3 }];
    const second = { snapshot: () => points, families: () => [LATER] };
    const third = { snapshot: () => [], families: () => [LATER] };
    expect(await pageOf(mergeReaders([first, second]))).toBe(`${TEXT}later_total 3\n`);
    expect(await pageOf(mergeReaders([third, first]))).toBe(TEXT);
  });

  it('has no line in the exporter’s count of series', async () => {
    const source = { snapshot: () => [POINT], families: () => [LATER] };
    const page = await pageOf(source, { selfMetrics: true });
    expect(page).toContain('snapscrape_series{family="jobs"} 1\n');
    expect(page).not.toContain('family="later_total"');
  });
});
