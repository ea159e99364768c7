import http from 'node:http';
import http2 from 'node:http2';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type OpenMetricsHandler,
} from '../../src/index.ts';
import { manyPoints } from '../support/many-points.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { threadCpu } from '../support/thread-cpu.ts';
import { turns, until } from '../support/until.ts';
import { listening, TRANSPORTS } from './transports.ts';

const GET = 'GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n';

/** What the handler says of requests in flight, beside the one that asks. */
async function inFlight(handler: OpenMetricsHandler): Promise<number> {
  return Number(/_in_flight (\d+)\n/.exec(await pageOf(handler))?.[1]) - 1;
}

/** Waits until no request is in flight: a busy machine notices late that a client has gone. */
async function untilIdle(handler: OpenMetricsHandler): Promise<void> {
  while ((await inFlight(handler)) > 0) await turns();
}

function small(): OpenMetricsHandler {
  return createOpenMetricsHandler(createCachedSnapshotReader(new ScriptedSource()));
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return socket;
}

/**
 * A wire to a server that carries so many bytes of what it answers, and then is cut at both ends.
 *
 * @param bytes - how many; the wire may be given another number between connections.
 */
async function wire(port: number, bytes: { left: number }): Promise<number> {
  return listening(
    createServer((client) => {
      const server = connect(port, '127.0.0.1');
      const cut = (): void => {
        client.destroy();
        server.destroy();
      };
      let left = bytes.left;
      client.on('error', cut).on('close', cut);
      server.on('error', cut).on('close', cut);
      client.on('data', (part: Buffer) => void server.write(part));
      if (left === 0) cut();
      server.on('data', (part: Buffer) => {
        const some = part.subarray(0, left);
        left -= some.length;
        client.write(some, () => void (left === 0 && cut()));
      });
    }),
  );
}

/** Asks once over HTTP/1.1; answers the body, or why there is no whole one. */
function got(port: number): Promise<string | Error> {
  return new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('error', resolve);
      response.on('end', () => resolve(text));
    });
    request.on('error', resolve);
  });
}

describe('an answer that is cut', () => {
  it('at every byte of it is an error to its client, and leaves nothing behind', async () => {
    const handler = small();
    const port = await listening(http.createServer(handler));
    const whole = await new Promise<number>((resolve) => {
      let bytes = 0;
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(GET.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      });
      socket.on('data', (part) => {
        bytes += part.length;
      });
      socket.on('end', () => resolve(bytes));
    });
    const bytes = { left: 0 };
    const through = await wire(port, bytes);
    // Durations and counters have more or fewer digits from page to page.
    for (; bytes.left < whole - 100; bytes.left += 17) {
      const answer = await got(through);
      expect(`${bytes.left}: ${typeof answer}`).toBe(`${bytes.left}: object`);
    }
    expect(bytes.left).toBeGreaterThan(2000);
    bytes.left = Number.MAX_SAFE_INTEGER;
    expect(await got(through)).toContain('state 1\n');
    await untilIdle(handler);
  });

  it('at every byte of a page without metrics of its own, one by one', async () => {
    const handler = bareHandler(createCachedSnapshotReader(new ScriptedSource()));
    const port = await listening(http.createServer(handler));
    const bytes = { left: Number.MAX_SAFE_INTEGER };
    const through = await wire(port, bytes);
    expect(await got(through)).toBe(statePage(1));
    let cut = 0;
    for (bytes.left = 0; ; bytes.left++) {
      const answer = await got(through);
      if (answer === statePage(1)) break;
      expect(answer).toBeInstanceOf(Error);
      cut++;
    }
    // All of the head, and all of the body but its last byte.
    expect(cut).toBeGreaterThan(200);
    expect(await pageOf(handler)).toBe(statePage(1));
  });
});

describe('a request that is cut', () => {
  it('at every byte of it leaves nothing behind', async () => {
    const handler = small();
    const port = await listening(http.createServer(handler));
    for (let bytes = 0; bytes <= GET.length; bytes++) {
      const socket = await opened(port);
      if (bytes > 0)
        await new Promise<void>((done) => socket.write(GET.slice(0, bytes), () => done()));
      socket.destroy();
    }
    await untilIdle(handler);
    expect((await scrape(handler)).status).toBe(200);
  });
});

describe('100 stalled sockets', () => {
  it.each(['HTTP/1.1', 'HTTP/2'])(
    'of %s hold up neither refreshes nor other scrapes',
    async (v) => {
      const source = new ScriptedSource();
      source.answer = () => (source.reads === 1 ? manyPoints(8000, 1000) : [state(source.reads)]);
      const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
      const handler = createOpenMetricsHandler(reader);
      await reader.refresh();
      const isHttp2 = v === 'HTTP/2';
      const server = isHttp2 ? http2.createServer(handler) : http.createServer(handler);
      const port = await listening(server);
      const stall = isHttp2 ? stallHttp2 : stallHttp1;
      await Promise.all(Array.from({ length: 100 }, () => stall(port)));
      // Requests that ask for the number are counted for a moment longer.
      while ((await inFlight(handler)) !== 100) await turns();
      for (const value of [2, 3, 4]) {
        await reader.refresh();
        expect(await pageOf(handler)).toContain(statePage(value));
      }
      expect(await inFlight(handler)).toBe(100);
    },
  );

  /** A client that takes the beginning of its response and then reads no more. */
  async function stallHttp1(port: number): Promise<void> {
    const socket = await opened(port);
    const begun = new Promise<void>((resolve) => socket.once('readable', () => resolve()));
    socket.write(GET);
    await begun;
  }

  /** A client whose window stays shut. */
  async function stallHttp2(port: number): Promise<void> {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    session.on('error', () => undefined);
    const stream = session.request({ ':path': '/metrics' });
    stream.on('error', () => undefined);
    stream.pause();
    await new Promise<void>((resolve) => stream.once('response', () => resolve()));
  }
});

