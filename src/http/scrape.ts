import { CachedReader } from '../cache/cached-reader.ts';
import type { Snapshot } from '../cache/snapshot.ts';
import { UncachedReader } from '../cache/uncached-reader.ts';
import { type ContentCoding, chooseCoding } from '../exposition/content-coding.ts';
import type { ExpositionFormat, ExpositionSyntax } from '../exposition/format.ts';
import { negotiate } from '../exposition/negotiate.ts';
import { PageMaker } from '../exposition/page.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { type CheckedHandlerOptions, scrapeDeadline } from './handler-options.ts';
import { RequestCounts, SelfMetrics } from './self-metrics.ts';

/** What a scrape needs to know of its request, whatever server it came through. */
export interface ScrapeRequest {
  readonly method: string;
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** What a scrape is answered with: bytes that lie ready. */
export interface ScrapeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, in order; empty for HEAD. */
  readonly parts: readonly Uint8Array[];
}

/** How long a client should wait before it asks again for a page that cannot be served now. */
const RETRY_AFTER_SECONDS = 5;

/** Answers scrapes of one reader, independent of any server. */
export class Scraper {
  readonly requests: RequestCounts = new RequestCounts();
  readonly #reader: CachedReader | UncachedReader;
  readonly #options: CheckedHandlerOptions;
  readonly #self: SelfMetrics | undefined;
  readonly #pages: PageMaker;

  constructor(reader: SnapshotReader, options: CheckedHandlerOptions) {
    this.#reader = reader instanceof CachedReader ? reader : new UncachedReader(reader);
    this.#options = options;
    this.#self = options.selfMetrics ? new SelfMetrics(options.metricPrefix) : undefined;
    this.#pages = new PageMaker(
      this.#self ?? { names: new Set(), lines: () => '' },
      options.gzipLevel,
    );
  }

  /** Answers one request. Never rejects: what goes wrong becomes a status without internal text. */
  async respond(request: ScrapeRequest): Promise<ScrapeResponse> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
    try {
      const { signal } = request;
      const timeout = request.header('x-prometheus-scrape-timeout-seconds');
      const deadline = scrapeDeadline(timeout, this.#options);
      const snapshot = await this.#reader.current({ signal, deadline });
      return await this.#serve(request, snapshot);
    } catch (error) {
      return refusal(error instanceof SnapscrapeError ? 503 : 500);
    }
  }

  async #serve(request: ScrapeRequest, snapshot: Snapshot): Promise<ScrapeResponse> {
    const format = negotiate(request.header('accept'));
    const coding = chooseCoding(request.header('accept-encoding'));
    const parts = await this.#body(snapshot, format.syntax, coding);
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    return {
      status: 200,
      headers: pageHeaders(format, coding, bytes),
      parts: request.method === 'HEAD' ? [] : parts,
    };
  }

  async #body(
    snapshot: Snapshot,
    syntax: ExpositionSyntax,
    coding: ContentCoding,
  ): Promise<readonly Buffer[]> {
    if (coding === 'identity') {
      const { pieces } = this.#pages.page(snapshot, syntax);
      return [...pieces, this.#end(snapshot, syntax)];
    }
    const stem = await this.#pages.gzipped(snapshot, syntax);
    return [...stem.parts, stem.end(this.#end(snapshot, syntax))];
  }

  /** The lines that differ from scrape to scrape, and the end marker. */
  #end(snapshot: Snapshot, syntax: ExpositionSyntax): Buffer {
    const isCached = this.#reader instanceof CachedReader;
    const { rejections } = this.#reader;
    const lines = this.#self?.latest(snapshot, syntax, {
      requests: this.requests,
      rejected: (reason) => rejections.count(reason),
      cache: isCached ? (this.#reader as CachedReader).cacheStats() : undefined,
    });
    return Buffer.from(`${lines ?? ''}${syntax === 'openmetrics' ? '# EOF\n' : ''}`);
  }
}

function pageHeaders(
  format: ExpositionFormat,
  coding: ContentCoding,
  bytes: number,
): Record<string, string> {
  return {
    'Content-Type': format.contentType,
    ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
    'Content-Length': String(bytes),
    Vary: 'Accept, Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
  };
}

const REFUSALS = {
  405: 'Only GET and HEAD are served here.\n',
  500: 'The metrics could not be served.\n',
  503: 'There are no metrics to serve at the moment; try again later.\n',
} as const;

/** An answer without a page. Its text is fixed: what a source throws may hold secrets. */
function refusal(status: keyof typeof REFUSALS): ScrapeResponse {
  const body = Buffer.from(REFUSALS[status]);
  return {
    status,
    headers: {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(body.length),
      'X-Content-Type-Options': 'nosniff',
      ...(status === 405 ? { Allow: 'GET, HEAD' } : {}),
      ...(status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}),
    },
    parts: [body],
  };
}
