import {
  type BodyParts,
  rejection,
  type ScrapeRequest,
  type ScrapeResponse,
  type ScrapeServer,
} from './scrape-exchange.ts';

/**
 * Serves scrapes through web-standard requests and responses. Never rejects: if the request cannot
 * be served, `onError` gets the error, and the response is 500.
 */
export function fetchHandler(scraper: ScrapeServer): (request: Request) => Promise<Response> {
  return async (request) => {
    const entry = scraper.requests.begin();
    let status = 500;
    try {
      const asked = askedBy(request);
      const made = await scraper.respond(asked, entry);
      const onError = (error: unknown): void => {
        if (asked.signal.aborted) return;
        scraper.errors.report(error, { during: 'sending', status: made.status });
      };
      const response = responseOf(made, asked.method, onError);
      status = made.status;
      return response;
    } catch (error) {
      scraper.errors.report(error, { during: 'page', status });
      return responseOf(rejection(500), 'GET', () => undefined);
    } finally {
      // Nothing here shows if the body is ever read: the request ends with its response.
      entry.end(status);
    }
  };
}

/** What `fetch` takes for a request, in another runtime or a test as well. */
export type RequestLike = Partial<Record<keyof Request, unknown>> | URL | string;

/** The method and the URL of a request. The standard's `fetch` takes a URL as well. */
export function requestLineOf(request: RequestLike): { method: string; url: string } {
  if (typeof request === 'string' || request instanceof URL) {
    return { method: 'GET', url: String(request) };
  }
  const { method, url } = request;
  return {
    method: typeof method === 'string' ? method.toUpperCase() : 'GET',
    url: String(url ?? ''),
  };
}

function askedBy(request: RequestLike): ScrapeRequest {
  const { method, url } = requestLineOf(request);
  const { headers, signal }: Partial<Record<keyof Request, unknown>> = Object(request);
  return {
    method,
    query: queryOf(url),
    header: (name) => headerOf(Object(headers), name),
    signal: isSignal(signal) ? signal : new AbortController().signal,
  };
}

function headerOf(headers: object, name: string): string | undefined {
  const value: unknown =
    'get' in headers && typeof headers.get === 'function'
      ? headers.get(name)
      : (headers as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}

/** Judged by its methods: a signal may come from another realm, and `null` is legal. */
function isSignal(signal: unknown): signal is AbortSignal {
  return (
    typeof signal === 'object' &&
    signal !== null &&
    'addEventListener' in signal &&
    typeof signal.addEventListener === 'function' &&
    'removeEventListener' in signal &&
    typeof signal.removeEventListener === 'function'
  );
}

function responseOf(
  { status, headers, parts }: ScrapeResponse,
  method: string,
  onError: (error: unknown) => void,
): Response {
  const body = method === 'HEAD' ? null : streamOf(parts, onError);
  return new Response(body, { status, headers });
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
        // A copy: what reads the stream may transfer or change its chunks, and the parts are
        // shared.
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

/** The query of a URL, absolute or relative, without a fragment. */
function queryOf(url: string): string {
  const [whole = ''] = url.split('#', 1);
  const mark = whole.indexOf('?');
  return mark < 0 ? '' : whole.slice(mark + 1);
}
