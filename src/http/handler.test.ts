import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ScriptedSource, state, statePage } from '../../test/support/scripted-source.ts';
import { type Ask, WAYS } from '../../test/support/serving.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler } from './handler.ts';

const OPENMETRICS = 'application/openmetrics-text;version=1.0.0';

type Open = (typeof WAYS)[number][1];

function bare(open: Open, reader: SnapshotReader): Promise<Ask> {
  return open(createOpenMetricsHandler(reader, { selfMetrics: false }));
}

/** A handler over a good snapshot. */
function ready(open: Open): Promise<Ask> {
  return bare(open, createCachedSnapshotReader(new ScriptedSource()));
}

describe.each(WAYS)('a page, asked for %s', (way, open) => {
  it('answers GET with the page and exact headers', async () => {
    const { status, headers, body } = await (await ready(open))();
    expect(status).toBe(200);
    expect(body.toString()).toBe(statePage(1));
    const { date, connection, 'keep-alive': keepAlive, ...own } = headers;
    expect([date, connection, keepAlive].some((it) => it !== undefined)).toBe(way !== 'in-process');
    expect(own).toEqual({
      'content-type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
      'content-length': String(body.length),
      vary: 'Accept, Accept-Encoding',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it.each([
    [OPENMETRICS, 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
    ['application/openmetrics-text', 'application/openmetrics-text; version=0.0.1; charset=utf-8'],
    ['text/plain;version=1.0.0', 'text/plain; version=1.0.0; charset=utf-8'],
    ['text/html', 'text/plain; version=0.0.4; charset=utf-8'],
  ])('answers what Accept asks for: %s', async (accept, contentType) => {
    const { headers, body } = await (await ready(open))({ headers: { accept } });
    expect(headers['content-type']).toBe(`${contentType}; escaping=underscores`);
    const end = contentType.startsWith('text') ? '' : '# EOF\n';
    expect(body.toString()).toBe(statePage(1) + end);
    expect(headers['content-length']).toBe(String(body.length));
  });

  it.each([
    ['gzip', true],
    ['gzip, deflate, br, zstd', true],
    ['br;q=1.0, gzip;q=0.8, *;q=0.1', true],
    ['x-gzip', true],
    ['GZIP', true],
    ['*;q=0.5, identity;q=0', true],
    ['gzip;q=0', false],
    ['identity, gzip;q=0.5', false],
    ['deflate', false],
    ['*', false],
    ['identity;q=0', false],
    ['', false],
  ])('gzips where Accept-Encoding wants it: %j', async (coding, isGzipped) => {
    const asked = await (await ready(open))({ headers: { 'accept-encoding': coding } });
    expect(asked.headers['content-encoding']).toBe(isGzipped ? 'gzip' : undefined);
    expect(asked.headers['content-length']).toBe(String(asked.body.length));
    const body = isGzipped ? gunzipSync(asked.body) : asked.body;
    expect(body.toString()).toBe(statePage(1));
  });

  it('answers HEAD as GET, without the body', async () => {
    const ask = await ready(open);
    for (const coding of ['gzip', 'identity']) {
      const headers = { accept: OPENMETRICS, 'accept-encoding': coding };
      const get = await ask({ headers });
      const head = await ask({ method: 'HEAD', headers });
      expect(head.body).toHaveLength(0);
      expect({ ...head.headers, date: '' }).toEqual({ ...get.headers, date: '' });
      expect(Number(head.headers['content-length'])).toBe(get.body.length);
    }
  });
});

describe.each(WAYS)('a rejection, asked for %s', (_, open) => {
  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('rejects %s', async (method) => {
    const source = new ScriptedSource();
    const { status, headers, body } = await (await bare(open, source))({ method });
    expect(status).toBe(405);
    expect(headers.allow).toBe('GET, HEAD');
    expect(headers['content-length']).toBe(String(body.length));
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(source.reads).toBe(0);
  });

  it.each(['GET', 'HEAD'])('answers %s with 503 while there is no snapshot', async (method) => {
    const source = new ScriptedSource();
    source.answer = () => Promise.reject(new Error('no'));
    const ask = await bare(open, createCachedSnapshotReader(source));
    const { status, headers, body } = await ask({ method });
    expect(status).toBe(503);
    expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(body.length).toBe(method === 'HEAD' ? 0 : Number(headers['content-length']));
    source.answer = undefined;
    expect((await ask()).body.toString()).toBe(statePage(1));
  });
});

describe.each(WAYS)('a handler, asked %s', (_, open) => {
  it('reads a reader without a cache on each scrape, and a cached one when it is due', async () => {
    const source = new ScriptedSource();
    const uncached = await bare(open, source);
    for (const value of [1, 2, 3]) {
      source.value = value;
      expect((await uncached()).body.toString()).toBe(statePage(value));
    }
    const cached = await bare(open, createCachedSnapshotReader(source));
    await cached();
    source.value = 9;
    expect((await cached()).body.toString()).toBe(statePage(3));
    expect(source.reads).toBe(4);
  });

  it('answers an empty source with an empty page', async () => {
    const ask = await bare(open, createCachedSnapshotReader({ snapshot: () => [] }));
    expect(await ask()).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    const headers = { accept: OPENMETRICS, 'accept-encoding': 'gzip' };
    expect(gunzipSync((await ask({ headers })).body).toString()).toBe('# EOF\n');
  });

  it('answers a hostile Accept header at once', async () => {
    const ask = await ready(open);
    const clauses = Array.from({ length: 1000 }, (_, i) => `a/${i};q=0.${i}`).join();
    for (const accept of [clauses, ';'.repeat(10_000), '"'.repeat(9999), 'a,'.repeat(5000)]) {
      for (const headers of [{ accept }, { 'accept-encoding': accept }]) {
        const { status, body } = await ask({ headers });
        expect({ status, body: body.toString() }).toEqual({ status: 200, body: statePage(1) });
      }
    }
  });

  it('counts what it was asked', async () => {
    const reader = createCachedSnapshotReader({ snapshot: () => [state(1)] });
    const ask = await open(createOpenMetricsHandler(reader));
    await ask({ method: 'POST' });
    await ask({ method: 'HEAD' });
    await ask();
    const page = (await ask()).body.toString();
    expect(page).toContain('\nsnapscrape_http_requests_total{code="200"} 2\n');
    expect(page).toContain('\nsnapscrape_http_requests_total{code="405"} 1\n');
    expect(page).toContain('\nsnapscrape_http_requests_total{code="503"} 0\n');
    expect(page).toContain('\nsnapscrape_http_requests_in_flight 1\n');
  });
});

it('hands out copies: what a reader of one response does to it, no other response sees', async () => {
  const reader = createCachedSnapshotReader(new ScriptedSource());
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
  const ask = () => handler.fetch(new Request('http://localhost/metrics'));
  const page = await (await ask()).text();
  const body = (await ask()).body!.getReader();
  const { value } = await body.read();
  value!.fill(0);
  expect(page.length).toBeGreaterThan(0);
  expect(await (await ask()).text()).toBe(page);
});
