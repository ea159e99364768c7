import { logError } from '../logging/default-log.ts';
import { soundClock, wallClock } from '../model/clock.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
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

/** How a cached reader refreshes. Every field may be left out. */
export interface CacheConfig {
  /**
   * Whether refreshes ask for changes only (`incremental`) or read everything each time (`full`).
   * Default `incremental`; a source without cursor and delta is always read fully.
   */
  readonly mode?: 'full' | 'incremental' | undefined;
  /**
   * How old the data may get before it is refreshed, in ms. Default 30 000; from 0 (each read
   * refreshes) to 2 147 483 647. Without `background` it is judged at each read; a read in
   * the second half of the interval also has the refresh made when it falls due, so that a scraper
   * with the same interval never finds data of twice its age.
   */
  readonly refreshInterval?: number | undefined;
  /**
   * Whether a timer refreshes, independent of reads, with 10 % jitter, and after a failure sooner:
   * after 1 s, then 2, 4 … up to the interval. Default false. The timer does not keep the process
   * alive. Reads then wait for a refresh only where the snapshot is older than `maxStaleness`;
   * `close()` ends the timer.
   */
  readonly background?: boolean | undefined;
  /**
   * How long one refresh may take, in ms; then its `signal` is aborted and it has failed. Default
   * 30 000; from 1 to 2 147 483 647.
   */
  readonly refreshTimeout?: number | undefined;
  /**
   * How old the last good snapshot may get while refreshes fail, in ms; beyond that reads reject
   * with `snapshot_stale` and scrapes get 503. Default: ten refresh intervals, at least 300 000,
   * which is how far back Prometheus looks. From 0; `Infinity` serves it for ever.
   */
  readonly maxStaleness?: number | undefined;
  /**
   * How often an incremental cache reads everything again nevertheless, in ms, against sources that
   * lose changes. Default `Infinity`: never; from 1.
   */
  readonly fullRefreshInterval?: number | undefined;
  /** Metadata of families, added to the source's own; the source's word stands. Default none. */
  readonly families?: readonly FamilyMetadata[] | undefined;
  /**
   * The longest series id that is admitted, in bytes of UTF-8. Default 65 536; from 64 to
   * 16 777 216.
   */
  readonly maxSeriesBytes?: number | undefined;
  /**
   * How long a refresh may hold the event loop at a stretch, in ms. Default 5; from 1 to 1000. It
   * is aimed at: garbage collection and a source's own work come on top.
   */
  readonly sliceBudget?: number | undefined;
  /**
   * The wall clock, in Unix milliseconds, for timestamps. Default `Date.now`. Ages, `maxStaleness`
   * and due times run on the process's own clock, so a wall clock that is set back or forward
   * changes none of them. A step back only makes a refresh due at once. If this option is given,
   * ages follow it instead, for tests; over a step back of it they follow the process's own clock.
   */
  readonly now?: (() => number) | undefined;
  /**
   * Is called with the error of each failed refresh and each fallback. Default: a line on standard
   * error, repeated ones once a minute; `() => {}` logs nothing. What it throws is ignored.
   */
  readonly onError?: ((error: SnapscrapeError) => void) | undefined;
}

/** A cache configuration with every value in place. */
export type CheckedCacheConfig = Checked<CacheConfig>;

/**
 * The default of every {@link CacheConfig} field; `maxStaleness` is the least it can be by default.
 */
export const CACHE_DEFAULTS: CheckedCacheConfig = Object.freeze({
  mode: 'incremental',
  refreshInterval: 30_000,
  background: false,
  refreshTimeout: 30_000,
  maxStaleness: 300_000,
  fullRefreshInterval: Number.POSITIVE_INFINITY,
  families: Object.freeze([]),
  maxSeriesBytes: 65_536,
  sliceBudget: 5,
  now: Date.now,
  onError: (error) => logError('cache', error),
});

const isFamilyList: OptionCheck = (value) =>
  Array.isArray(value) ? undefined : 'must be an array of family metadata';

/** Checks a cache configuration from outside; throws `invalid_options` that lists every fault. */
export function checkCacheConfig(config: unknown): CheckedCacheConfig {
  const checked = checkOptions('createCachedSnapshotReader', config, CACHE_DEFAULTS, {
    mode: oneOf('full', 'incremental'),
    refreshInterval: numberWithin(0, LONGEST_TIMER, 'ms'),
    background: isBoolean,
    refreshTimeout: numberWithin(1, LONGEST_TIMER, 'ms'),
    maxStaleness: numberWithin(0, Number.POSITIVE_INFINITY, 'ms'),
    fullRefreshInterval: numberWithin(1, Number.POSITIVE_INFINITY, 'ms'),
    families: isFamilyList,
    maxSeriesBytes: integerWithin(64, 16_777_216, 'bytes'),
    sliceBudget: numberWithin(1, 1000, 'ms'),
    now: isFunction,
    onError: isFunction,
  });
  // The default is looked up at each call, so that a replaced `Date.now` is followed.
  const now = soundClock(checked.now === CACHE_DEFAULTS.now ? wallClock : checked.now);
  if ((config as CacheConfig | undefined)?.maxStaleness !== undefined) {
    return Object.freeze({ ...checked, now });
  }
  const maxStaleness = Math.max(CACHE_DEFAULTS.maxStaleness, 10 * checked.refreshInterval);
  return Object.freeze({ ...checked, now, maxStaleness });
}
