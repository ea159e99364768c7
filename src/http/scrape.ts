import { type ContentCoding, chooseCoding } from '../formats/content-coding.ts';
import {
  type ExpositionFormat,
  type OfferedFormat,
  offeredFormats,
  WITHOUT_OPENMETRICS,
} from '../formats/format.ts';
import { negotiate } from '../formats/negotiate.ts';
import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import {
  providerOf,
  refusalsOf,
  type SnapshotProvider,
  type SnapshotWatcher,
} from '../refresh/snapshot-provider.ts';
import { refusedPoints } from '../refresh/store-writes.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { SnapshotUse } from '../snapshot/snapshot-use.ts';
import { versionText } from '../snapshot/snapshot-version.ts';
import { type ErrorContext, ErrorReport } from './error-report.ts';
import { statusOf } from './error-status.ts';
import { type CheckedHandlerOptions, scrapeDeadline } from './handler-options.ts';
import { echoed, queryRejection } from './query.ts';
import { Remembered } from './remembered.ts';
import { RequestCounts, type RequestEntry } from './request-counts.ts';
import {
  type BodyParts,
  NO_STORE,
  type ReadyResponse,
  rejection,
  type ScrapeRequest,
  type ScrapeResponse,
  type ScrapeServer,
} from './scrape-exchange.ts';
import type { SelfFamily, SelfReport } from './self-families.ts';
import { SharedReadings } from './shared-readings.ts';
import type { BodySource, View } from './view.ts';
import { Views } from './views.ts';

/** What stands in the headers of every page of a handler. */
type FixedHeaders = Readonly<Record<string, string>>;

/** What the headers tell of a page. */
interface PageFacts {
  readonly contentType: string;
  readonly coding: ContentCoding;
  readonly parts: BodyParts;
  readonly version: number | undefined;
}

/** Responds to scrapes of one reader, independent of any server. */
export class ScrapeHandler implements ScrapeServer, SnapshotWatcher {
  readonly requests: RequestCounts;
  readonly errors: ErrorReport;
  readonly #reader: SnapshotProvider;
  readonly #readings: SharedReadings;
  readonly #options: CheckedHandlerOptions;
  readonly #views: Views;
  readonly #formats: readonly OfferedFormat[];
  readonly #always: FixedHeaders;
  readonly #formatOf = new Remembered<ExpositionFormat>();
  readonly #codingOf = new Remembered<ContentCoding>();

  /**
   * @param added - families that the server around the handler adds to the handler's own metrics.
   * @param formats - the formats on offer. Default: those of the options.
   */
  constructor(
    reader: SnapshotReader,
    options: CheckedHandlerOptions,
    added: readonly SelfFamily[] = [],
    formats: readonly OfferedFormat[] = offeredFormats(options),
  ) {
    this.#reader = providerOf(reader);
    this.#readings = new SharedReadings(this.#reader);
    this.#options = options;
    this.requests = new RequestCounts(options.maxRequestsInFlight);
    this.errors = new ErrorReport(options.onError);
    const hasOpenMetrics = formats !== WITHOUT_OPENMETRICS;
    this.#views = new Views(this.#reader, options, added, hasOpenMetrics);
    this.#formats = formats;
    this.#always = startTimeHeader(options.processStartTime);
    this.#reader.watch?.(this);
    // The caller that starts an exporter should learn at once that its options cannot be served.
    this.#views
      .ready()
      .catch((error: unknown) => this.errors.report(error, { during: 'page', status: 500 }));
  }

  /** Makes pages of a new snapshot before the next scrape, in the forms of the latest scrapes. */
  published(snapshot: Snapshot): Promise<void> | undefined {
    return this.#views.published(snapshot);
  }

  /**
   * Rejects with `invalid_options` if a configured selector has an invalid
   * regex.
   */
  ready(): Promise<void> {
    return this.#views.ready();
  }

  respondNow(
    request: Omit<ScrapeRequest, 'signal'>,
    entry: RequestEntry,
  ): ReadyResponse | undefined {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const view = isRead && entry.isAdmitted ? this.#views.kept(request.query) : undefined;
    const snapshot = view && this.#reader.fresh?.(this.#options.errorPolicy);
    if (view === undefined || snapshot === undefined) return undefined;
    try {
      return this.#readyPage(request, view, snapshot);
    } catch {
      return undefined; // The way that waits meets the error again, and reports it.
    }
  }

