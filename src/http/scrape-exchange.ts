import type { ErrorReport } from './error-report.ts';
import type { RequestCounts, RequestEntry } from './request-counts.ts';

/** What a scrape needs to know of its request, whatever server it came through. */
export interface ScrapeRequest {
  readonly method: string;
  /**
   * What stands behind the first `?` of the request's target, as it was sent; empty without one.
   */
  readonly query: string;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** The body of an answer, in order; asynchronous while parts of it are still being compressed. */
export type BodyParts = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

/** What a scrape is answered with: bytes that lie ready. */
export interface ScrapeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: BodyParts;
}

/** What the ways to a handler need of what answers. */
export interface ScrapeServer {
  readonly requests: RequestCounts;
  readonly errors: ErrorReport;
  /** Answers one request. Never rejects. */
  respond(request: ScrapeRequest, entry: RequestEntry): Promise<ScrapeResponse>;
}

/**
 * Otherwise a cache on the way, such as a CDN, may serve an old page or refusal as the one of now.
 */
export const NO_STORE = 'no-store';

/** How long a client should wait before it asks again for a page that cannot be served now. */
const RETRY_AFTER_SECONDS = 5;

const REFUSALS = {
  400: 'The query cannot be read.\n',
  405: 'Only GET and HEAD are served here.\n',
  414: 'The query is too long.\n',
  // No client reads it; the code is for the count alone.
  499: 'The client went away.\n',
  500: 'The metrics could not be served.\n',
  503: 'There are no metrics to serve at the moment; try again later.\n',
} as const;

/** The status of an answer without a page. */
export type RefusalStatus = keyof typeof REFUSALS;

/**
 * An answer without a page. Its text is fixed: what a source throws may hold secrets.
 *
 * @param text - instead of the fixed one; nothing that the client does not know already.
 */
export function refusal(status: RefusalStatus, text: string = REFUSALS[status]): ScrapeResponse {
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
