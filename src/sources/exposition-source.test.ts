import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { listening } from '../../test/support/serving.ts';
import { createOpenMetricsHandler } from '../http/handler.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
// What a source loads with its first read: here before the clocks of the tests run.
import '../parse/index.ts';
import './page-request.ts';
import { expositionSource } from './exposition-source.ts';

const TEXT = { 'content-type': 'text/plain; version=0.0.4' };
const OPENMETRICS = {
  'content-type': 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

async function serve(listener: RequestListener): Promise<string> {
  const { port } = await listening(listener);
  return `http://127.0.0.1:${port}/metrics`;
}

describe('expositionSource', () => {
  it('serves the page of another exporter, its families and histograms included', async () => {
    const asked: IncomingMessage[] = [];
    const url = await serve((request, response) => {
      asked.push(request);
      response.writeHead(200, { ...OPENMETRICS, 'content-encoding': 'gzip' });
      response.end(
        gzipSync(
          '# TYPE jobs counter\n# HELP jobs Jobs.\njobs_total{q="a"} 17\n# TYPE lag_seconds histogram\n' +
            'lag_seconds_bucket{le="1.0"} 1\nlag_seconds_bucket{le="+Inf"} 2\nlag_seconds_sum 3.0\nlag_seconds_count 2\n# EOF\n',
        ),
      );
    });
    const source = expositionSource(url, { headers: { authorization: 'Bearer t' } });
    const reader = createCachedSnapshotReader(source, { refreshInterval: 60_000 });
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    const page = await (await handler.fetch(new Request('http://localhost/'))).text();
    expect(page).toBe(
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{q="a"} 17\n# TYPE lag_seconds histogram\n' +
        'lag_seconds_bucket{le="1"} 1\nlag_seconds_bucket{le="+Inf"} 2\nlag_seconds_sum 3\nlag_seconds_count 2\n',
    );
    // Families and points are of one request.
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers).toMatchObject({
      authorization: 'Bearer t',
      'accept-encoding': 'gzip',
      'x-prometheus-scrape-timeout-seconds': '10',
    });
  });

  it('asks whether the page has changed, and gives the points of the last one if not', async () => {
    const conditions: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      conditions.push(request.headers['if-none-match']);
      if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
      else response.writeHead(200, { ...TEXT, etag: '"1"' }).end('a 1\n');
    });
    const source = expositionSource(url);
    const first = await source.snapshot();
    expect(await source.snapshot()).toEqual(first);
    expect(first).toEqual([{ name: 'a', labels: {}, value: 1 }]);
    expect(conditions).toEqual([undefined, '"1"']);
  });

  it.each<[string, RequestListener, RegExp]>([
    ['another status', (_, response) => response.writeHead(503).end(), /the status is 503/],
    [
      'a redirect',
      (_, response) => response.writeHead(302, { location: '/x' }).end(),
      /the status is 302/,
    ],
    [
      'another type',
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('a 1\n'),
      /Content-Type is "text\/html"/,
    ],
    [
      'another coding',
      (_, response) => response.writeHead(200, { ...TEXT, 'content-encoding': 'br' }).end('x'),
      /the coding br was not asked for/,
    ],
    [
      'a cut page',
      (_, response) =>
        response
          .writeHead(200, { ...TEXT, 'content-length': '99' })
          .write('a 1\n', () => response.destroy()),
      /^The page http:\/\/127\.0\.0\.1:\d+\/metrics cannot be read: its body ended too early/,
    ],
    [
      'a cut gzip',
      (_, response) =>
        response
          .writeHead(200, { ...TEXT, 'content-encoding': 'gzip' })
          .end(gzipSync('a 1\n').subarray(0, 12)),
      /its body ended too early or is damaged$/,
    ],
    [
      'a bad page',
      (_, response) => response.writeHead(200, TEXT).end('a{l="1} 1\n'),
      /breaks the rule label_open/,
    ],
    ['304 without need', (_, response) => response.writeHead(304).end(), /no page was read before/],
  ])('fails for %s', async (_, listener, message) => {
    const source = expositionSource(await serve(listener));
    await expect(source.snapshot()).rejects.toThrow(message);
  });

  it.each([
    ['no Content-Type', {}],
    ['OpenMetrics', OPENMETRICS],
    ['a page of HTML', { 'content-type': 'text/html' }],
    ['gzip', { ...TEXT, 'content-encoding': 'gzip' }],
  ])(
    'takes a body without a byte as a page without series, as Prometheus does: %s',
    async (_, headers) => {
      const body = 'content-encoding' in headers ? gzipSync('') : '';
      const url = await serve((_request, response) => response.writeHead(200, headers).end(body));
      const source = expositionSource(url);
      expect(await source.snapshot()).toEqual([]);
      expect(await source.families!()).toEqual([]);
    },
  );

  it('refuses a body without a byte by the rules of the specification', async () => {
    const page = { ...OPENMETRICS, 'content-length': '0' };
    const url = await serve((_, response) => response.writeHead(200, page).end());
    await expect(
      expositionSource(url, { rules: 'specification' }).snapshot(),
    ).rejects.toMatchObject({
      code: 'invalid_exposition',
    });
  });

  it('names the page whose connection ends in its middle, and keeps the cause', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { ...TEXT, 'content-length': '99' });
      response.write('a 1\n', () => response.destroy());
    });
    const source = expositionSource(url.replace('http://', 'http://user:secret@'));
    await expect(source.snapshot()).rejects.toMatchObject({
      code: 'refresh_failed',
      message: `The page ${url} cannot be read: its body ended too early or is damaged`,
      cause: { code: 'ECONNRESET' },
    });
  });

  it('is bounded in bytes, decompressed, and in time', async () => {
    const bomb = await serve((_, response) => {
      response.writeHead(200, { ...TEXT, 'content-encoding': 'gzip' });
      response.end(gzipSync('a 1\n'.repeat(1_000_000)));
    });
    await expect(expositionSource(bomb, { maxBytes: 100_000 }).snapshot()).rejects.toThrow(
      'maxBytes is 100000',
    );
    const silent = await serve((_, response) => {
      response.writeHead(200, TEXT).write('a 1\n');
    });
    await expect(expositionSource(silent, { timeout: 100 }).snapshot()).rejects.toThrow(
      'no whole page within 100 ms',
    );
    const controller = new AbortController();
    const ended = expositionSource(silent).snapshot({ signal: controller.signal });
    controller.abort();
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('shows no password of its URL, and refuses other schemes', async () => {
    const url = (await serve((_, response) => response.writeHead(500).end())).replace(
      'http://',
      'http://user:secret@',
    );
    await expect(expositionSource(url).snapshot()).rejects.toThrow(/^(?!.*secret)/);
    expect(() => expositionSource('file:///etc/passwd')).toThrow(
      'url must be an http or https URL',
    );
    expect(() => expositionSource('http://a/', { headers: { a: 1 as never } })).toThrow(
      'must have texts',
    );
  });

  it.each<[string, object, RegExp]>([
    ['a header with a line feed', { headers: { x: 'secret\n' } }, /^expositionSource: headers /],
    [
      'a header whose name has a space',
      { headers: { 'x secret': 'y' } },
      /names and values that HTTP/,
    ],
    ['an unknown format', { fallbackFormat: 'html' }, /must be a format or a Content-Type/],
  ])('refuses %s at once', (_, options, message) => {
    const make = (): unknown => expositionSource('http://127.0.0.1:1/', options);
    expect(make).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringMatching(message),
      }),
    );
    expect(make).not.toThrow(/secret/);
  });

  it('says that TLS settings cannot be used', async () => {
    const source = expositionSource('https://127.0.0.1:1/', { tls: { cert: 'x', key: 'secret' } });
    await expect(source.snapshot()).rejects.toThrow(/check the TLS settings$/);
  });

  it('fails if the other end changes the protocol', async () => {
    const server = createServer((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      );
      socket.on('error', () => undefined);
    });
    server.listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(expositionSource(`http://127.0.0.1:${port}/`).snapshot()).rejects.toThrow(
      expect.objectContaining({ code: 'refresh_failed' }),
    );
    server.close();
  });
});
