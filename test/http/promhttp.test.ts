import { describe, expect, it, vi } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type ErrorContext,
  type HandlerOptions,
  mergeReaders,
  type SnapscrapeError,
} from '../../src/index.ts';
import { Clock } from '../support/clock.ts';
import { ACCEPT, bareHandler, pageOf, scrape } from '../support/page.ts';
import { Gate, never, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { turns, until } from '../support/until.ts';
import { TRANSPORTS } from './transports.ts';

// Each test is called after what it has the counterpart of in promhttp (client_golang 1.24); where
// we differ on purpose, docs/http.md says why.

const SECRET = 'password=hunter2';

/** A source that can be made to fail, behind a cache that is refreshed on each scrape. */
function failing(options: HandlerOptions = {}, maxStaleness = 60_000) {
  const clock = new Clock();
  const source = new ScriptedSource();
  const config = { refreshInterval: 0, maxStaleness, now: clock.now };
  const reader = createCachedSnapshotReader(source, config);
  const handler = bareHandler(reader, options);
  const fail = (): void => {
    source.answer = () => Promise.reject(new Error(SECRET));
  };
  return { clock, source, reader, handler, fail };
}

/** What an error listener got. */
function listening() {
  const reported: { error: SnapscrapeError; context: ErrorContext }[] = [];
  const onError = (error: SnapscrapeError, context: ErrorContext): void => {
    reported.push({ error, context });
  };
  return { reported, onError };
}

describe('ErrorLog: onError', () => {
  it('gets a failed refresh that a scrape met, though the last good page was served', async () => {
    const { reported, onError } = listening();
    const { handler, fail } = failing({ onError });
    await pageOf(handler);
    fail();
    expect(await pageOf(handler)).toBe(statePage(1));
    expect(reported).toHaveLength(1);
    expect(reported[0]!.context).toEqual({ during: 'refresh', status: 200 });
    expect(reported[0]!.error).toMatchObject({ code: 'refresh_failed', cause: new Error(SECRET) });
  });

  it('gets the status of the response if there is nothing to serve', async () => {
    const { reported, onError } = listening();
    const { handler, fail } = failing({ onError });
    fail();
    expect((await scrape(handler)).status).toBe(503);
    expect(reported.map(({ context }) => context)).toEqual([{ during: 'refresh', status: 503 }]);
    expect(reported[0]!.error.code).toBe('snapshot_unavailable');
  });

  it('gets a failure once that a hundred scrapes share', async () => {
    const { reported, onError } = listening();
    const { handler, source } = failing({ onError });
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const scrapes = Array.from({ length: 100 }, () => scrape(handler));
    await turns();
    gate.fail(new Error(SECRET));
    await Promise.all(scrapes);
    expect(reported).toHaveLength(1);
  });

  it.each([
    ['throws', () => expect.fail('no log')],
    ['rejects', () => Promise.reject(new Error('no log'))],
  ])('fails neither the scrape nor the process when it %s', async (_, onError) => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const { handler, fail } = failing({ onError });
    await pageOf(handler);
    fail();
    expect(await pageOf(handler)).toBe(statePage(1));
    await turns();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('gets no clients that go away, and no rejected requests', async () => {
    const { reported, onError } = listening();
    const { handler, source } = failing({ onError });
    source.answer = never;
    const client = new AbortController();
    const gone = scrape(handler, {}, { signal: client.signal });
    await turns();
    client.abort();
    expect((await gone).status).toBe(499);
    expect((await scrape(handler, {}, { method: 'POST' })).status).toBe(405);
    expect(reported).toEqual([]);
  });
});

describe.each(TRANSPORTS)('ErrorHandling, %s', (_, open) => {
  it('HTTPErrorOnError: errorPolicy fail answers 500 while the latest refresh is a failed one', async () => {
    const { handler, source, fail } = failing({ errorPolicy: 'fail' });
    const ask = await open(handler);
    expect((await ask()).status).toBe(200);
    fail();
    const { status, headers, body } = await ask({ headers: { 'accept-encoding': 'gzip' } });
    expect(status).toBe(500);
    expect(body.toString()).toBe('The metrics could not be served.\n');
    // Go's handler sends these with errors, and drops Content-Encoding.
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['content-encoding']).toBeUndefined();
    source.answer = undefined;
    expect((await ask()).body.toString()).toBe(statePage(1));
  });

  it('ContinueOnError: errorPolicy continue serves what is valid, however old', async () => {
    const { handler, clock, fail } = failing({ errorPolicy: 'continue' });
    const ask = await open(handler);
    await ask();
    fail();
    clock.advance(1e9);
    expect((await ask()).body.toString()).toBe(statePage(1));
  });

  it('ContinueOnError: errorPolicy continue answers 503 where there is nothing at all', async () => {
    const { handler, fail } = failing({ errorPolicy: 'continue' });
    fail();
    const { status, headers } = await (await open(handler))();
    expect({ status, retry: headers['retry-after'] }).toEqual({ status: 503, retry: '5' });
  });

  it('the default: errorPolicy last-good serves the last good page until maxStaleness', async () => {
    const { handler, clock, fail } = failing({}, 60_000);
    const ask = await open(handler);
    await ask();
    fail();
    clock.advance(60_000);
    expect((await ask()).body.toString()).toBe(statePage(1));
    clock.advance(1);
    const { status, body } = await ask();
    expect({ status, says: body.toString() }).toEqual({
      status: 503,
      says: 'There are no metrics to serve at the moment; try again later.\n',
    });
  });
});

describe('ErrorHandling', () => {
  it('fail covers failures that a timer met, until the timer succeeds', async () => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source, { background: true });
    const handler = bareHandler(reader, { errorPolicy: 'fail' });
    await reader.refresh();
    source.answer = () => Promise.reject(new Error(SECRET));
    await expect(reader.refresh()).rejects.toThrow();
    expect((await scrape(handler)).status).toBe(500);
    source.answer = undefined;
    await reader.refresh();
    expect(await pageOf(handler)).toBe(statePage(1));
    reader.close();
  });

  it('fail covers each of several merged readers; continue and the default spare the rest', async () => {
    const bad = { snapshot: () => Promise.reject(new Error(SECRET)) };
    const reader = mergeReaders([createCachedSnapshotReader(new ScriptedSource()), bad]);
    expect((await scrape(bareHandler(reader, { errorPolicy: 'fail' }))).status).toBe(500);
    for (const errorPolicy of ['continue', 'last-good'] as const) {
      const { reported, onError } = listening();
      expect(await pageOf(bareHandler(reader, { errorPolicy, onError }))).toBe(statePage(1));
      expect(reported.map(({ context }) => context)).toEqual([{ during: 'refresh', status: 200 }]);
    }
  });

  it('fail is about sources, not about points: one bad point never loses the scrape', async () => {
    const { handler, source } = failing({ errorPolicy: 'fail' });
    source.answer = () => [state(1), null, { ...state(2), name: '' }];
    expect(await pageOf(handler)).toBe(statePage(1));
  });

  it('fail answers 503, as after Timeout, while a refresh is late', async () => {
    const { handler, source } = failing({ errorPolicy: 'fail' });
    await pageOf(handler);
    source.answer = never;
    const headers = { 'x-prometheus-scrape-timeout-seconds': '0.02' };
    expect((await scrape(handler, headers)).status).toBe(503);
  });

  it.each(['last-good', 'fail', 'continue'] as const)('%s tells nothing internal', async (p) => {
    const { handler, fail } = failing({ errorPolicy: p }, 0);
    fail();
    const response = await scrape(handler);
    expect(await response.text()).not.toContain(SECRET);
    expect(JSON.stringify([...response.headers])).not.toContain(SECRET);
  });
});

