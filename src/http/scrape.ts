import { CachedReader, type SnapshotWatcher } from '../cache/cached-reader.ts';
import type { Snapshot } from '../cache/snapshot.ts';
import { UncachedReader } from '../cache/uncached-reader.ts';
import { type ContentCoding, chooseCoding } from '../exposition/content-coding.ts';
import { Deflater } from '../exposition/deflate.ts';
import type { ExpositionFormat, ExpositionSyntax } from '../exposition/format.ts';
import { streamGzip } from '../exposition/gzip.ts';
import { negotiate } from '../exposition/negotiate.ts';
import { type Page, PageMaker } from '../exposition/page.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { GzipWarmth } from './gzip-warmth.ts';
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
  /** The body, in order; asynchronous while parts of it are still being compressed. */
  readonly parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** How long a client should wait before it asks again for a page that cannot be served now. */
const RETRY_AFTER_SECONDS = 5;

/** From how many pieces on a page is sent while it is being compressed, rather than a little later. */
const WORTH_STREAMING = 16;

/** Answers scrapes of one reader, independent of any server. */
export class Scraper implements SnapshotWatcher {
  readonly requests: RequestCounts = new RequestCounts();
  readonly #reader: CachedReader | UncachedReader;
  readonly #options: CheckedHandlerOptions;
  readonly #self: SelfMetrics | undefined;
  readonly #pages: PageMaker;
  readonly #deflater: Deflater;
  readonly #warmth = new GzipWarmth();

  constructor(reader: SnapshotReader, options: CheckedHandlerOptions) {
    this.#reader = reader instanceof CachedReader ? reader : new UncachedReader(reader);
    if (reader instanceof CachedReader) reader.watch(this);
    this.#options = options;
    this.#self = options.selfMetrics ? new SelfMetrics(options.metricPrefix) : undefined;
    this.#deflater = new Deflater(options.gzipLevel);
    this.#pages = this.#newPages();
  }

  /** Compresses a new snapshot before anybody asks, for those who have asked lately. */
  published(snapshot: Snapshot): void {
    this.#pages.keepOnly(snapshot);
    for (const syntax of this.#warmth.wanted()) void this.#pages.warm(snapshot, syntax);
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
      if (request.signal.aborted) return refusal(499);
      return refusal(error instanceof SnapscrapeError ? 503 : 500);
    }
  }

  async #serve(request: ScrapeRequest, snapshot: Snapshot): Promise<ScrapeResponse> {
    const format = negotiate(request.header('accept'));
    const coding = chooseCoding(request.header('accept-encoding'));
    const { syntax } = format;
    // Without a cache there is no next scrape of the same page: it is made and dropped.
    const pages = this.#reader instanceof CachedReader ? this.#pages : this.#newPages();
    if (coding === 'gzip') this.#warmth.asked(syntax);
    const page = await pages.page(snapshot, syntax);
    const parts =
      coding === 'identity'
        ? [...page.pieces, this.#end(snapshot, syntax)]
        : await this.#gzipped(pages, page, syntax);
    return { status: 200, headers: pageHeaders(format, coding, parts), parts };
  }

  #newPages(): PageMaker {
    const extras = this.#self ?? { names: new Set<string>(), lines: () => [] };
    return new PageMaker(extras, this.#deflater);
  }

  async #gzipped(pages: PageMaker, page: Page, syntax: ExpositionSyntax): Promise<Parts> {
    const { snapshot } = page;
    let making = pages.gzipped(page);
    if (making === undefined) {
      const deflating = pages.deflating(page);
      if (deflating.length > WORTH_STREAMING) {
        return streamGzip(deflating, this.#end(snapshot, syntax));
      }
      await Promise.all(deflating);
      making = pages.gzipped(page);
    }
    const stem = await making;
    const end = this.#end(snapshot, syntax);
    return stem === undefined
      ? streamGzip(pages.deflating(page), end)
      : [...stem.parts, stem.end(end)];
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

type Parts = readonly Uint8Array[] | AsyncIterable<Uint8Array>;

function pageHeaders(
  format: ExpositionFormat,
  coding: ContentCoding,
  parts: Parts,
): Record<string, string> {
  return {
    'Content-Type': format.contentType,
    ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
    // While parts are being compressed the length is not known: the body goes out in chunks then.
    ...(Array.isArray(parts) ? { 'Content-Length': String(totalBytes(parts)) } : {}),
    Vary: 'Accept, Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
  };
}

function totalBytes(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

const REFUSALS = {
  405: 'Only GET and HEAD are served here.\n',
  // Nobody reads it; the code is for the count alone.
  499: 'The client went away.\n',
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
