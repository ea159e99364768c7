import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manyPoints } from '../../test/support/many-points.ts';
import { pageOf } from '../../test/support/page.ts';
import { Gate, ScriptedSource, state, statePage } from '../../test/support/scripted-source.ts';
import { listening } from '../../test/support/serving.ts';
import { turns, until } from '../../test/support/until.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler, type OpenMetricsHandler } from './handler.ts';

/** A page of some 20 MB: more than the kernel takes off a server's hands. */
const POINTS = manyPoints(20_000, 1000);

function bigHandler(): OpenMetricsHandler {
  const reader = createCachedSnapshotReader({ snapshot: () => POINTS }, { refreshInterval: 1e9 });
  return createOpenMetricsHandler(reader, { selfMetrics: false });
}

/** A server that shows the responses that it is busy with. */
async function observed(handler: OpenMetricsHandler) {
  const responses: ServerResponse[] = [];
  const { port } = await listening((req: IncomingMessage, res: ServerResponse) => {
    responses.push(res);
    handler(req, res);
  });
  return { port, responses };
}

/** A client that asks for pages and does not read on its own. */
async function connected(port: number, text: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.pause();
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(text);
  return socket;
}

const GET = 'GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n';

/**
 * All that comes until the server has said a page so many times, each with headers of one length.
 */
function pagesFrom(socket: Socket, page: string, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let headerBytes = 0;
    socket.on('data', (part: Buffer) => {
      parts.push(part);
      bytes += part.length;
      if (headerBytes < 4) headerBytes = Buffer.concat(parts).indexOf('\r\n\r\n') + 4;
      if (bytes >= count * (headerBytes + page.length)) resolve(Buffer.concat(parts));
    });
    socket.on('close', () => reject(new Error(`closed after ${bytes} bytes`)));
  });
}

/** Waits until a server cannot write any more to a client that does not read. */
async function stuck(response: ServerResponse): Promise<void> {
  let length = -1;
  let since = 0;
  await until('the server waits for its client', () => {
    const isSame = response.writableLength === length && length > 0;
    length = response.writableLength;
    since = isSame ? since + 1 : 0;
    return since >= 20;
  });
}

describe('a client that does not read', () => {
  it('costs a window of memory, and gets the whole page once it reads', async () => {
    const handler = bigHandler();
    const page = await pageOf(handler);
    const { port, responses } = await observed(handler);
    const socket = await connected(port, GET);
    await until('the request arrives', () => responses.length === 1);
    await stuck(responses[0]!);
    const waiting = responses[0]!.writableLength;
    expect(waiting).toBeGreaterThan(0);
    // The window, and the part that went beyond it.
    expect(waiting).toBeLessThan(1024 * 1024 + 128 * 1024);
    expect(responses[0]!.writableFinished).toBe(false);
    const received = pagesFrom(socket, page, 1);
    socket.resume();
    const text = (await received).toString();
    expect(text.slice(text.indexOf('\r\n\r\n') + 4) === page).toBe(true);
  });

  it('holds up neither other clients nor refreshes (kube-state-metrics#995)', async () => {
    const source = new ScriptedSource();
    source.answer = () => (source.reads === 1 ? POINTS : [state(source.reads)]);
    const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    const { port, responses } = await observed(handler);
    const slow = await Promise.all(Array.from({ length: 25 }, () => connected(port, GET)));
    await until('all requests arrive', () => responses.length === slow.length);
    for (const response of responses) await stuck(response);
    for (const value of [2, 3, 4]) {
      await reader.refresh();
      expect(await pageOf(handler)).toBe(statePage(value));
    }
    expect(responses.some((response) => response.writableFinished)).toBe(false);
  });
});

