import type { BodyParts, ScrapeServer } from './scrape-exchange.ts';

/** Serves scrapes through web-standard requests and responses. */
export function fetchHandler(scraper: ScrapeServer): (request: Request) => Promise<Response> {
  return async (request) => {
    const entry = scraper.requests.begin();
    const asked = {
      method: request.method,
      query: queryOf(request.url),
      header: (name: string) => request.headers.get(name) ?? undefined,
      signal: request.signal,
    };
    const { status, headers, parts } = await scraper.respond(asked, entry);
    // Whether the body is ever read cannot be known here: the request ends with its answer.
    entry.end(status);
    const onError = (error: unknown): void =>
      scraper.errors.tell(error, { during: 'sending', status });
    const body = request.method === 'HEAD' ? null : streamOf(parts, onError);
    return new Response(body, { status, headers });
  };
}

/** A stream that hands out one part for each time it is asked: the reader sets the pace. */
function streamOf(parts: BodyParts, onError: (error: unknown) => void): ReadableStream<Uint8Array> {
  const iterator = iterate(parts);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next().catch((error: unknown) => {
          onError(error);
          throw error; // The stream breaks off: its reader must not take it for whole.
        });
        if (done) controller.close();
        // A copy: what reads the stream may transfer or change its chunks, and the parts are shared.
        else controller.enqueue(new Uint8Array(value));
      },
      async cancel() {
        await iterator.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* iterate(parts: BodyParts): AsyncGenerator<Uint8Array, void, undefined> {
  yield* parts;
}

/** The query of an absolute URL, without a fragment. */
function queryOf(url: string): string {
  return new URL(url).search.slice(1);
}
