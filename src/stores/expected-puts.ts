import type { KnownKey } from '../model/key/index.ts';
import type { PutOutcome } from './driver.ts';

/**
 * Writes plain numbers one by one, each to the series that is expected next, without a commit. A
 * point of another series needs a commit, from which the next expectation follows.
 */
export interface ExpectedPuts {
  /** Notes that a call begins to write. */
  begin(): void;
  /**
   * The series that is expected next; undefined if none is. The object is reused by the next call.
   * The caller sets its `form` once that is known, and `putExpected` keeps it.
   */
  expected(): KnownKey | undefined;
  /** Writes to that series, by the same rules as a commit. */
  putExpected(value: number, time: number, isTimeSupplied: boolean): ExpectedOutcome;
}

/** The outcome for a point of a series that is stored and that no group owns. */
export type ExpectedOutcome = Exclude<PutOutcome, 'added' | 'owned'>;
