import { isMetricName } from '../model/family-metadata.ts';
import {
  checkOptions,
  integerWithin,
  isBoolean,
  LONGEST_TIMER,
  numberWithin,
  type OptionCheck,
} from '../model/options.ts';

/** How a handler serves. Every field may be left out; the defaults are {@link HANDLER_DEFAULTS}. */
export interface HandlerOptions {
  /**
   * Whether each page ends with the handler's own metrics: refreshes, ages, refused points, requests.
   * Default true. Where the source has a family of the same name, the source's is served.
   */
  readonly selfMetrics?: boolean | undefined;
  /** What the names of the handler's own metrics begin with. Default `snapscrape_`; a legal name. */
  readonly metricPrefix?: string | undefined;
  /** The effort of gzip, from 1 (fast) to 9 (small). Default 1, which is within a tenth of 6 in size. */
  readonly gzipLevel?: number | undefined;
  /**
   * How long a scrape may wait for a refresh, in ms, where the scraper does not say so by
   * `X-Prometheus-Scrape-Timeout-Seconds`; then the last good snapshot is served, or 503. Default
   * 10 000, Prometheus's own default; from 1 to 2 147 483 647.
   */
  readonly scrapeTimeout?: number | undefined;
  /**
   * How much sooner than the scraper's timeout an answer is due, in ms, for the way back; at most half
   * of the timeout is taken. Default 500; from 0 to 60 000.
   */
  readonly scrapeTimeoutMargin?: number | undefined;
  /**
   * How long a client may take to read a page, in ms; then its connection is cut, so that stalled
   * clients cannot hold old snapshots in memory. Default 60 000; from 1 to 2 147 483 647. Only for
   * `node:http`; a web-standard server bounds its own writes.
   */
  readonly clientTimeout?: number | undefined;
}

/** Handler options with every value in place. */
export type CheckedHandlerOptions = {
  readonly [K in keyof HandlerOptions]-?: NonNullable<HandlerOptions[K]>;
};

/** The default of every {@link HandlerOptions} field. */
export const HANDLER_DEFAULTS: CheckedHandlerOptions = Object.freeze({
  selfMetrics: true,
  metricPrefix: 'snapscrape_',
  gzipLevel: 1,
  scrapeTimeout: 10_000,
  scrapeTimeoutMargin: 500,
  clientTimeout: 60_000,
});

const isMetricPrefix: OptionCheck = (value) =>
  typeof value === 'string' && isMetricName(value)
    ? undefined
    : 'must be the beginning of a legal metric name, such as my_exporter_';

/** Checks handler options from outside; throws `invalid_options` that lists every fault. */
export function checkHandlerOptions(options: unknown): CheckedHandlerOptions {
  return checkOptions('createOpenMetricsHandler', options, HANDLER_DEFAULTS, {
    selfMetrics: isBoolean,
    metricPrefix: isMetricPrefix,
    gzipLevel: integerWithin(1, 9, 'level'),
    scrapeTimeout: numberWithin(1, LONGEST_TIMER, 'ms'),
    scrapeTimeoutMargin: numberWithin(0, 60_000, 'ms'),
    clientTimeout: numberWithin(1, LONGEST_TIMER, 'ms'),
  });
}

/** How long a scrape may wait for a refresh, in ms, by its header or else by the options. */
export function scrapeDeadline(header: string | undefined, options: CheckedHandlerOptions): number {
  const seconds = Number(header);
  const isGiven = header !== undefined && Number.isFinite(seconds) && seconds > 0;
  const timeout = isGiven ? Math.min(seconds * 1000, LONGEST_TIMER) : options.scrapeTimeout;
  return timeout - Math.min(options.scrapeTimeoutMargin, timeout / 2);
}
