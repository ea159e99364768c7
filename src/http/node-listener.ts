import type { Writable } from 'node:stream';
import { Pace } from '../cache/pace.ts';
import { cutOff, type NodeRequest, type NodeResponse, onGone } from './node-exchange.ts';
import type { BodyParts, ScrapeServer } from './scrape-exchange.ts';

/** How much may wait in a socket before the next part waits for it to drain. */
const WINDOW_BYTES = 1024 * 1024;

/** How long the writing of a page holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/** Serves scrapes through `node:http` and `node:http2`. */
export function nodeListener(
  scraper: ScrapeServer,
  clientTimeout: number,
): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => {
    // Whoever came before this handler has answered: there is nothing to add.
    if (!response.writableEnded) void serve(scraper, clientTimeout, request, response);
  };
}

async function serve(
  scraper: ScrapeServer,
  clientTimeout: number,
  request: NodeRequest,
  response: NodeResponse,
): Promise<void> {
  const entry = scraper.requests.begin();
  const gone = new AbortController();
  const stay = onGone(request, response, () => gone.abort());
  // Somebody else may end the response while it is written, such as a middleware with a timeout. Without
  // a listener the next write would end the process.
  response.on('error', () => gone.abort());
  const method = request.method ?? 'GET';
  const asked = {
    method,
    query: queryOf(request.url ?? ''),
    header: (name: string) => headerValue(request.headers[name]),
    signal: gone.signal,
  };
  const answer = await scraper.respond(asked, entry);
  // A client that does not read pins a snapshot: cut, half a page looks like what it is.
  const cut = setTimeout(() => cutOff(response), clientTimeout);
  try {
    if (!gone.signal.aborted) {
      response.writeHead(answer.status, answer.headers);
      if (method === 'HEAD') response.end();
      else await write(response, answer.parts, gone.signal);
    }
  } catch (error) {
    // Half a page must not look like a whole one.
    cutOff(response);
    scraper.errors.tell(error, { during: 'sending', status: answer.status });
  } finally {
    clearTimeout(cut);
    stay();
    entry.end(answer.status);
  }
}

async function write(response: Writable, parts: BodyParts, gone: AbortSignal): Promise<void> {
  const pace = new Pace(SLICE_BUDGET);
  for await (const part of parts) {
    // A client that reads as fast as we write would have the event loop for itself.
    if (pace.due()) await pace.rest();
    if (gone.aborted) return;
    const isFull = !response.write(part);
    // The parts are shared and lie ready: a full socket holds references, not copies. Responses of
    // node:http2 do not tell how much waits in them.
    const waiting: number | undefined = response.writableLength;
    if (isFull && (waiting ?? WINDOW_BYTES) >= WINDOW_BYTES) await drained(response, gone);
  }
  if (gone.aborted) return;
  await new Promise<void>((resolve) => {
    // Not `end(resolve)`: middleware that compresses takes the first argument for a part of the body.
    response.once('finish', () => resolve());
    response.end();
    gone.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Waits until the socket took what it was given, or is gone. */
function drained(response: Writable, gone: AbortSignal): Promise<void> {
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

/** What stands behind the first `?` of a request's target. */
function queryOf(target: string): string {
  const mark = target.indexOf('?');
  return mark < 0 ? '' : target.slice(mark + 1);
}

function headerValue(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
