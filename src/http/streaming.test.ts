import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manyPoints } from '../../test/support/many-points.ts';
import { pageOf, scrape } from '../../test/support/page.ts';
import { ScriptedSource } from '../../test/support/scripted-source.ts';
import { listening, WAYS } from '../../test/support/serving.ts';
import { until } from '../../test/support/until.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler, type OpenMetricsHandler } from './handler.ts';
import type { HandlerOptions } from './handler-options.ts';

const GZIP = { 'accept-encoding': 'gzip' };

/** A handler over a page of dozens of pieces, none of them compressed yet. */
function bigHandler(options: HandlerOptions = {}, count = 4_000): OpenMetricsHandler {
  const source = new ScriptedSource();
  source.answer = () => manyPoints(count, 700).map((p) => ({ ...p, value: source.reads }));
  const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
  return createOpenMetricsHandler(reader, { selfMetrics: false, ...options });
}

describe.each(WAYS)('a page that is sent while it is compressed, %s', (_, open) => {
  it('is whole, and has a length once all of it lies ready', async () => {
    const handler = bigHandler();
    const ask = await open(handler);
    const streamed = await ask({ headers: GZIP });
    expect(streamed.status).toBe(200);
    expect(streamed.headers['content-encoding']).toBe('gzip');
    expect(streamed.headers['content-length']).toBeUndefined();
    const page = await pageOf(handler);
    expect(gunzipSync(streamed.body).toString() === page).toBe(true);
    const ready = await ask({ headers: GZIP });
    expect(ready.headers['content-length']).toBe(String(ready.body.length));
    expect(ready.body.equals(streamed.body)).toBe(true);
  });

  it('is so for several that ask at once', async () => {
    const handler = bigHandler();
    const ask = await open(handler);
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask({ headers: GZIP })));
    for (const { body } of answers) expect(body.equals(answers[0]!.body)).toBe(true);
    expect(gunzipSync(answers[0]!.body).toString() === (await pageOf(handler))).toBe(true);
  });

  it('answers HEAD at once, without a body', async () => {
    const ask = await open(bigHandler());
    const { status, headers, body } = await ask({ method: 'HEAD', headers: GZIP });
    expect({ status, coding: headers['content-encoding'] }).toEqual({
      status: 200,
      coding: 'gzip',
    });
    expect(body).toHaveLength(0);
  });
});

describe('a stream that its reader leaves', () => {
  it('is given up, and the next one is whole', async () => {
    const handler = bigHandler();
    const body = (await scrape(handler, GZIP)).body!.getReader();
    await body.read();
    await body.cancel();
    expect((await pageOf(handler, 'text', 'gzip')) === (await pageOf(handler))).toBe(true);
  });

  it('is no whole page when its connection is cut', async () => {
    const handler = bigHandler({}, 60_000);
    const { port } = await listening((req, res) => {
      const { socket } = res;
      // At the first turn after something was written; a client would see it too late, or all of it.
      const cut = (): unknown => (socket!.bytesWritten > 0 ? res.destroy() : setImmediate(cut));
      cut();
      handler(req, res);
    });
    const outcome = await new Promise<unknown>((resolve) => {
      const sent = request({ host: '127.0.0.1', port, headers: GZIP }, (response) => {
        response.on('error', resolve);
        response.on('end', () => resolve('the end'));
        response.resume();
      });
      sent.on('error', resolve).end();
    });
    expect(outcome).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('a client that stalls', () => {
  async function stalled(port: number): Promise<Socket> {
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.pause();
    socket.on('error', () => undefined);
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    socket.write('GET / HTTP/1.1\r\nHost: exporter\r\n\r\n');
    return socket;
  }

  it('is cut off after clientTimeout, and gets no whole page', async () => {
    const handler = bigHandler({ clientTimeout: 100, selfMetrics: true }, 40_000);
    let isCut = false;
    const { port } = await listening((req, res) => {
      res.once('close', () => {
        isCut = !res.writableFinished;
      });
      handler(req, res);
    });
    const socket = await stalled(port);
    await until('the server cuts its connection', () => isCut);
    let bytes = 0;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
    });
    socket.resume();
    await closed;
    const page = await pageOf(handler);
    expect(bytes).toBeLessThan(page.length);
    expect(page).toContain('\nsnapscrape_http_requests_in_flight 1\n');
  });

  it('is not cut off sooner', async () => {
    const handler = bigHandler({ clientTimeout: 60_000 }, 1000);
    const { port } = await listening(handler);
    const socket = await stalled(port);
    const page = await pageOf(handler);
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
    });
    socket.resume();
    const body = (): string => text.slice(text.indexOf('\r\n\r\n') + 4);
    // Lines end alike, so a part of it may end as all of it does.
    await until('the page is there', () => body().length >= page.length);
    expect(body() === page).toBe(true);
  });
});
