import { logError } from '../logging/default-log.ts';
import { wallClock } from '../model/clock.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { isAnyMetricName } from '../model/key/index.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  isFunction,
  isShortName,
  LONGEST_TIMER,
  numberWithin,
  type OptionCheck,
} from '../model/options.ts';

/** Options of a {@link MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * How long a series lives after its `updatedAt`, in ms. Series beyond it end at the next sweep:
   * until then a snapshot still has them, and a point that is written too old already is accepted
   * and swept. A point from the future lives until then and longer. Default: `Infinity`, never. At
   * least 1.
   */
  readonly retention?: number | undefined;
  /**
   * What `retention` is for the metric names given here, in ms: `{ jobs_running: 60_000 }`.
   * `Infinity` keeps series of that name for ever. Default: none. At least 1.
   */
  readonly retentionByFamily?: Readonly<Record<string, number>> | undefined;
  /**
   * The time between sweeps for series beyond their retention, in ms. The timer does not keep the
   * process alive, and there is none while every retention is `Infinity`. Default: the shortest
   * retention, but from 1 000 to 60 000. From 1 to 2 147 483 647, the longest that a timer can
   * wait.
   */
  readonly sweepInterval?: number | undefined;
  /**
   * The most series that the store holds. A point of a new series beyond it is refused with the
   * reason `series_limit`; series that exist go on. Default: `Infinity`. At least 0.
   */
  readonly maxSeries?: number | undefined;
  /**
   * The longest series id that is admitted, in bytes of UTF-8; points of longer ones are refused
   * with the reason `series_too_long`. Default: 65 536. From 64 to 16 777 216.
   */
  readonly maxSeriesBytes?: number | undefined;
  /**
   * How many changes are remembered for deltas. A reader that falls further behind is told to read
   * everything again. One change costs 8 bytes, plus the id of a series that has ended. Default:
   * 262 144. From 1 to 16 777 216.
   */
  readonly changeLogSize?: number | undefined;
  /**
   * The most changes that one `snapshotDelta` returns; more follow in the next batch. A batch is
   * made at once, so it bounds how long a delta holds the event loop; `MemoryStore` returns 16 384
   * at most, `LmdbStore` 1 024. Default: 10 000. From 1 to 16 777 216.
   */
  readonly deltaBatchSize?: number | undefined;
  /**
   * What this writer calls itself: the label `writer` of the time of its latest write on the page.
   * From 1 to 100 of the characters `A-Z a-z 0-9 _ . : -`. Default: none; all writers without a
   * name count as one.
   */
  readonly writer?: string | undefined;
  /**
   * The clock, in Unix milliseconds: for points without `updatedAt` and for retention. The sweep's
   * own timer does not follow it. Default: `Date.now`.
   */
  readonly now?: (() => number) | undefined;
  /**
   * Is called with the error of each sweep that failed in the background. Default: a line on
   * standard error, repeated ones once a minute; `() => {}` logs nothing. What it throws is
   * ignored.
   */
  readonly onError?: ((error: SnapscrapeError) => void) | undefined;
}

/** The options that every store has; they mean the same. */
export type SharedStoreOptions = Pick<
  MemoryStoreOptions,
  | 'retention'
  | 'retentionByFamily'
  | 'sweepInterval'
  | 'maxSeries'
  | 'maxSeriesBytes'
  | 'deltaBatchSize'
  | 'writer'
  | 'now'
  | 'onError'
>;

/** Checked options. The default of `sweepInterval` follows from the retention. */
export type CheckedMemoryStoreOptions = Checked<MemoryStoreOptions, 'sweepInterval' | 'writer'>;

/** The defaults of {@link MemoryStoreOptions}. */
export const MEMORY_STORE_DEFAULTS: CheckedMemoryStoreOptions = Object.freeze({
  retention: Number.POSITIVE_INFINITY,
  retentionByFamily: Object.freeze({}),
  sweepInterval: undefined,
  maxSeries: Number.POSITIVE_INFINITY,
  maxSeriesBytes: 65_536,
  changeLogSize: 262_144,
  deltaBatchSize: 10_000,
  writer: undefined,
  now: wallClock,
  onError: (error) => logError('memory_store', error),
});

const MOST_ENTRIES = 16_777_216;

const isRetention = numberWithin(1, Number.POSITIVE_INFINITY, 'milliseconds');

const isRetentionByFamily: OptionCheck = (value) => {
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) {
    return 'must be an object of metric names and milliseconds';
  }
  const faults: string[] = [];
  for (const [name, retention] of Object.entries(value)) {
    const subject = `under ${JSON.stringify(name.slice(0, 60))}`;
    if (!isAnyMetricName(name)) faults.push(`${subject} must be a legal metric name`);
    const fault = isRetention(retention);
    if (fault !== undefined) faults.push(`${subject} ${fault}`);
  }
  return faults.length === 0 ? undefined : faults.join(', ');
};

/** What is checked of the options that every store has. */
export const STORE_OPTION_CHECKS: Readonly<Record<keyof MemoryStoreOptions, OptionCheck>> = {
  retention: isRetention,
  retentionByFamily: isRetentionByFamily,
  sweepInterval: numberWithin(1, LONGEST_TIMER, 'milliseconds'),
  maxSeries: integerWithin(0, Number.POSITIVE_INFINITY, 'series'),
  maxSeriesBytes: integerWithin(64, MOST_ENTRIES, 'bytes'),
  changeLogSize: integerWithin(1, MOST_ENTRIES, 'changes'),
  deltaBatchSize: integerWithin(1, MOST_ENTRIES, 'changes'),
  writer: isShortName,
  now: isFunction,
  onError: isFunction,
};

/** Checks the options of a {@link MemoryStore}: every fault is in one `invalid_options` error. */
export function checkMemoryStoreOptions(given: unknown): CheckedMemoryStoreOptions {
  return checkOptions<CheckedMemoryStoreOptions>(
    'MemoryStore',
    given,
    MEMORY_STORE_DEFAULTS,
    STORE_OPTION_CHECKS,
  );
}
