import type { ProgramLog } from '../logging/program-log.ts';
import type { Lifetimes } from './group-lifetimes.ts';

/** What groups need of their gateway. */
export interface GroupSettings {
  /** The most groups; a push that would make one more is refused. */
  readonly groupLimit: number;
  readonly lifetimes: Lifetimes;
  /** The clock, in Unix ms. */
  readonly now: () => number;
  /**
   * Is called when the store has taken a write, and with the error when it could not take one. A
   * push that the store refuses is neither.
   */
  readonly onWrite?: (failure?: unknown) => void;
  /** Takes a line for each round in which groups expired, and if the store cannot be tidied up. */
  readonly log: ProgramLog;
  /** Is called when the store could not be tidied up after a write that it took. */
  readonly onUntidy?: () => void;
  /**
   * Whether others write to the store too, and its page is OpenMetrics: then a label without a value
   * is none, and a push is refused whose values, or the types of whose families, do not go with that.
   * Default: false.
   */
  readonly isShared?: boolean;
}
