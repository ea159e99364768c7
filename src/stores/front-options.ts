import { logError } from '../logging/default-log.ts';
import { type Checked, checkOptions } from '../model/options.ts';
import {
  MEMORY_STORE_DEFAULTS,
  type SharedStoreOptions,
  STORE_OPTION_CHECKS,
} from './memory-store-options.ts';

/** Checked options of a store over a driver. */
export type CheckedFrontOptions = Checked<SharedStoreOptions, 'sweepInterval' | 'writer'>;

// How many changes are remembered is the driver's matter.
const { changeLogSize: _default, ...DEFAULTS } = MEMORY_STORE_DEFAULTS;
const { changeLogSize: _check, ...CHECKS } = STORE_OPTION_CHECKS;

/** Checks the options of a store over a driver; throws `invalid_options` with every fault. */
export function checkFrontOptions(given: unknown): CheckedFrontOptions {
  const onError: CheckedFrontOptions['onError'] = (error) => logError('store', error);
  return checkOptions<CheckedFrontOptions>(
    'createStoreOver',
    given,
    { ...DEFAULTS, onError },
    CHECKS,
  );
}
