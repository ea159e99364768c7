import { chooseCoding } from '../formats/content-coding.ts';
import { OFFERED_FORMATS, type OfferedFormat } from '../formats/format.ts';
import { negotiate } from '../formats/negotiate.ts';
import { openMetricsEncoder } from '../formats/openmetrics-encoder.ts';
import { SnapscrapeError, type SnapscrapeErrorCode } from '../model/errors.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import {
  providerOf,
  refusalsOf,
  type SnapshotProvider,
  type SnapshotWatcher,
} from '../refresh/snapshot-provider.ts';
import { refusedPoints } from '../refresh/store-writes.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { versionText } from '../snapshot/snapshot-version.ts';
import { type ErrorContext, ErrorReport } from './error-report.ts';
import { type CheckedHandlerOptions, scrapeDeadline } from './handler-options.ts';
import { echoed, queryFault } from './query.ts';
import { RequestCounts, type RequestEntry } from './request-counts.ts';
import {
  type BodyParts,
  NO_STORE,
  refusal,
  type ScrapeRequest,
  type ScrapeResponse,
  type ScrapeServer,
} from './scrape-exchange.ts';
import type { SelfFamily, SelfReport } from './self-families.ts';
import { SharedReadings } from './shared-readings.ts';
import type { BodySource } from './view.ts';
import { Views } from './views.ts';

/** What stands in the headers of every page of a handler. */
type FixedHeaders = Readonly<Record<string, string>>;

/** Answers scrapes of one reader, independent of any server. */
export class ScrapeHandler implements ScrapeServer, SnapshotWatcher {
  readonly requests: RequestCounts;
  readonly errors: ErrorReport;
  readonly #reader: SnapshotProvider;
  readonly #readings: SharedReadings;
  readonly #options: CheckedHandlerOptions;
  readonly #views: Views;
  readonly #formats: readonly OfferedFormat[];
  readonly #always: FixedHeaders;

