import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Pace } from '../cache/pace.ts';
import type { ScrapeResponse, Scraper } from './scrape.ts';

/** How much may wait in a socket before the next part waits for it to drain. */
const WINDOW_BYTES = 1024 * 1024;

/** How long the writing of a page holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/** Serves scrapes through `node:http`. */
export function nodeListener(
  scraper: Scraper,
  clientTimeout: number,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    void serve(scraper, clientTimeout, request, response);
  };
}

async function serve(
  scraper: Scraper,
  clientTimeout: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  scraper.requests.begin();
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  // A response that waits behind another one of its connection is not told when that is cut.
  const { socket } = request;
  const stay = onCut(socket, leave);
  // Whatever came before this handler may have taken its time: what is closed does not close again.
  if (response.destroyed || response.closed || socket.destroyed) leave();
  // A socket that breaks is told by 'close' too; without a listener the error would end the process.
  response.on('error', () => undefined);
  const answer = await scraper.respond({
    method: request.method ?? 'GET',
    header: (name) => headerValue(request.headers[name]),
    signal: gone.signal,
  });
  // A client that does not read pins a snapshot: cut, half a page looks like what it is.
  const cut = setTimeout(() => response.destroy(), clientTimeout);
  try {
    if (!gone.signal.aborted) await write(request.method, response, answer, gone.signal);
  } catch {
    // Half a page must not look like a whole one: without the rest of its length it does not.
    response.destroy();
  } finally {
    clearTimeout(cut);
    stay();
    scraper.requests.end(answer.status);
  }
}

async function write(
  method: string | undefined,
  response: ServerResponse,
  { status, headers, parts }: ScrapeResponse,
  gone: AbortSignal,
): Promise<void> {
  response.writeHead(status, headers);
  if (method === 'HEAD') {
    response.end();
    return;
  }
  const pace = new Pace(SLICE_BUDGET);
  for await (const part of parts) {
    // A client that reads as fast as we write would have the event loop for itself.
    if (pace.due()) await pace.rest();
    if (gone.aborted) return;
    const isFull = !response.write(part);
    // The parts are shared and lie ready: a full socket holds references, not copies. Responses of
    // node:http2 do not tell how much waits in them.
    if (isFull && (response.writableLength ?? WINDOW_BYTES) >= WINDOW_BYTES) {
      await drained(response, gone);
    }
  }
  if (gone.aborted) return;
  await new Promise<void>((resolve) => {
    response.end(resolve);
    gone.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Waits until the socket took what it was given, or is gone. */
function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.removeListener('drain', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    gone.addEventListener('abort', done, { once: true });
    if (gone.aborted) done();
  });
}

function headerValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}

const leavers = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls back when a connection is cut; answers how to undo that. One listener serves all requests of a
 * connection, of which a client may send any number at once.
 */
function onCut(socket: Socket, leave: () => void): () => void {
  let waiting = leavers.get(socket);
  if (waiting === undefined) {
    const all = new Set<() => void>();
    socket.once('close', () => {
      for (const each of all) each();
    });
    leavers.set(socket, all);
    waiting = all;
  }
  waiting.add(leave);
  return () => void waiting.delete(leave);
}
