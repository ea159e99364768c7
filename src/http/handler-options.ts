import { CONTENT_CODINGS, type ContentCoding } from '../formats/content-coding.ts';
import { isMetricName } from '../model/key/index.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  isBoolean,
  isFunction,
  LONGEST_TIMER,
  numberWithin,
  type OptionCheck,
  oneOf,
} from '../model/options.ts';
import { ERROR_POLICIES, type ErrorPolicy } from '../refresh/snapshot-provider.ts';
import {
  SELECTION_CHECKS,
  type SelectionOptions,
  type SubsetOptions,
} from '../selection/selection-query.ts';
import type { Re2Source } from '../selection/value-pattern.ts';
import { type ErrorListener, logScrapeError } from './error-report.ts';

/**
 * How a handler serves. Every field is optional. docs/http.md gives the name of each in Go's
 * promhttp.
 */
export interface HandlerOptions {
  /**
   * Whether pages end with the handler's own metrics: refreshes, ages, rejected points, requests.
   * Default true. Subsets have those that `names` and `prefixes` name. The first shard has all, and
   * each shard the count of its own series, so that sums over shards are right. A selection by
   * `match` has none. With `'always'` a fixed selection has all. If the source has a family with
   * one of their names, the page has that one instead.
   */
  readonly selfMetrics?: boolean | 'always' | undefined;
  /**
   * What the names of the handler's own metrics begin with. Default `snapscrape_`; a legal name.
   */
  readonly metricPrefix?: string | undefined;
  /**
   * What is served if a source fails. Default `last-good`: the last good snapshot, until it is
   * older than the cache's `maxStaleness`, then 503; of merged readers those that have one. With
   * `fail` the response is 500 while the latest refresh of any source is a failed one, and 503 if a
   * refresh is not done in time. With `continue` the last good snapshot is served however old it
   * is. Under every policy a rejected point costs only itself. Without any snapshot the response is
   * 503.
   */
  readonly errorPolicy?: ErrorPolicy | undefined;
  /**
   * How many requests are served at a time; one more gets 503 with `Retry-After` at once. Default
   * 0, which is any number; up to 1 000 000. A request ends with the last byte of its response. In
   * `fetch` it ends with the response object; the server bounds the sending.
   */
  readonly maxRequestsInFlight?: number | undefined;
  /**
   * The codings on offer, the preferred one first: of those that a scraper weighs alike, the first
   * one is taken. Default `['gzip']`. `identity` is the last if it is not named; `[]` never
   * compresses. A Node without `zstd`, which is before 22.15, ignores it. It is made of a whole
   * page for each snapshot, gzip only of what changed.
   */
  readonly compressions?: readonly ContentCoding[] | undefined;
  /**
   * The effort of gzip, from 1 (fast) to 9 (small). Default 1, which is within a tenth of 6 in
   * size.
   */
  readonly gzipLevel?: number | undefined;
  /**
   * Whether OpenMetrics and protobuf are served to scrapers that ask for them. Default true.
   * OpenMetrics 2, which is experimental, is served only to a scraper that names it. If false, all
   * get the Prometheus text format.
   */
  readonly openMetrics?: boolean | undefined;
  /**
   * Whether pages in OpenMetrics 1 have a line `_created` for each counter, histogram and summary
   * whose start is known. Default false: Prometheus stores each as a series of its own. OpenMetrics
   * 2 and protobuf always have the start, in the sample.
   */
  readonly createdLines?: boolean | undefined;
  /**
   * The time for the header `Process-Start-Time-Unix`, sent in whole seconds: a `Date`, Unix
   * milliseconds, or, if true, the start of this process. Default false: no such header. Every
   * response has it, errors too.
   */
  readonly processStartTime?: boolean | number | Date | undefined;
  /**
   * The scraper's timeout in ms, if it does not send `X-Prometheus-Scrape-Timeout-Seconds`. A
   * scrape waits that long, less `scrapeTimeoutMargin`, for a refresh: with the defaults 9.5 s.
   * Then the last good snapshot is served, or 503. Default 10 000, Prometheus's own default; from 1
   * to 2 147 483 647. The refresh goes on for the next scrape.
   */
  readonly scrapeTimeout?: number | undefined;
  /**
   * How much sooner than the scraper's timeout a response is due, in ms, for the way back. It comes
   * off `scrapeTimeout` too; at most half of the timeout is taken. Default 500; from 0 to 60 000.
   */
  readonly scrapeTimeoutMargin?: number | undefined;
  /**
   * How long a client may take to read a page, in ms; then its connection is cut, so that stalled
   * clients cannot hold old snapshots in memory. Default 60 000; from 1 to 2 147 483 647. Only for
   * `node:http`; a web-standard server bounds its own writes.
   */
  readonly clientTimeout?: number | undefined;
  /**
   * The families that this handler serves, by name, whatever a query asks for beyond them; `x` also
   * selects the counter `x_total`. Default all; from 1 to 1024.
   */
  readonly names?: readonly string[] | undefined;
  /**
   * The families that this handler serves, by the beginning of their names. Default all; from 1 to
   * 64.
   */
  readonly prefixes?: readonly string[] | undefined;
  /**
   * The series that this handler serves, by selectors in Prometheus's syntax such as
   * `{org="a",repo=~"x.*"}`: those that any of them matches. Default all; from 1 to 64. Patterns
   * are RE2's. An invalid one is `invalid_options` for `onError`, and each response is 500; so is
   * `dependency_missing`, see `re2js`.
   */
  readonly match?: string | readonly string[] | undefined;
  /** The share of the series that this handler serves, such as `1/4`. Default all. */
  readonly shard?: string | undefined;
  /**
   * Whether queries may ask for less: `name[]`, `prefix[]`, `match[]` and `shard` as above, those
   * of one kind adding to each other, kinds restricting each other and what is fixed here. Default
   * true, which allows no patterns in `match[]`; `{ patterns: true }` does, within the limits in
   * docs/subsets.md. If false, queries are not read.
   */
  readonly subsets?: boolean | SubsetOptions | undefined;
  /**
   * The package `re2js`, which matches patterns, or a function that imports it. Default undefined:
   * it is loaded by its name when a pattern needs it. Only bundles need the option, as bundlers
   * leave the package out otherwise; patterns then fail with `dependency_missing`.
   * `createExporterServer` has it always.
   */
  readonly re2js?: Re2Source | undefined;
  /**
   * Is called once with each error that a scrape met: a failed refresh, even if the last good
   * snapshot was served, and a page that could not be made or sent. Default: a line on standard
   * error, repeated ones once a minute, unless the reader has logged the same error; `() => {}`
   * logs nothing. What it throws is ignored. Clients that go away and rejected requests are not
   * errors. Refreshes that no scrape waits for go to the `onError` of the cache.
   */
  readonly onError?: ErrorListener | undefined;
}

