import type { ErrorReport } from './error-report.ts';
import type { RequestCounts, RequestEntry } from './request-counts.ts';

/** What a scrape needs to know of its request, whatever server it came through. */
export interface ScrapeRequest {
  readonly method: string;
  /** The text behind the first `?` of the request's target, as it was sent; empty without one. */
  readonly query: string;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** The body of a response, in order; asynchronous while parts of it are still being compressed. */
export type BodyParts = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

/** A response to a scrape: bytes that lie ready. */
export interface ScrapeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: BodyParts;
}

/** A response whose whole body lies ready. */
export interface ReadyResponse extends ScrapeResponse {
  readonly parts: readonly Uint8Array[];
}

/** What `node:http` and `fetch` need of the scrape handler. */
export interface ScrapeServer {
  readonly requests: RequestCounts;
  readonly errors: ErrorReport;
  /**
   * The response to a request, if it can be made at once of what lies ready; undefined if anything
   * has to be waited for. Never throws.
   */
  respondNow?(
    request: Omit<ScrapeRequest, 'signal'>,
    entry: RequestEntry,
  ): ReadyResponse | undefined;
  /** Responds to one request. Never rejects. */
  respond(request: ScrapeRequest, entry: RequestEntry): Promise<ScrapeResponse>;
}

/** Without it a cache on the way, such as a CDN, may serve an old page or error. */
export const NO_STORE = 'no-store';

/** How long a client should wait before it asks again for a page that cannot be served now. */
const RETRY_AFTER_SECONDS = 5;

const REJECTIONS = {
  400: 'The query cannot be read.\n',
  405: 'Only GET and HEAD are served here.\n',
  414: 'The query is too long.\n',
  // No client reads it; the code is for the count alone.
  499: 'The client went away.\n',
  500: 'The metrics could not be served.\n',
  503: 'There are no metrics to serve at the moment; try again later.\n',
} as const;

/** The status of a response without a page. */
export type RejectionStatus = keyof typeof REJECTIONS;

/**
 * A response without a page. Its text is fixed: what a source throws may hold secrets.
 *
 * @param text - instead of the fixed one; only what the client knows already.
 */
export function rejection(
  status: RejectionStatus,
  text: string = REJECTIONS[status],
): ScrapeResponse {
  const body = Buffer.from(text);
  return {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(body.length),
      'Cache-Control': NO_STORE,
      'X-Content-Type-Options': 'nosniff',
      ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
      ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
    },
    parts: [body],
  };
}
