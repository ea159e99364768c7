import { describe, expect, it } from 'vitest';
import { pageOf, scrape } from '../../test/support/page.ts';
import { state } from '../../test/support/scripted-source.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler } from './handler.ts';
import type { HandlerOptions } from './handler-options.ts';

const points = Array.from({ length: 50 }, (_, i) => ({ ...state(i), labels: { i: String(i) } }));

/** The exporter's own metrics on a page, without their prefix, and their values by series. */
async function own(options: HandlerOptions, query = ''): Promise<ReadonlyMap<string, number>> {
  const reader = createCachedSnapshotReader({ snapshot: () => points });
  const handler = createOpenMetricsHandler(reader, options);
  const response = await handler.fetch(new Request(`http://exporter/metrics${query}`));
  expect(response.status).toBe(200);
  const lines = (await response.text()).matchAll(/^snapscrape_(\S+) (\S+)$/gm);
  return new Map([...lines].map(([, id, value]) => [id!, Number(value)]));
}

const familiesOf = (samples: ReadonlyMap<string, number>): string[] => [
  ...new Set([...samples.keys()].map((id) => id.split('{')[0]!)),
];

describe("the exporter's own metrics in a subset", () => {
  it('by shard: each counts its own series, and the first has the rest', async () => {
    const all = familiesOf(await own({}));
    expect(all.length).toBeGreaterThan(8);
    let series = 0;
    for (const shard of ['1/4', '2/4', '3/4', '4/4']) {
      const samples = await own({}, `?shard=${shard}`);
      expect(familiesOf(samples)).toEqual(shard === '1/4' ? all : ['series']);
      series += samples.get('series{family="state"}')!;
    }
    expect(series).toBe(50);
    expect(familiesOf(await own({ shard: '2/4' }))).toEqual(['series']);
    expect(familiesOf(await own({}, '?shard=2/4&shard=1/4'))).toEqual(all);
  });

  it('by name and prefix: those that are named', async () => {
    expect(familiesOf(await own({}, '?name[]=state'))).toEqual([]);
    expect(familiesOf(await own({ prefixes: ['snapscrape_http', 'state'] }))).toEqual([
      'http_requests_total',
      'http_requests_in_flight',
    ]);
    expect(familiesOf(await own({}, '?name[]=snapscrape_series&shard=2/4'))).toEqual([]);
    expect(familiesOf(await own({}, '?prefix[]=s&shard=2/4'))).toEqual(['series']);
  });

  it('by selector: none, whatever it says', async () => {
    expect(familiesOf(await own({}, '?match[]={__name__!=""}'))).toEqual([]);
    expect(familiesOf(await own({ match: '{i="1"}' }))).toEqual([]);
  });

  it('by what is fixed: all of them where they are always wanted, unless a query says less', async () => {
    const options: HandlerOptions = { selfMetrics: 'always', match: '{i=~"1.*"}', shard: '2/2' };
    expect(familiesOf(await own(options))).toEqual(familiesOf(await own({})));
    const query = '?name[]=snapscrape_http_requests';
    expect(familiesOf(await own(options, query))).toEqual(['http_requests_total']);
    expect(familiesOf(await own({ selfMetrics: false }))).toEqual([]);
  });
});

describe('a fixed selection that cannot be served', () => {
  it('is reported at once, and every response is a 500 without its text', async () => {
    const reported: unknown[] = [];
    const reader = createCachedSnapshotReader({ snapshot: () => points });
    const handler = createOpenMetricsHandler(reader, {
      match: '{i=~"("}',
      onError: (error, context) => void reported.push([error.code, context]),
    });
    for (let i = 0; i < 3; i++) {
      const response = await scrape(handler);
      expect([response.status, await response.text()]).toEqual([
        500,
        'The metrics could not be served.\n',
      ]);
    }
    expect(reported).toEqual([['invalid_options', { during: 'page', status: 500 }]]);
  });

  it('may have as many patterns as selectors, whatever they cost to compile', async () => {
    const reader = createCachedSnapshotReader({ snapshot: () => points });
    const costly = '(?i)[a-zA-ZäöüÄÖÜß]+|[А-Яа-я]+|[\\\\x20-\\\\x7e]{2}';
    const match = Array.from({ length: 64 }, (_, i) => `{i=~"${costly}|${i}."}`);
    const page = await pageOf(createOpenMetricsHandler(reader, { match, selfMetrics: false }));
    expect(page.match(/^state/gm)).toHaveLength(40);
  });

  it('is what it was when the handler was made, whatever becomes of the list', async () => {
    const reader = createCachedSnapshotReader({ snapshot: () => points });
    const names = ['state'];
    const handler = createOpenMetricsHandler(reader, { names });
    names[0] = 'other';
    expect(await pageOf(handler)).toContain('state{i="0"} 0\n');
  });
});
