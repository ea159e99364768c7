import { logError } from '../../logging/default-log.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  LONGEST_TIMER,
  numberWithin,
} from '../../model/options.ts';
import {
  MEMORY_STORE_DEFAULTS,
  type SharedStoreOptions,
  STORE_OPTION_CHECKS,
} from '../memory-store-options.ts';

/** Options of an `LmdbStore`. */
export interface LmdbStoreOptions extends SharedStoreOptions {
  /**
   * How many changes are remembered in the file for deltas. A reader that falls further behind
   * reads everything again. One change costs about the length of its series id. Processes
   * with different sizes on one file each trim the log to their own when they write. Default:
   * 262 144. From 1 to 16 777 216.
   */
  readonly changeLogSize?: number | undefined;
  /**
   * How long one snapshot may be read, in ms; after that its iteration throws `snapshot_expired`.
   * While it is read the file keeps what it shows, and grows by what is written meanwhile. So it is
   * between two batches of a delta; without the next one in this time, the delta goes on to the
   * newest state. Default: 60 000. From 1 to 2 147 483 647.
   */
  readonly maxReadTime?: number | undefined;
  /**
   * How many readers the file has room for: an open snapshot takes one, and so do a delta between
   * its batches and each process for its short reads. Beyond it reads fail with
   * `store_unavailable`. It is set by the process that opens the file while no other has it open,
   * so give all processes the same. Default: 126. From 1 to 65 536.
   */
  readonly maxReaders?: number | undefined;
}

/** Checked options. The default of `sweepInterval` follows from the retention. */
export type CheckedLmdbStoreOptions = Checked<LmdbStoreOptions, 'sweepInterval' | 'writer'>;

/** The defaults of {@link LmdbStoreOptions}. */
export const LMDB_STORE_DEFAULTS: CheckedLmdbStoreOptions = Object.freeze({
  ...MEMORY_STORE_DEFAULTS,
  maxReadTime: 60_000,
  onError: (error) => logError('lmdb_store', error),
  maxReaders: 126,
});

/** Checks the options of an `LmdbStore`: every fault is in one `invalid_options` error. */
export function checkLmdbStoreOptions(given: unknown): CheckedLmdbStoreOptions {
  return checkOptions<CheckedLmdbStoreOptions>('LmdbStore', given, LMDB_STORE_DEFAULTS, {
    ...STORE_OPTION_CHECKS,
    maxReadTime: numberWithin(1, LONGEST_TIMER, 'milliseconds'),
    maxReaders: integerWithin(1, 65_536, 'readers'),
  });
}