describe('a client that goes away', () => {
  /** A handler that counts, with what it says of requests in flight beside the one that asks. */
  function counting(source: ScriptedSource) {
    const onError = (): void => expect.fail('a client that goes away is no failure');
    const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9, onError });
    const handler = createOpenMetricsHandler(reader);
    const inFlight = async (): Promise<number> => {
      const page = await pageOf(handler);
      return Number(/_in_flight (\d+)\n/.exec(page)![1]) - 1;
    };
    return { handler, inFlight };
  }

  it('in the middle of a page leaves nothing behind', async () => {
    const source = new ScriptedSource();
    source.answer = () => POINTS;
    const { handler, inFlight } = counting(source);
    const { port, responses } = await observed(handler);
    for (let i = 0; i < 5; i++) {
      const socket = await connected(port, GET);
      await until('the request arrives', () => responses.length === i + 1);
      await stuck(responses[i]!);
      expect(await inFlight()).toBe(1);
      socket.destroy();
      await until('the server notices', () => responses[i]!.destroyed);
      await turns();
      expect(await inFlight()).toBe(0);
      expect(responses[i]!.listenerCount('drain')).toBe(0);
    }
  });

  it('while it waits for a refresh leaves nothing behind', async () => {
    const source = new ScriptedSource();
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const { handler, inFlight } = counting(source);
    const { port, responses } = await observed(handler);
    const socket = await connected(port, GET);
    await until('the refresh begins', () => source.reads === 1);
    socket.destroy();
    await until('the server notices', () => responses[0]!.destroyed);
    gate.open([state(1)]);
    await turns();
    expect(await inFlight()).toBe(0);
    expect(source.reads).toBe(1);
    // It was not turned away: the count tells it from a page that could not be served.
    const page = await pageOf(handler);
    expect(page).toContain('snapscrape_http_requests_total{code="499"} 1\n');
    expect(page).toContain('snapscrape_http_requests_total{code="503"} 0\n');
  });

  it('with requests waiting behind each other leaves nothing behind', async () => {
    const source = new ScriptedSource();
    source.answer = () => POINTS;
    const { handler, inFlight } = counting(source);
    const { port, responses } = await observed(handler);
    const socket = await connected(port, GET.repeat(5));
    await until('the requests arrive', () => responses.length > 1);
    await stuck(responses[0]!);
    socket.destroy();
    await until('the server notices', () => responses[0]!.destroyed);
    await turns();
    expect(await inFlight()).toBe(0);
  });

  it('before the handler gets its turn leaves nothing behind', async () => {
    const { handler, inFlight } = counting(new ScriptedSource());
    const gone: ServerResponse[] = [];
    const { port } = await listening((req, res) => {
      res.once('close', () => {
        gone.push(res);
        handler(req, res);
      });
    });
    const socket = await connected(port, GET);
    await turns();
    socket.destroy();
    await until('the handler gets its turn', () => gone.length === 1);
    await turns();
    expect(await inFlight()).toBe(0);
  });
});

describe('a connection that is cut', () => {
  it('never looks like a whole page to its client', async () => {
    const { port, responses } = await observed(bigHandler());
    const outcome = new Promise<unknown>((resolve) => {
      const sent = request({ host: '127.0.0.1', port }, (response) => {
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          bytes += part.length;
          if (bytes > 1_000_000) responses[0]!.destroy();
        });
        response.on('error', resolve);
        response.on('end', () => resolve('the end'));
      });
      sent.end();
    });
    expect(await outcome).toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('one connection', () => {
  it('carries 50 requests that are sent at once, each answered in full', async () => {
    const source = new ScriptedSource();
    source.answer = () => manyPoints(300, 1000);
    const handler = createOpenMetricsHandler(createCachedSnapshotReader(source), {
      selfMetrics: false,
    });
    const page = await pageOf(handler);
    const { port } = await observed(handler);
    const socket = await connected(port, GET.repeat(50));
    const received = pagesFrom(socket, page, 50);
    socket.resume();
    const text = (await received).toString();
    const answers = text.split('HTTP/1.1 200 OK\r\n').slice(1);
    expect(answers).toHaveLength(50);
    for (const answer of answers) {
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4) === page).toBe(true);
    }
  });

  it('carries big pages one after the other', async () => {
    const handler = bigHandler();
    const page = await pageOf(handler);
    const { port } = await observed(handler);
    const socket = await connected(port, GET.repeat(3));
    const received = pagesFrom(socket, page, 3);
    socket.resume();
    const bodies = (await received)
      .toString()
      .split(/HTTP\/1\.1 200 OK[\s\S]*?\r\n\r\n/)
      .slice(1);
    expect(bodies.map((body) => body === page)).toEqual([true, true, true]);
  });
});
