import type { ProgramLog } from '../logging/program-log.ts';
import { errorFields } from './program-logger.ts';

/**
 * Makes what libraries print lines of the log. lmdb prints an error with its stack for each commit
 * that fails; the call fails too, and tells why, so these lines are for developers.
 */
export function logLibraries(log: ProgramLog): void {
  const write = (first: unknown): void => {
    log.debug('library', 'A library reports', errorFields(first));
  };
  console.error = write;
  console.warn = write;
}