describe('Registry: the handler counts its own errors', () => {
  it('by what was being done, from 0 on, as promhttp_metric_handler_errors_total', async () => {
    const { reader, fail } = failing();
    const handler = createOpenMetricsHandler(reader);
    const page = await pageOf(handler);
    for (const during of ['refresh', 'page', 'sending']) {
      expect(page).toContain(`snapscrape_scrape_errors_total{during="${during}"} 0\n`);
    }
    fail();
    await pageOf(handler);
    expect(await pageOf(handler)).toContain('scrape_errors_total{during="refresh"} 2\n');
  });
});

describe('DisableCompression and OfferedCompressions: compressions', () => {
  const coding = async (options: HandlerOptions, accepted: string): Promise<string | null> => {
    const { handler } = failing(options);
    const response = await scrape(handler, { 'accept-encoding': accepted });
    return response.headers.get('content-encoding');
  };

  it('DisableCompression: an empty list never compresses', async () => {
    for (const accepted of ['gzip', '*', 'gzip, identity;q=0', 'identity;q=0, *']) {
      expect(await coding({ compressions: [] }, accepted)).toBe(null);
    }
  });

  it('OfferedCompressions: tried in order, a strictly higher weight wins', async () => {
    const both = 'identity;q=0.5, gzip;q=0.5';
    expect(await coding({ compressions: ['gzip', 'identity'] }, both)).toBe('gzip');
    expect(await coding({ compressions: ['identity', 'gzip'] }, both)).toBe(null);
    const more = 'identity;q=0.5, gzip;q=0.6';
    expect(await coding({ compressions: ['identity', 'gzip'] }, more)).toBe('gzip');
    expect(await coding({ compressions: ['gzip'] }, 'identity, gzip;q=0.9')).toBe(null);
  });

  it('OfferedCompressions: a request without an acceptable coding gets the page, and no error', async () => {
    const { reported, onError } = listening();
    const { handler } = failing({ onError });
    const response = await scrape(handler, { 'accept-encoding': 'identity;q=0, gzip;q=0' });
    expect(response.headers.get('content-encoding')).toBe(null);
    expect([response.status, await response.text()]).toEqual([200, statePage(1)]);
    expect(reported).toEqual([]);
  });

  it.each([
    ['gzip;level=9', 'gzip'],
    ['gzip;', 'gzip'],
    ['gzip;level=9;q=0', null],
    ['br;quality=5, gzip;q=0.5', 'gzip'],
  ])('OfferedCompressions: what follows `;` in %j need not be `q=`', async (accepted, expected) => {
    expect(await coding({}, accepted)).toBe(expected);
  });

  it.each([
    ['gzip,zstd', 'gzip'],
    ['zstd,gzip', 'gzip'],
    ['zstd, gzip;q=0.5', 'gzip'],
    ['*', null],
    ['', null],
    ['gzip;q=0, identity;q=0', null],
  ])('OfferedCompressions: %j gets %s; zstd is not on offer', async (accepted, expected) => {
    expect(await coding({}, accepted)).toBe(expected);
  });
});

