import { describe, expect, it } from 'vitest';
import { pageOf, scrape } from '../../test/support/page.ts';
import { state } from '../../test/support/scripted-source.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler } from './handler.ts';
import type { HandlerOptions } from './handler-options.ts';

const OPENMETRICS = { accept: 'application/openmetrics-text' };

/** The TYPE lines of what a handler shows of some families with some series each. */
async function typesOf(
  families: readonly FamilyMetadata[],
  options: HandlerOptions = {},
  query = '',
): Promise<readonly string[]> {
  // Of `x` there is one series, which is in one shard.
  const points = families.flatMap(({ name }) =>
    (name === 'x' ? [1] : [1, 2, 3, 4, 5, 6, 7, 8]).map((i) => ({
      ...state(i),
      name,
      labels: { i: String(i) },
    })),
  );
  const reader = createCachedSnapshotReader({ snapshot: () => points, families: () => families });
  const handler = createOpenMetricsHandler(reader, options);
  const response = await handler.fetch(
    new Request(`http://exporter/metrics${query}`, { headers: OPENMETRICS }),
  );
  expect(response.status).toBe(200);
  return (await response.text()).match(/^# TYPE .*$/gm) ?? [];
}

const counter = (name: string): FamilyMetadata => ({ name, type: 'counter' });

describe('what a page calls a family', () => {
  const families: readonly FamilyMetadata[] = [{ name: 'x', type: 'gauge' }, counter('x_total')];

  it('is the same on the whole page, in shards, in views and for queries', async () => {
    const x = '# TYPE x gauge';
    const total = '# TYPE x_total unknown';
    const bare = { selfMetrics: false } as const;
    expect(await typesOf(families, bare)).toEqual([x, total]);
    const shards = await Promise.all(
      ['1/2', '2/2'].map((shard) => typesOf(families, bare, `?shard=${shard}`)),
    );
    expect(shards.sort((a, b) => a.length - b.length)).toEqual([[total], [x, total]]);
    const views = await Promise.all(
      ['1/2', '2/2'].map((shard) => typesOf(families, { ...bare, shard })),
    );
    expect(views.sort((a, b) => a.length - b.length)).toEqual(shards);
    expect(await typesOf(families, { ...bare, names: ['x_total'] })).toEqual([total]);
    expect(await typesOf(families, bare, '?name[]=x_total')).toEqual([total]);
    expect(await typesOf(families, bare, '?match[]=x_total')).toEqual([total]);
  });

  it('follows the families that there are', async () => {
    let all = [...families];
    const reader = createCachedSnapshotReader({
      snapshot: () => all.map(({ name }) => ({ ...state(1), name })),
      families: () => families,
    });
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    expect(await pageOf(handler, 'openmetrics')).toContain('# TYPE x_total unknown\n');
    all = [counter('x_total')];
    await reader.refresh();
    expect(await pageOf(handler, 'openmetrics')).toContain('# TYPE x counter\n');
  });

  it("heeds the exporter's own names, whether a page shows them or not", async () => {
    const clashing = [counter('snapscrape_series_total')];
    const unknown = '# TYPE snapscrape_series_total unknown';
    for (const query of ['', '?name[]=snapscrape_series_total', '?shard=2/2']) {
      expect(await typesOf(clashing, {}, query)).toContain(unknown);
    }
    expect(await typesOf(clashing, { selfMetrics: false })).toEqual([
      '# TYPE snapscrape_series counter',
    ]);
  });

  it('leaves a family of the source out if the exporter has its name, selected or not', async () => {
    const clashing: readonly FamilyMetadata[] = [
      { name: 'snapscrape_http_requests_total', type: 'gauge' },
      { name: 'x', type: 'gauge' },
    ];
    const reader = createCachedSnapshotReader({
      snapshot: () => clashing.map(({ name }) => ({ ...state(1), name })),
      families: () => clashing,
    });
    for (const options of [{}, { selfMetrics: 'always', names: ['x'] }] as const) {
      const page = await (await scrape(createOpenMetricsHandler(reader, options))).text();
      expect(page).toContain('# TYPE snapscrape_http_requests_total counter\n');
      expect(page).not.toContain('snapscrape_http_requests_total 1\n');
      const name = 'snapscrape_http_requests_total';
      expect(page).toContain(`snapscrape_left_out_family{family="${name}",owner="${name}"} 1\n`);
    }
  });
});
