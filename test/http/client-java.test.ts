import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type HandlerOptions,
} from '../../src/index.ts';
import { createHealthHandler } from '../../src/server/index.ts';
import { startExporter } from '../support/exporter.ts';
import { ACCEPT, bareHandler, pageOf, scrape } from '../support/page.ts';
import { ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { type Ask, TRANSPORTS } from './transports.ts';

// Each test is called after what it has the counterpart of in client_java's scrape handler; where
// we differ on purpose, docs/http.md says why.

const POINTS = [
  { ...state(1), name: 'app_info' },
  { ...state(2), name: 'app_jobs_total' },
  { ...state(3), name: 'jvm_threads' },
];

function reader() {
  return createCachedSnapshotReader({
    snapshot: () => POINTS,
    families: () => [{ name: 'app_jobs_total', type: 'counter' as const }],
  });
}

/** The names of the samples on a page. */
const namesOn = (page: string): string[] =>
  page.split('\n').flatMap((line) => /^[a-z_]+/.exec(line)?.[0] ?? []);

describe.each(TRANSPORTS)('the scrape handler, %s', (way, open) => {
  const opened = (options?: HandlerOptions): Promise<Ask> => open(bareHandler(reader(), options));

  it('name[]: `_total` and the base name both match', async () => {
    const ask = await opened();
    for (const name of ['app_jobs_total', 'app_jobs']) {
      for (const accept of [ACCEPT.text, ACCEPT.openmetrics]) {
        const { body } = await ask({ target: `/metrics?name[]=${name}`, headers: { accept } });
        expect(namesOn(body.toString())).toEqual(['app_jobs_total']);
      }
    }
    const gauge = await ask({ target: '/metrics?name[]=app_info_total' });
    expect(gauge.body).toHaveLength(0);
  });

  it('static filters: names, prefixes, and selectors that exclude', async () => {
    const names = async (options: HandlerOptions, query = ''): Promise<string[]> =>
      namesOn((await (await opened(options))({ target: `/metrics${query}` })).body.toString());
    expect(await names({ names: ['jvm_threads'] })).toEqual(['jvm_threads']);
    expect(await names({ prefixes: ['app_'] })).toEqual(['app_info', 'app_jobs_total']);
    expect(await names({ match: '{__name__!="app_info"}' })).toEqual([
      'app_jobs_total',
      'jvm_threads',
    ]);
    expect(await names({ match: ['{__name__!~"app_.*"}'] })).toEqual(['jvm_threads']);
    // A query can only ask for less.
    expect(await names({ prefixes: ['app_'] }, '?name[]=jvm_threads')).toEqual([]);
    expect(await names({ prefixes: ['app_'] }, '?name[]=app_info')).toEqual(['app_info']);
  });

  it('debug: has no meaning; the format is what Accept asks for, and says so', async () => {
    const ask = await opened();
    for (const debug of ['openmetrics', 'text', 'prometheus-protobuf', 'nonsense']) {
      const { status, headers } = await ask({ target: `/metrics?debug=${debug}` });
      expect(status).toBe(200);
      expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4;/);
    }
  });

  it('a malformed query gets 400', async () => {
    const ask = await opened();
    for (const query of ['name[]=%', 'name[]=%zz', 'a=%e4', '%', 'name[]=app_info&x=%c3%28']) {
      const { status, headers, body } = await ask({ target: `/metrics?${query}` });
      expect([query, status]).toEqual([query, 400]);
      expect(headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(body.toString()).toBe('The query cannot be read.\n');
    }
    expect((await ask({ target: '/metrics?name[]=%c3%a4' })).status).toBe(200);
  });

  it('gzip: with parameters too, which client_java does not see', async () => {
    const ask = await opened();
    for (const accepted of ['gzip', 'deflate, gzip;q=0.9', 'GZIP; q=1']) {
      const { headers } = await ask({ headers: { 'accept-encoding': accepted } });
      expect(headers['content-encoding']).toBe('gzip');
    }
  });

  it('Content-Length: of compressed answers too; HEAD gets headers alone', async () => {
    const ask = await opened();
    for (const coding of ['gzip', 'identity']) {
      const headers = { 'accept-encoding': coding };
      const get = await ask({ headers });
      expect(get.headers['content-length']).toBe(String(get.body.length));
      const head = await ask({ method: 'HEAD', headers });
      expect(head.body).toHaveLength(0);
      expect(head.headers['content-length']).toBe(String(get.body.length));
    }
  });

  it(`exceptions: a response without a stack trace (${way})`, async () => {
    const source = new ScriptedSource();
    source.answer = () => {
      throw new TypeError('the password is hunter2');
    };
    const ask = await open(bareHandler(source, { errorPolicy: 'fail' }));
    const { status, body } = await ask();
    expect([status, body.toString()]).toEqual([500, 'The metrics could not be served.\n']);
  });
});

describe('the health handler', () => {
  it('/-/healthy: 200 with a text of its own, beside the metrics and by itself', async () => {
    const { url } = await startExporter(reader());
    const health = createHealthHandler(reader());
    const alone = await health.fetch(new Request('http://exporter/-/healthy'));
    for (const answer of [await fetch(`${url}/-/healthy`), alone]) {
      expect([answer.status, await answer.text()]).toEqual([200, 'The exporter is healthy.\n']);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    }
  });
});

describe('name[]', () => {
  it('asks nothing of the source: it is served from the snapshot that is there', async () => {
    const source = new ScriptedSource();
    const cached = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
    const handler = bareHandler(cached);
    await pageOf(handler);
    const response = await handler.fetch(new Request('http://exporter/metrics?name[]=none'));
    expect(await response.text()).toBe('');
    expect(source.reads).toBe(1);
  });

  it("has the exporter's own metrics like any others", async () => {
    const handler = createOpenMetricsHandler(reader());
    const asked = async (query: string): Promise<string[]> => {
      const response = await handler.fetch(new Request(`http://exporter/metrics?${query}`));
      return [...new Set(namesOn(await response.text()))];
    };
    expect(await asked('name[]=app_info')).toEqual(['app_info']);
    expect(await asked('name[]=app_info&name[]=snapscrape_series')).toEqual([
      'app_info',
      'snapscrape_series',
    ]);
    expect(await asked('name[]=snapscrape_http_requests')).toEqual([
      'snapscrape_http_requests_total',
    ]);
    expect(await asked('prefix[]=snapscrape_http_')).toEqual([
      'snapscrape_http_requests_total',
      'snapscrape_http_requests_in_flight',
    ]);
  });
});

describe('subsets: false', () => {
  it('looks at no query, whatever it says', async () => {
    const handler = bareHandler(createCachedSnapshotReader(new ScriptedSource()), {
      subsets: false,
    });
    for (const query of ['name[]=x', 'match[]={', 'shard=9/4', '%', `a=${'x'.repeat(100_000)}`]) {
      const response = await handler.fetch(new Request(`http://exporter/metrics?${query}`));
      expect(await response.text()).toBe(statePage(1));
    }
    expect((await scrape(handler)).status).toBe(200);
  });
});
