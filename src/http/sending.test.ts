import http, { type IncomingMessage, type RequestListener } from 'node:http';
import http2 from 'node:http2';
import { describe, expect, it } from 'vitest';
import { listening, TRANSPORTS } from '../../test/http/transports.ts';
import { bareHandler } from '../../test/support/page.ts';
import { ScriptedSource } from '../../test/support/scripted-source.ts';
import { turns, until } from '../../test/support/until.ts';
import { type ErrorContext, ErrorReport } from './error-report.ts';
import type { OpenMetricsHandler } from './handler.ts';
import { nodeListener } from './node-listener.ts';
import { RequestCounts } from './request-counts.ts';
import type { BodyParts, ScrapeServer } from './scrape-exchange.ts';
import { fetchHandler } from './web-fetch.ts';

/** A handler whose bodies are given part by part. */
function serving(parts: () => BodyParts) {
  const reported: ErrorContext[] = [];
  const server: ScrapeServer = {
    requests: new RequestCounts(),
    errors: new ErrorReport((_, context) => void reported.push(context)),
    respond: async () => ({
      status: 200,
      headers: { 'Content-Type': 'text/plain' },
      parts: parts(),
    }),
  };
  const handler: OpenMetricsHandler = Object.assign(nodeListener(server, 60_000), {
    fetch: fetchHandler(server),
  });
  return { handler, server, reported };
}

describe.each(TRANSPORTS)('a body that fails midway, %s', (_, open) => {
  it('is no whole one to its client, is reported, and leaves nothing behind', async () => {
    const { handler, server, reported } = serving(async function* () {
      yield Buffer.from('half of ');
      await turns(5);
      throw new Error('zlib gave up');
    });
    const ask = await open(handler);
    await expect(ask()).rejects.toThrow();
    await until('the request has ended', () => server.requests.inFlight === 0);
    expect(reported).toEqual([{ during: 'sending', status: 200 }]);
    expect(server.errors.counts).toEqual({ refresh: 0, page: 0, sending: 1 });
  });
});

describe.each(['end', 'destroy'] as const)('a response on which somebody calls %s', (call) => {
  it('between two parts ends the request, not the process', async () => {
    let response: http.ServerResponse | undefined;
    let given = 0;
    const { handler, server } = serving(async function* () {
      for (; given < 1000; given++) {
        if (given === 1) response![call]();
        yield Buffer.from('part');
        await turns(1);
      }
    });
    const port = await listening(
      http.createServer((req, res) => {
        response = res;
        handler(req, res);
      }),
    );
    const received = fetch(`http://127.0.0.1:${port}`).then((answer) => answer.text());
    if (call === 'destroy') await expect(received).rejects.toThrow();
    else expect(await received).toBe('part');
    await until('the request has ended', () => server.requests.inFlight === 0);
    expect(given).toBeLessThan(10);
  });
});

describe('a response that somebody before has ended', () => {
  const handler = bareHandler(new ScriptedSource());
  const before: RequestListener = (req, res) => {
    res.statusCode = 418;
    res.end('already said');
    handler(req, res);
  };

  it('stays as it is over HTTP/1.1', async () => {
    const port = await listening(http.createServer(before));
    const response = await fetch(`http://127.0.0.1:${port}`);
    expect([response.status, await response.text()]).toEqual([418, 'already said']);
  });

  it('stays as it is over HTTP/2', async () => {
    const port = await listening(
      http2.createServer((req, res) => {
        res.statusCode = 418;
        res.end('already said');
        handler(req, res);
      }),
    );
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/' });
    let text = '';
    for await (const part of stream.setEncoding('utf8')) text += String(part);
    expect(text).toBe('already said');
    session.destroy();
  });
});

describe('a request of HTTP/2 that is gone before the handler has its turn', () => {
  it('leaves nothing behind', async () => {
    const { handler, server } = serving(() => [Buffer.from('page')]);
    let served = 0;
    const port = await listening(
      http2.createServer((req, res) => {
        res.once('close', () => {
          handler(req, res);
          served++;
        });
      }),
    );
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await turns(20);
    session.destroy();
    await until('the handler has its turn', () => served === 1);
    await until('the request has ended', () => server.requests.inFlight === 0);
  });
});

describe('a body of a web-standard response', () => {
  it('is asked for one part at a time, and for none before it is read', async () => {
    let pulled = 0;
    const { handler } = serving(async function* () {
      for (; pulled < 10; ) {
        pulled++;
        yield Buffer.from('part');
      }
    });
    const { body } = await handler.fetch(new Request('http://exporter/metrics'));
    await turns();
    expect(pulled).toBe(0);
    const reader = body!.getReader();
    await reader.read();
    await turns();
    expect(pulled).toBe(1);
    await reader.read();
    await turns();
    expect(pulled).toBe(2);
    await reader.cancel();
  });
});

describe('a request that is a message of its own kind', () => {
  it('may lack a target and a method', async () => {
    const { handler, server } = serving(() => [Buffer.from('page')]);
    const port = await listening(
      http.createServer((req: IncomingMessage, res) => {
        Object.assign(req, { url: undefined, method: undefined });
        handler(req, res);
      }),
    );
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('page');
    expect(server.requests.byCode.get(200)).toBe(1);
  });
});
