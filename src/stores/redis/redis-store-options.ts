import { logError } from '../../logging/default-log.ts';
import type { SnapscrapeError } from '../../model/errors.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  invalidOptions,
  isFunction,
  LONGEST_TIMER,
  numberWithin,
  type OptionCheck,
} from '../../model/options.ts';
import {
  MEMORY_STORE_DEFAULTS,
  type SharedStoreOptions,
  STORE_OPTION_CHECKS,
} from '../memory-store-options.ts';
import { type Layout, MOST_BUCKETS_EACH, MOST_PARTITIONS, SCHEMA } from './layout.ts';

/** Options of a `RedisStore`. */
export interface RedisStoreOptions extends SharedStoreOptions {
  /**
   * What all keys begin with, so that several data sets and other programs share a server: any text
   * without braces, at most 200 characters. Default: `snapscrape:`.
   */
  readonly keyPrefix?: string | undefined;
  /**
   * How long one command may take, in ms, waiting for the connection included; after that the call
   * rejects with `store_unavailable`. A connection is given up if its server answers nothing for so
   * long, and if it is not open after nine tenths of it. One call makes many commands if there is
   * much to read or write. Default: 5 000. From 1 to 2 147 483 647.
   */
  readonly timeout?: number | undefined;
  /**
   * How many changes are remembered in Redis for deltas, over all partitions. A reader that falls
   * further behind has to read everything again. One change costs about the length of its series id
   * and 20 bytes. Processes with different sizes over one data set each trim the log to their own
   * when they write. If more changes are made while a snapshot of over 1 000 series is read, the
   * snapshot is read again. Default: 262 144. From 1 to 16 777 216.
   */
  readonly changeLogSize?: number | undefined;
  /**
   * Into how many parts the data set is divided when it is made; each has a slot of a cluster and a
   * log of its own. A store that opens it later takes it as it is. Default: 16 for a cluster, else
   * 1, which keeps cursors short. From 1 to 256.
   */
  readonly partitions?: number | undefined;
  /**
   * Into how many hashes the series are divided when the data set is made: about one for each 1 000
   * series that are to be expected. Ten times as many series only make single reads longer.
   * Default: 1 024. From 1 to 1 048 576, and at most 4 096 to a partition.
   */
  readonly buckets?: number | undefined;
  /**
   * Makes this store the only writer, for so many ms at a time: it takes a lease in Redis at its
   * first write and keeps it with its later ones. Writes of all other stores over the data set
   * reject with `store_fenced` until the lease has ended or this store is closed. Reads need no
   * lease. Give it to every writer: one without it writes between leases, and then nothing keeps
   * out the late write of a holder that was stopped. Default: none; any number of stores write.
   * From 100 to 2 147 483 647.
   */
  readonly writerLease?: number | undefined;
  /**
   * Is called with each error of the connection, whenever it breaks or cannot be made, and with
   * that of each sweep that failed in the background. At open it is called if Redis may evict
   * series, if the user has only some of the rights, and if a key of the data set has another type.
   * Default: a line on standard error, repeated ones once a minute; `() => {}` logs nothing. What
   * it throws is ignored.
   */
  readonly onError?: ((error: SnapscrapeError) => void) | undefined;
}

/** Checked options; what is undefined follows from others. */
export type CheckedRedisStoreOptions = Checked<
  RedisStoreOptions,
  'sweepInterval' | 'partitions' | 'writerLease' | 'writer'
>;

/** The defaults of {@link RedisStoreOptions}. */
export const REDIS_STORE_DEFAULTS: CheckedRedisStoreOptions = Object.freeze({
  ...MEMORY_STORE_DEFAULTS,
  keyPrefix: 'snapscrape:',
  timeout: 5_000,
  partitions: undefined,
  buckets: 1_024,
  writerLease: undefined,
  onError: (error) => logError('redis_store', error),
});

const CLUSTER_PARTITIONS = 16;

const isKeyPrefix: OptionCheck = (value) =>
  // Braces decide on the slot in a cluster; where they stand must be ours to say.
  typeof value === 'string' && value.length <= 200 && !/[{}]/.test(value)
    ? undefined
    : 'must be a text of at most 200 characters without braces';

/** Checks the options of a `RedisStore`: every fault is in one `invalid_options` error. */
export function checkRedisStoreOptions(given: unknown): CheckedRedisStoreOptions {
  return checkOptions<CheckedRedisStoreOptions>('RedisStore', given, REDIS_STORE_DEFAULTS, {
    ...STORE_OPTION_CHECKS,
    keyPrefix: isKeyPrefix,
    timeout: numberWithin(1, LONGEST_TIMER, 'milliseconds'),
    partitions: integerWithin(1, MOST_PARTITIONS, 'partitions'),
    buckets: integerWithin(1, 1_048_576, 'buckets'),
    writerLease: numberWithin(100, LONGEST_TIMER, 'milliseconds'),
    onError: isFunction,
  });
}

/** How a data set that is made with these options is laid out. */
export function layoutOf(
  { partitions: given, buckets: all }: CheckedRedisStoreOptions,
  kind: 'standalone' | 'sentinel' | 'cluster' | 'client',
): Layout {
  const partitions = given ?? (kind === 'cluster' ? CLUSTER_PARTITIONS : 1);
  const buckets = Math.ceil(all / partitions);
  if (buckets <= MOST_BUCKETS_EACH) return { schema: SCHEMA, partitions, buckets };
  throw invalidOptions('RedisStore', [
    `buckets (${all}) must be at most ${MOST_BUCKETS_EACH} for each of the ${partitions} partitions`,
  ]);
}
