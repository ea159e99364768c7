import type { MetricStore } from '../../src/index.ts';

/** A store to be measured, over an empty data set of its own. */
export interface StoreSubject {
  /** What the column is called. */
  readonly name: string;
  /** Makes the data set and opens a store over it. */
  open(): Promise<OpenedStore>;
}

/** A store while it is measured. */
interface OpenedStore {
  readonly store: MetricStore;
  /**
   * How many bytes the data set takes where it is kept; undefined where that is this process's
   * memory.
   */
  bytes(): Promise<number | undefined>;
  /**
   * Opens another store over the same data set, as a process does that starts; undefined where none
   * can.
   */
  reopen?(): Promise<MetricStore>;
  /** Closes the stores and throws the data set away. */
  discard(): Promise<void>;
}