describe('a client of HTTP/2 that stalls', () => {
  it('is cut off after clientTimeout with an error, never at what looks like the end', async () => {
    const reader = createCachedSnapshotReader({ snapshot: () => manyPoints(40_000, 1000) });
    await reader.refresh();
    const handler = bareHandler(reader, { clientTimeout: 200 });
    const port = await listening(http2.createServer(handler));
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    // Streamed, so that no length tells that something is missing.
    const headers = { ':path': '/metrics', 'accept-encoding': 'gzip' };
    const stream = session.request(headers);
    const outcome = new Promise<unknown>((resolve) => {
      stream.on('error', (error) => resolve(error));
      stream.on('end', () => resolve('the end'));
    });
    await new Promise<void>((resolve) => stream.once('response', () => resolve()));
    stream.pause();
    await until('the server cuts it off', () => stream.closed || stream.rstCode !== 0);
    stream.resume();
    expect(await outcome).toMatchObject({ code: 'ERR_HTTP2_STREAM_ERROR' });
  });
});

describe.each(TRANSPORTS)('queries that no user means, %s', (way, open) => {
  it('are rejected or ignored at once', async () => {
    const ask = await open(bareHandler(createCachedSnapshotReader(new ScriptedSource())));
    // node:http and node:http2 have limits of their own for heads: 431, or no answer at all.
    const longest = way === 'in-process' ? 70_000 : 14_000;
    const many = (text: string): string => text.repeat(Math.floor(longest / text.length));
    const queries: readonly [query: string, status: number][] = [
      [many('a'), way === 'in-process' ? 414 : 200],
      [many('name[]=b&'), way === 'in-process' ? 414 : 400],
      [many('match[]=a{b="c"}&'), way === 'in-process' ? 414 : 400],
      [`match[]=${'('.repeat(3000)}`, 400],
      [`match[]={a=~"${'(a|b)*'.repeat(500)}"}`, 400],
      [`match[]={a=~"${'a{1000}'.repeat(100)}"}`, 400],
      ['match[]={__proto__="x"}', 200],
      ['__proto__=1&constructor=2&name[]=__proto__', 200],
      ['match[]={a="b"', 400],
      ['shard=1/0', 400],
      ['shard=-1/4', 400],
      ['?name[]=state', 200],
      ['&&&===', 200],
    ];
    for (const [query, status] of queries) {
      const begun = threadCpu();
      const answer = await ask({ target: `/metrics?${query}` });
      expect([query.slice(0, 40), answer.status]).toEqual([query.slice(0, 40), status]);
      expect(threadCpu() - begun).toBeLessThan(3000);
      if (status >= 400) expect(answer.body.length).toBeLessThan(600);
    }
  });

  it('get the place of the error, in one safe line', async () => {
    const ask = await open(bareHandler(createCachedSnapshotReader(new ScriptedSource())));
    const rejected = async (selector: string): Promise<string> => {
      const target = `/metrics?match[]=${encodeURIComponent(selector)}`;
      const { status, headers, body } = await ask({ target });
      expect([status, headers['content-type']]).toEqual([400, 'text/plain; charset=utf-8']);
      return body.toString();
    };
    expect(await rejected('up{a=}')).toBe(
      'The selector is wrong at column 6: expected a quoted value, found "}"\n',
    );
    expect(await rejected('{a=~"("}')).toMatch(
      /^The selector is wrong at column 5: the pattern is/,
    );
    const hostile = await rejected('{a="b" \u202e<script>\r\n\u0000\ud83d\ude00');
    expect(hostile).toMatch(/^[\p{L}\p{N}\p{P}\p{S} ]+\n$/u);
  });
});

describe.each(TRANSPORTS)('methods, %s', (_, open) => {
  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PROPFIND'])(
    '%s is rejected',
    async (m) => {
      const source = new ScriptedSource();
      const ask = await open(bareHandler(source));
      const { status, headers } = await ask({ method: m, target: '/metrics?match[]={' });
      expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
      expect(source.reads).toBe(0);
    },
  );
});

describe('pipelining', () => {
  it('responds to the requests of a connection in order, rejections between pages', async () => {
    const handler = bareHandler(createCachedSnapshotReader(new ScriptedSource()));
    const port = await listening(http.createServer(handler));
    const socket = await opened(port);
    const targets = ['/', '/?name[]=x', '/?shard=9/1', '/?name[]=state', '/?match[]={'];
    const all = Array.from({ length: 20 }, () => targets).flat();
    let text = '';
    socket.on('data', (part: Buffer) => {
      text += part.toString();
    });
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const heads = all.map((target, i) => {
      const last = i === all.length - 1 ? 'Connection: close\r\n' : '';
      return `GET ${target} HTTP/1.1\r\nHost: exporter\r\n${last}\r\n`;
    });
    socket.write(heads.join(''));
    await ended;
    const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
    expect(statuses).toEqual(Array.from({ length: 20 }, () => [200, 200, 400, 200, 400]).flat());
  });
});
