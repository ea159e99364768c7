import type { ScrapeResponse, Scraper } from './scrape.ts';

/** Serves scrapes through web-standard requests and responses. */
export function fetchHandler(scraper: Scraper): (request: Request) => Promise<Response> {
  return async (request) => {
    scraper.requests.begin();
    const { status, headers, parts } = await scraper.respond({
      method: request.method,
      header: (name) => request.headers.get(name) ?? undefined,
      signal: request.signal,
    });
    // Whether the body is ever read cannot be known here: the request ends with its answer.
    scraper.requests.end(status);
    return new Response(request.method === 'HEAD' ? null : streamOf(parts), { status, headers });
  };
}

/** A stream that hands out one part for each time it is asked: the reader sets the pace. */
function streamOf(parts: ScrapeResponse['parts']): ReadableStream<Uint8Array> {
  const iterator = iterate(parts);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
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

async function* iterate(
  parts: ScrapeResponse['parts'],
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* parts;
}
