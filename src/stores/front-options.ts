import { logError } from '../logging/default-log.ts';
import { type Checked, checkOptions } from '../model/options.ts';
import { assertDriver } from './driver-check.ts';
import {
  MEMORY_STORE_DEFAULTS,
  type SharedStoreOptions,
  STORE_OPTION_CHECKS,
} from './memory-store-options.ts';
import type { SeriesTable } from './series-table.ts';
import type { WriteLog } from './write-log.ts';

/** Checked options of a store over a driver. */
export type CheckedFrontOptions = Checked<SharedStoreOptions, 'sweepInterval' | 'writer'>;

/** What a store is beside its driver and its options. */
export interface FrontSettings {
  /** The name in errors. Default: `The store`. */
  readonly name?: string;
  /** Where unwritten points are counted, for a driver that counts there too. */
  readonly writes?: WriteLog;
  /**
   * Whether the driver has checked what it returns, so that a refresh may take it as it is.
   * Default: the store checks keys and times, and rejects and counts what is malformed.
   */
  readonly hasChecked?: boolean;
  /**
   * Whether notes of writers are commits of their own, as they are not written at once with points.
   * Default: the commits of a call have them.
   */
  readonly areNotesApart?: boolean;
  /** Whether sweeps do more than end series, so that they are needed without a retention. */
  readonly isSweepNeeded?: boolean;
  /**
   * For a driver that keeps everything in memory: how many points or series of a call are applied
   * before others run. Calls are applied in the order in which they were made, also if one is made
   * within another; points of an async iterable one by one. Default: calls go on side by side, and
   * commits are as long as the driver takes them.
   */
  readonly atOnce?: number;
  /** Writes points of series that are expected, if the driver can; only with `atOnce`. */
  readonly expectedPuts?: SeriesTable;
}

// How many changes are remembered is the driver's matter.
const { changeLogSize: _default, ...DEFAULTS } = MEMORY_STORE_DEFAULTS;
const { changeLogSize: _check, ...CHECKS } = STORE_OPTION_CHECKS;

/**
 * Checks a driver, and the options of a store over it; throws `invalid_options` with every fault of
 * either.
 */
export function checkFrontOptions(driver: unknown, given: unknown): CheckedFrontOptions {
  assertDriver(driver);
  const onError: CheckedFrontOptions['onError'] = (error) => logError('store', error);
  return checkOptions<CheckedFrontOptions>(
    'createStoreOver',
    given,
    { ...DEFAULTS, onError },
    CHECKS,
  );
}