/** Handler options with every value in place; what does not restrict the selection is undefined. */
export type CheckedHandlerOptions = Checked<HandlerOptions, keyof SelectionOptions | 're2js'>;

/** The default of every {@link HandlerOptions} field. */
export const HANDLER_DEFAULTS: CheckedHandlerOptions = Object.freeze({
  selfMetrics: true,
  metricPrefix: 'snapscrape_',
  errorPolicy: 'last-good',
  maxRequestsInFlight: 0,
  compressions: Object.freeze(['gzip'] as const),
  gzipLevel: 1,
  openMetrics: true,
  createdLines: false,
  processStartTime: false,
  scrapeTimeout: 10_000,
  scrapeTimeoutMargin: 500,
  clientTimeout: 60_000,
  names: undefined,
  prefixes: undefined,
  match: undefined,
  shard: undefined,
  subsets: true,
  re2js: undefined,
  onError: logScrapeError,
});

const isMetricPrefix: OptionCheck = (value) =>
  typeof value === 'string' && isMetricName(value)
    ? undefined
    : 'must be the beginning of a legal metric name, such as my_exporter_';

const isCodingList: OptionCheck = (value) => {
  const isSound =
    Array.isArray(value) &&
    new Set(value).size === value.length &&
    value.every((coding: unknown) => CONTENT_CODINGS.some((known) => known === coding));
  return isSound ? undefined : `must be an array of ${CONTENT_CODINGS.join(', ')}, once each`;
};

const isStartTime: OptionCheck = (value) => {
  const time = value instanceof Date ? value.getTime() : value;
  const isTime = typeof time === 'number' && Number.isFinite(time) && time >= 0;
  return isTime || typeof value === 'boolean'
    ? undefined
    : 'must be true, false, a Date or Unix milliseconds';
};

const isSubsets: OptionCheck = (value) => {
  if (typeof value !== 'object' || value === null) {
    return isBoolean(value)?.concat(' or { patterns: true }');
  }
  const { patterns, ...others }: { patterns?: unknown } = value;
  const isSound = patterns === undefined || typeof patterns === 'boolean';
  return isSound && Object.keys(others).length === 0
    ? undefined
    : 'must be true, false or { patterns: true }';
};

const isRe2Source: OptionCheck = (value) => {
  const { RE2Set }: { RE2Set?: unknown } = Object(value);
  return typeof value === 'function' || typeof RE2Set === 'function'
    ? undefined
    : 'must be the package re2js from version 2, or a function that imports it';
};

/** Checks handler options from outside; throws `invalid_options` that lists every error. */
export function checkHandlerOptions(options: unknown): CheckedHandlerOptions {
  return checkOptions('createOpenMetricsHandler', options, HANDLER_DEFAULTS, {
    selfMetrics: (value) =>
      value === 'always' || typeof value === 'boolean'
        ? undefined
        : "must be true, false or 'always'",
    metricPrefix: isMetricPrefix,
    errorPolicy: oneOf(...ERROR_POLICIES),
    maxRequestsInFlight: integerWithin(0, 1_000_000, 'requests'),
    compressions: isCodingList,
    gzipLevel: integerWithin(1, 9, 'level'),
    openMetrics: isBoolean,
    createdLines: isBoolean,
    processStartTime: isStartTime,
    scrapeTimeout: numberWithin(1, LONGEST_TIMER, 'ms'),
    scrapeTimeoutMargin: numberWithin(0, 60_000, 'ms'),
    clientTimeout: numberWithin(1, LONGEST_TIMER, 'ms'),
    ...SELECTION_CHECKS,
    subsets: isSubsets,
    re2js: isRe2Source,
    onError: isFunction,
  });
}

/** How long a scrape may wait for a refresh, in ms, by its header or else by the options. */
export function scrapeDeadline(header: string | undefined, options: CheckedHandlerOptions): number {
  const seconds = Number(header);
  const isGiven = header !== undefined && Number.isFinite(seconds) && seconds > 0;
  const timeout = isGiven ? Math.min(seconds * 1000, LONGEST_TIMER) : options.scrapeTimeout;
  return timeout - Math.min(options.scrapeTimeoutMargin, timeout / 2);
}
