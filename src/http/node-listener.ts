import type { Writable } from 'node:stream';
import { answerTurns } from './answer-turns.ts';
import {
  canTell,
  connectionOf,
  cutOff,
  listenOnce,
  type NodeRequest,
  type NodeResponse,
  onGone,
} from './node-exchange.ts';
import type { BodyParts, ScrapeServer } from './scrape-exchange.ts';
import { askedBy, type BegunScrape, type NodeExchange, sendNow } from './send-now.ts';

/**
 * How many bytes of shared parts may wait in a socket before the next part waits for it to drain.
 */
const WINDOW_BYTES = 1024 * 1024;

/** How many parts a response may send without a look at the clock: one of a page, and its end. */
const SHORT_PARTS = 2;

/** Serves scrapes through `node:http` and `node:http2`. */
export function nodeListener(
  scraper: ScrapeServer,
  clientTimeout: number,
): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => {
    const begun = sendNow(scraper, clientTimeout, { request, response });
    if (begun !== 'sent') void serve(scraper, clientTimeout, { request, response, ...begun });
  };
}

/** Never rejects, whatever a request and a response are: frameworks and tests hand in their own. */
async function serve(
  scraper: ScrapeServer,
  clientTimeout: number,
  { request, response, entry: begun, made: ready }: NodeExchange & BegunScrape,
): Promise<void> {
  let entry = begun;
  let status = 500;
  let stay: (() => void) | undefined;
  let cut: NodeJS.Timeout | undefined;
  const gone = new AbortController();
  try {
    // Another handler has responded: there is nothing to add.
    if (response.writableEnded) return;
    if (entry === undefined) {
      entry = scraper.requests.begin();
      // Before anything else is made, so that little waits.
      if (answerTurns.isTaken(connectionOf(request))) await answerTurns.wait();
    }
    stay = onGone(request, response, () => gone.abort());
    // Another handler may end the response while it is written, such as a middleware with a
    // timeout. Without a listener the next write would end the process.
    if (canTell(response)) response.on('error', () => gone.abort());
    const asked = { ...askedBy(request), signal: gone.signal };
    const made = ready ?? (await scraper.respond(asked, entry));
    status = made.status;
    // A client that does not read pins a snapshot: cut, half a page looks like what it is.
    cut = setTimeout(() => {
      gone.abort();
      cutOff(response);
    }, clientTimeout);
    if (gone.signal.aborted) return;
    response.writeHead(status, made.headers);
    if (request.method === 'HEAD') response.end();
    else await write(response, made.parts, gone.signal);
  } catch (error) {
    // Half a page must not look like a whole one.
    cutOff(response);
    if (!gone.signal.aborted) scraper.errors.report(error, { during: 'sending', status });
  } finally {
    clearTimeout(cut);
    stay?.();
    entry?.end(status);
  }
}

async function write(response: NodeResponse, parts: BodyParts, gone: AbortSignal): Promise<void> {
  const stream: Writable = response;
  // Parts of a list are shared: a full socket holds references, not copies. Others are made for
  // this client alone, so the next one waits until the socket has taken the last.
  const window = Array.isArray(parts) ? WINDOW_BYTES : 0;
  let count = 0;
  for await (const part of parts) {
    // A client that reads as fast as we write would have the event loop for itself.
    if (++count > SHORT_PARTS && answerTurns.isOver()) await answerTurns.wait();
    if (gone.aborted) return;
    const isFull = !stream.write(part);
    // Responses of node:http2 do not show how much waits in them.
    const waiting: number | undefined = stream.writableLength;
    if (isFull && (waiting ?? window) >= window) await drained(stream, gone);
  }
  if (gone.aborted) return;
  await new Promise<void>((resolve) => {
    // Not `end(resolve)`: middleware that compresses takes the first argument for a part of the
    // body.
    listenOnce(response, 'finish', resolve);
    stream.end();
    gone.addEventListener('abort', () => resolve(), { once: true });
    // A response without events has ended with this call.
    if (!canTell(response)) resolve();
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