  /**
   * @param added - families that the server around the handler adds to the handler's own metrics.
   */
  constructor(
    reader: SnapshotReader,
    options: CheckedHandlerOptions,
    added: readonly SelfFamily[] = [],
  ) {
    this.#reader = providerOf(reader);
    this.#readings = new SharedReadings(this.#reader);
    this.#options = options;
    this.requests = new RequestCounts(options.maxRequestsInFlight);
    this.errors = new ErrorReport(options.onError);
    this.#views = new Views(this.#reader, options, added);
    this.#formats = OFFERED_FORMATS.filter(
      ({ encoder }) => options.openMetrics || encoder !== openMetricsEncoder,
    );
    this.#always = startTimeHeader(options.processStartTime);
    this.#reader.watch?.(this);
    // The caller that starts an exporter should learn at once that its options cannot be served.
    this.#views
      .ready()
      .catch((error: unknown) => this.errors.tell(error, { during: 'page', status: 500 }));
  }

  /** Compresses a new snapshot before the next scrape, in the forms of the latest scrapes. */
  published(snapshot: Snapshot): void {
    this.#views.published(snapshot);
  }

  /**
   * Rejects with `invalid_options` if a configured selector has an invalid
   * regex.
   */
  ready(): Promise<void> {
    return this.#views.ready();
  }

  /** Answers one request. Never rejects: what goes wrong becomes a status without internal text. */
  async respond(request: ScrapeRequest, entry: RequestEntry): Promise<ScrapeResponse> {
    const { status, headers, parts } = await this.#answer(request, entry);
    return { status, headers: { ...headers, ...this.#always }, parts };
  }

  async #answer(request: ScrapeRequest, entry: RequestEntry): Promise<ScrapeResponse> {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405);
    if (!entry.isAdmitted) return refusal(503, tooMany(this.#options.maxRequestsInFlight));
    let during: ErrorContext['during'] = 'page';
    try {
      await this.#views.ready();
      const view = await this.#viewOf(request);
      if ('status' in view) return view;
      during = 'refresh';
      const snapshot = await this.#snapshot(request, view.isOfQuery);
      during = 'page';
      return await this.#page(request, view, snapshot);
    } catch (error) {
      if (request.signal.aborted) return refusal(499);
      const status = statusOf(error, this.#options.errorPolicy);
      this.errors.tell(error, { during, status });
      return refusal(status);
    }
  }

  /**
   * What a query asks for, or why it is refused. For a query that is refused nothing is refreshed.
   */
  async #viewOf({ query, signal }: ScrapeRequest): Promise<BodySource | ScrapeResponse> {
    const fault = this.#options.subsets === false ? undefined : queryFault(query);
    if (fault !== undefined) return refusal(fault);
    try {
      return (await this.#views.of(query, signal)) ?? refusal(503, BUSY);
    } catch (error) {
      const isTheirs = error instanceof SnapscrapeError && error.code === 'invalid_selector';
      if (!isTheirs) throw error;
      // The message quotes nothing but the query.
      return refusal(400, `${echoed(error.message)}\n`);
    }
  }

  #snapshot(request: ScrapeRequest, isOfQuery: boolean): Promise<Snapshot> {
    const reader = isOfQuery && !this.#reader.isKept ? this.#readings : this.#reader;
    const timeout = request.header('x-prometheus-scrape-timeout-seconds');
    return reader.current({
      signal: request.signal,
      deadline: scrapeDeadline(timeout, this.#options),
      errorPolicy: this.#options.errorPolicy,
      onFailure: (error) => this.errors.tell(error, { during: 'refresh', status: 200 }),
    });
  }

  async #page(
    request: ScrapeRequest,
    view: BodySource,
    snapshot: Snapshot,
  ): Promise<ScrapeResponse> {
    const format = negotiate(request.header('accept'), this.#formats);
    const { encoder } = format;
    const coding = chooseCoding(request.header('accept-encoding'), view.codings(encoder));
    // Once for header and metric: meanwhile a refresh may find the same snapshot to be of a later
    // state.
    const version = this.#reader.versionOf?.(snapshot);
    const parts = await view.body(snapshot, { encoder, coding, signal: request.signal }, () =>
      this.#report(version),
    );
    if (parts === undefined) return refusal(503, BUSY);
    const headers = {
      'Content-Type': format.contentType,
      ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }),
      ...lengthHeader(parts),
      Vary: 'Accept, Accept-Encoding',
      'Cache-Control': NO_STORE,
      'X-Content-Type-Options': 'nosniff',
      ...versionHeader(version),
    };
    return { status: 200, headers, parts };
  }

  #report(version: number | undefined): SelfReport {
    const { rejected, older } = refusedPoints(refusalsOf(this.#reader));
    return {
      requests: this.requests,
      errors: this.errors,
      rejected,
      olderWrites: older,
      lastWrites: this.#reader.lastWrites?.() ?? [],
      version,
      cache: this.#reader.cacheStats?.(),
      members: this.#reader.members?.(),
    };
  }
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

/** What a client gets whose selection finds the queue full. */
const BUSY = 'Too many selections are waiting; try again later.\n';

function tooMany(most: number): string {
  return `Limit of concurrent requests reached (${most}), try again later.\n`;
}

/** What is wrong with the source itself, rather than late, too old or not there yet. */
const FAILURES: ReadonlySet<SnapscrapeErrorCode> = new Set([
  'refresh_failed',
  'invalid_source_reply',
]);

/** What the options ask for and cannot be done. */
const MISCONFIGURED: ReadonlySet<SnapscrapeErrorCode> = new Set([
  'invalid_options',
  'dependency_missing',
]);

/**
 * By default a page that cannot be served is unavailable, which is what 503 says: the next refresh
 * may bring it back. `fail` says 500 where promhttp's HTTPErrorOnError does.
 */
function statusOf(error: unknown, policy: CheckedHandlerOptions['errorPolicy']): 500 | 503 {
  if (!(error instanceof SnapscrapeError) || MISCONFIGURED.has(error.code)) return 500;
  return policy === 'fail' && FAILURES.has(error.code) ? 500 : 503;
}
