import {
  type IncomingMessage,
  type RequestListener,
  request,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { manyPoints } from '../../test/support/many-points.ts';
import { pageOf } from '../../test/support/page.ts';
import { listening } from '../../test/support/serving.ts';
import { turns, until } from '../../test/support/until.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { createOpenMetricsHandler } from './handler.ts';

const GET = 'GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n';

/** A handler over so many points, after its first scrape: its page lies ready. */
async function readyHandler(points: number, clientTimeout = 60_000) {
  const source = { snapshot: () => manyPoints(points, 100) };
  const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
  const handler = createOpenMetricsHandler(reader, { clientTimeout });
  await pageOf(handler);
  return { reader, handler };
}

/** How many requests are in flight, beside the one that asks. */
async function inFlight(handler: Parameters<typeof pageOf>[0]): Promise<number> {
  return Number(/_in_flight (\d+)\n/.exec(await pageOf(handler))![1]) - 1;
}

function scrape(port: number, method = 'GET'): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

describe('a page that lies ready', () => {
  it.each([
    ['GET', 20],
    ['HEAD', 20],
    ['GET', 1000],
  ] as const)('is sent within the call of the handler: %s of %i points', async (method, points) => {
    const { handler } = await readyHandler(points);
    const ended: boolean[] = [];
    const listener: RequestListener = (req, res) => {
      handler(req, res);
      ended.push(res.writableEnded);
    };
    const port = (await listening(listener)).port;
    // The first request of a connection may wait for its turn.
    const text = await scrape(port, method);
    expect(ended).toEqual([true]);
    if (method === 'GET') expect(text.split('\n').length).toBeGreaterThan(points);
    else expect(text).toBe('');
    expect(await inFlight(handler)).toBe(0);
  });

  it('is in flight until middleware that holds it back has sent it', async () => {
    const { handler } = await readyHandler(20);
    let release: (() => void) | undefined;
    const { port } = await listening((req: IncomingMessage, res: ServerResponse) => {
      const end = res.end.bind(res) as (body: unknown) => ServerResponse;
      res.end = ((body: unknown) => {
        release = () => void end(body);
        return res;
      }) as ServerResponse['end'];
      handler(req, res);
    });
    const page = scrape(port);
    await until('the page is held back', () => release !== undefined);
    expect(await inFlight(handler)).toBe(1);
    release!();
    expect(await page).toContain('snapscrape_');
    // The event that ends the request comes in the turn in which the system took the page.
    await turns();
    expect(await inFlight(handler)).toBe(0);
  });

  it('is cut off after clientTimeout if its client does not read', async () => {
    const { handler } = await readyHandler(400, 100);
    const responses: ServerResponse[] = [];
    const { port } = await listening((req: IncomingMessage, res: ServerResponse) => {
      responses.push(res);
      handler(req, res);
    });
    const socket = connect(port, '127.0.0.1').pause();
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    do {
      const count = responses.length;
      socket.write(GET);
      await until('the next request arrives', () => responses.length > count);
    } while (responses.at(-1)!.writableLength === 0);
    expect(await inFlight(handler)).toBe(1);
    await until('the client is cut off', () => responses.at(-1)!.destroyed);
    expect(await inFlight(handler)).toBe(0);
  });
});