describe.each(TRANSPORTS)('MaxRequestsInFlight: maxRequestsInFlight, %s', (_, open) => {
  it('turns one more away at once, with Retry-After, and counts it', async () => {
    const source = new ScriptedSource();
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const reader = createCachedSnapshotReader(source);
    const handler = createOpenMetricsHandler(reader, { maxRequestsInFlight: 1 });
    const ask = await open(handler);
    const served = ask();
    await until('a request is being served', () => source.reads === 1);
    const { status, headers, body } = await ask();
    expect(status).toBe(503);
    expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(body.toString()).toBe('Limit of concurrent requests reached (1), try again later.\n');
    gate.open([state(1)]);
    expect((await served).status).toBe(200);
    const page = (await ask()).body.toString();
    expect(page).toContain('snapscrape_http_requests_total{code="503"} 1\n');
    expect(page).toContain('snapscrape_http_requests_total{code="200"} 1\n');
  });
});

describe('MaxRequestsInFlight', () => {
  it('is as many as it says, and those turned away take no place', async () => {
    const source = new ScriptedSource();
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const handler = bareHandler(createCachedSnapshotReader(source), { maxRequestsInFlight: 3 });
    const answers = Array.from({ length: 10 }, () => scrape(handler));
    await turns();
    gate.open([state(1)]);
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses).toEqual([200, 200, 200, ...new Array<number>(7).fill(503)]);
    expect(await pageOf(handler)).toBe(statePage(1));
  });

  it('is without bound by default', async () => {
    const handler = bareHandler(createCachedSnapshotReader(new ScriptedSource()));
    const answers = await Promise.all(Array.from({ length: 500 }, () => scrape(handler)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

describe('CoalesceGather', () => {
  it('is how a cached reader always works: scrapes at one time share one refresh', async () => {
    const { handler, source } = failing();
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const pages = Array.from({ length: 10 }, () => pageOf(handler));
    await turns();
    gate.open([state(4)]);
    expect(new Set(await Promise.all(pages))).toEqual(new Set([statePage(4)]));
    expect(source.reads).toBe(1);
  });
});

describe('Timeout: scrapeTimeout', () => {
  it('answers 503 after the time where there is nothing to serve, and the refresh goes on', async () => {
    const { handler, source } = failing({ scrapeTimeout: 30, scrapeTimeoutMargin: 0 });
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    expect((await scrape(handler)).status).toBe(503);
    expect(source.signal?.aborted).toBe(false);
    gate.open([state(7)]);
    expect(await pageOf(handler)).toBe(statePage(7));
    expect(source.reads).toBe(1);
  });

  it('takes the deadline that Prometheus sends, which promhttp does not pass on', async () => {
    const { handler, source } = failing({ scrapeTimeout: 600_000 });
    await pageOf(handler);
    source.answer = never;
    const headers = { 'x-prometheus-scrape-timeout-seconds': '0.05' };
    // It would wait for ten minutes, longer than a test may take.
    const response = await scrape(handler, headers);
    expect(await response.text()).toBe(statePage(1));
  });
});

describe('EnableOpenMetrics: openMetrics', () => {
  it('is served by default on request', async () => {
    expect(await pageOf(failing().handler, 'openmetrics')).toBe(`${statePage(1)}# EOF\n`);
  });

  it('is not served if it is switched off', async () => {
    const { handler } = failing({ openMetrics: false });
    const response = await scrape(handler, { accept: `${ACCEPT.openmetrics}, */*;q=0.1` });
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4;/);
    expect(await response.text()).toBe(statePage(1));
  });
});

describe.each(TRANSPORTS)('ProcessStartTime: processStartTime, %s', (_, open) => {
  it('is sent in whole seconds with every response, rejections too', async () => {
    const { handler, source, fail } = failing({
      processStartTime: new Date(1_700_000_000_999),
      errorPolicy: 'fail',
    });
    const ask = await open(handler);
    const sent = async (asking?: Parameters<typeof ask>[0]): Promise<unknown> => {
      const { status, headers } = await ask(asking);
      return [status, headers['process-start-time-unix']];
    };
    expect(await sent()).toEqual([200, '1700000000']);
    expect(await sent({ method: 'POST' })).toEqual([405, '1700000000']);
    expect(await sent({ target: '/metrics?shard=x' })).toEqual([400, '1700000000']);
    fail();
    expect(await sent()).toEqual([500, '1700000000']);
    source.answer = never;
    const headers = { 'x-prometheus-scrape-timeout-seconds': '0.02' };
    expect(await sent({ headers })).toEqual([503, '1700000000']);
  });
});

describe('EnableOpenMetricsTextCreatedSamples: createdLines', () => {
  const points = [{ name: 'a_total', value: 1, startTime: 1500, timestamp: 2000 }];
  const reader = createCachedSnapshotReader({
    snapshot: () => points,
    families: () => [{ name: 'a_total', type: 'counter' }],
  });

  it('has a line for each start time, and none by default', async () => {
    const lines = '# TYPE a counter\na_total 1 2\n';
    const created = bareHandler(reader, { createdLines: true });
    expect(await pageOf(created, 'openmetrics')).toBe(`${lines}a_created 1.5 2\n# EOF\n`);
    expect(await pageOf(bareHandler(reader), 'openmetrics')).toBe(`${lines}# EOF\n`);
  });
});

describe('ProcessStartTime', () => {
  it('is that of the process where it is true, and not sent by default', async () => {
    const header = 'process-start-time-unix';
    const response = await scrape(failing({ processStartTime: true }).handler);
    const start = Date.now() / 1000 - process.uptime();
    expect(Math.abs(Number(response.headers.get(header)) - start)).toBeLessThan(3);
    expect((await scrape(failing().handler)).headers.has(header)).toBe(false);
    const inMs = failing({ processStartTime: 5000 }).handler;
    expect((await scrape(inMs)).headers.get(header)).toBe('5');
  });
});

describe.each(TRANSPORTS)('name[], %s', (_, open) => {
  const points = ['a', 'b', 'jobs_total'].map((name) => ({ ...state(1), name }));
  const families = () => [{ name: 'jobs_total', type: 'counter' as const }];

  async function asking(query: string, accept = ACCEPT.text as string): Promise<string> {
    const reader = createCachedSnapshotReader({ snapshot: () => points, families });
    const ask = await open(bareHandler(reader));
    const answer = await ask({ target: `/metrics?${query}`, headers: { accept } });
    expect(answer.status).toBe(200);
    return answer.body.toString();
  }

  it('serves the families that it names, as they are registered', async () => {
    expect(await asking('name[]=b')).toBe('# TYPE b gauge\nb 1\n');
    expect(await asking('name[]=b&name[]=a')).toBe('# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n');
    const jobs = '# TYPE jobs_total counter\njobs_total 1\n';
    expect(await asking('name%5B%5D=jobs_total')).toBe(jobs);
  });

  it('that nothing matches gets 200 with an empty page', async () => {
    expect(await asking('name[]=c')).toBe('');
    expect(await asking('name[]=c', ACCEPT.openmetrics)).toBe('# EOF\n');
  });

  it('that is empty filters nothing; in Go it matches nothing', async () => {
    const all = await asking('');
    expect(all.split('\n').filter((line) => line.startsWith('# TYPE'))).toHaveLength(3);
    expect(await asking('name[]=')).toBe(all);
    expect(await asking('name[]=&name[]=b')).toBe('# TYPE b gauge\nb 1\n');
  });
});

describe('InstrumentMetricHandler', () => {
  it('requests by code, with 200, 500 and 503 from 0 on, and requests in flight, this one too', async () => {
    const { reader } = failing();
    const page = await pageOf(createOpenMetricsHandler(reader));
    for (const code of [200, 500, 503]) {
      expect(page).toContain(`\nsnapscrape_http_requests_total{code="${code}"} 0\n`);
    }
    expect(page).toContain('\nsnapscrape_http_requests_in_flight 1\n');
  });
});

describe('the order of things', () => {
  it('is: in flight, query, refresh, format: a rejected request costs the source nothing', async () => {
    const source = new ScriptedSource();
    const handler = bareHandler(source, { maxRequestsInFlight: 1 });
    for (const query of ['match[]={', 'shard=0/4', 'name[]=%']) {
      const response = await handler.fetch(new Request(`http://exporter/metrics?${query}`));
      expect(response.status).toBe(400);
    }
    expect(source.reads).toBe(0);
  });
});