  #readyPage(
    request: Omit<ScrapeRequest, 'signal'>,
    view: View,
    snapshot: Snapshot,
  ): ReadyResponse | undefined {
    const { encoder, escaping, contentType } = this.#formatFor(request);
    const codingOf = (codings: readonly ContentCoding[]): ContentCoding =>
      this.#codingFor(request, codings);
    const version = this.#reader.versionOf?.(snapshot);
    const body = view.readyBody(snapshot, { encoder, escaping, codingOf }, () =>
      this.#report(version),
    );
    if (body === undefined) return undefined;
    const { coding, parts } = body;
    // These parts are texts of chunks. What is compressed is not.
    if (coding === 'identity') this.#reader.keep?.();
    return { status: 200, headers: this.#headers({ contentType, coding, parts, version }), parts };
  }

  #formatFor(request: Pick<ScrapeRequest, 'header'>): ExpositionFormat {
    const accept = request.header('accept') ?? '';
    return this.#formatOf.of(accept, () => negotiate(accept, this.#formats));
  }

  #codingFor(
    request: Pick<ScrapeRequest, 'header'>,
    codings: readonly ContentCoding[],
  ): ContentCoding {
    const accepted = request.header('accept-encoding') ?? '';
    // What can be written differs by the forms that are kept.
    return this.#codingOf.of(`${codings.length} ${accepted}`, () =>
      chooseCoding(accepted, codings),
    );
  }

  /** Responds to one request. Never rejects: an error becomes a status without internal text. */
  async respond(request: ScrapeRequest, entry: RequestEntry): Promise<ScrapeResponse> {
    const ready = this.respondNow(request, entry);
    if (ready !== undefined) return ready;
    const response = await this.#respond(request, entry);
    if (response.status === 200) return response;
    return { ...response, headers: { ...response.headers, ...this.#always } };
  }

  async #respond(request: ScrapeRequest, entry: RequestEntry): Promise<ScrapeResponse> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return rejection(405);
    if (!entry.isAdmitted) return rejection(503, tooMany(this.#options.maxRequestsInFlight));
    let during: ErrorContext['during'] = 'page';
    let use: SnapshotUse | undefined;
    try {
      await this.#views.ready();
      const view = await this.#viewOf(request);
      if ('status' in view) return view;
      during = 'refresh';
      use = usesOf(view);
      const snapshot = await this.#snapshot(request, view.isOfQuery, use);
      during = 'page';
      return await this.#page(request, view, snapshot, use);
    } catch (error) {
      use?.keep(); // Others may go on with what failed here.
      if (request.signal.aborted) return rejection(499);
      const status = statusOf(error, this.#options.errorPolicy);
      this.errors.report(error, { during, status });
      return rejection(status);
    } finally {
      use?.end();
    }
  }

  /** The view that a query asks for, or its rejection. A rejected query refreshes nothing. */
  async #viewOf({ query, signal }: ScrapeRequest): Promise<BodySource | ScrapeResponse> {
    const status = this.#options.subsets === false ? undefined : queryRejection(query);
    if (status !== undefined) return rejection(status);
    try {
      return (await this.#views.of(query, signal)) ?? rejection(503, BUSY);
    } catch (error) {
      const isTheirs = error instanceof SnapscrapeError && error.code === 'invalid_selector';
      if (!isTheirs) throw error;
      // The message quotes nothing but the query.
      return rejection(400, `${echoed(error.message)}\n`);
    }
  }

  #snapshot(
    request: ScrapeRequest,
    isOfQuery: boolean,
    use: SnapshotUse | undefined,
  ): Promise<Snapshot> {
    const reader = isOfQuery && !this.#reader.isKept ? this.#readings : this.#reader;
    const timeout = request.header('x-prometheus-scrape-timeout-seconds');
    return reader.current({
      signal: request.signal,
      deadline: scrapeDeadline(timeout, this.#options),
      errorPolicy: this.#options.errorPolicy,
      use,
      onFailure: (error) => this.errors.report(error, { during: 'refresh', status: 200 }),
    });
  }

  async #page(
    request: ScrapeRequest,
    view: BodySource,
    snapshot: Snapshot,
    use: SnapshotUse | undefined,
  ): Promise<ScrapeResponse> {
    const { encoder, escaping, contentType } = this.#formatFor(request);
    const plan = await view.plan(snapshot, escaping);
    const coding = this.#codingFor(request, view.codings({ encoder, plan }));
    // Once for header and metric: meanwhile a refresh may find the same snapshot to be of a later
    // state.
    const version = this.#reader.versionOf?.(snapshot);
    const { signal } = request;
    const parts = await view.body(snapshot, { encoder, plan, coding, signal, use }, () =>
      this.#report(version),
    );
    if (parts === undefined) return rejection(503, BUSY);
    return { status: 200, headers: this.#headers({ contentType, coding, parts, version }), parts };
  }

  #headers({ contentType, coding, parts, version }: PageFacts): FixedHeaders {
    return {
      'Content-Type': contentType,
      ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
      ...lengthHeader(parts),
      Vary: 'Accept, Accept-Encoding',
      'Cache-Control': NO_STORE,
      'X-Content-Type-Options': 'nosniff',
      ...versionHeader(version),
      ...this.#always,
    };
  }

  #report(version: number | undefined): SelfReport {
    const cache = this.#reader.cacheStats?.();
    const { rejected, olderWrites } = cache ?? refusedPoints(refusalsOf(this.#reader));
    return {
      requests: this.requests,
      errors: this.errors,
      rejected,
      olderWrites,
      lastWrites: this.#reader.lastWrites?.() ?? [],
      version,
      cache,
      members: this.#reader.members?.(),
    };
  }
}

/** The use of a snapshot for one body, if its source says when it ends. */
function usesOf({ endsUses }: BodySource): SnapshotUse | undefined {
  return endsUses ? new SnapshotUse() : undefined;
}

/** While parts are being compressed the length is not known: the body goes out in chunks then. */
function lengthHeader(parts: BodyParts): FixedHeaders {
  if (!Array.isArray(parts)) return {};
  const bytes = parts.reduce((sum: number, part: Uint8Array) => sum + part.length, 0);
  return { 'Content-Length': String(bytes) };
}

/** Which state the page is of, for load balancers, and to compare replicas. */
function versionHeader(version: number | undefined): FixedHeaders {
  return version === undefined ? {} : { 'X-Snapscrape-Version': versionText(version) };
}

function startTimeHeader(given: boolean | number | Date): FixedHeaders {
  if (given === false) return {};
  const ms = given === true ? Date.now() - process.uptime() * 1000 : Number(given);
  return { 'Process-Start-Time-Unix': String(Math.floor(ms / 1000)) };
}

/** The text for a client if the queue of selections is full. */
const BUSY = 'Too many selections are waiting; try again later.\n';

function tooMany(most: number): string {
  return `Limit of concurrent requests reached (${most}), try again later.\n`;
}
