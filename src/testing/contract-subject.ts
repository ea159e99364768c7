import type { MetricStore } from '../stores/metric-store.ts';

/** The options with which the suite opens stores. Every store takes them, under these names. */
export interface ContractStoreOptions {
  /** How long a series lives after its `updatedAt`, in ms. Default: `Infinity`, never ends. */
  readonly retention?: number;
  /** What `retention` is for the metric names given here, in ms. Default: none. */
  readonly retentionByFamily?: Readonly<Record<string, number>>;
  /** The time between sweeps for series beyond their retention, in ms. */
  readonly sweepInterval?: number;
  /** The most series that the data set holds. Default: `Infinity`. */
  readonly maxSeries?: number;
  /** The longest series id that is admitted, in bytes of UTF-8. Default: at least 65 536. */
  readonly maxSeriesBytes?: number;
  /** About how many changes are remembered for deltas. Default: at least 20 000. */
  readonly changeLogSize?: number;
  /** The most changes that one `snapshotDelta` returns. */
  readonly deltaBatchSize?: number;
  /** What the writer calls itself; only for stores that have `lastWrites()`. */
  readonly writer?: string;
  /** The clock, in Unix milliseconds; for points without `updatedAt` and for retention. */
  readonly now?: () => number;
}

/** One data set of one case: a file, a database, a key prefix, or the memory of one store. */
export interface ContractDataSet {
  /**
   * Opens a store over the data set. The suite closes what it opens.
   *
   * It is called a second time only where the subject is `isShared` (while the first store is open)
   * or `isDurable` (after the first store was closed).
   */
  open(options: ContractStoreOptions): MetricStore | Promise<MetricStore>;
  /** Throws the data set away; every store over it was closed before. */
  discard?(): void | Promise<void>;
}

/** The backend that the suite is to judge. */
export interface ContractSubject {
  /** Makes an empty data set, independent of all others: cases may run at the same time. */
  createDataSet(): ContractDataSet | Promise<ContractDataSet>;
  /**
   * Whether several stores may be open over one data set, each seeing what the others acknowledged.
   */
  readonly isShared: boolean;
  /** Whether a data set outlives the stores over it. */
  readonly isDurable: boolean;
  /** Whether the store keeps groups: whether `replace` works. Default: false. */
  readonly hasGroups?: boolean;
  /**
   * Whether the store keeps points that are more than a plain number: histograms, summaries,
   * timestamps, start times, exemplars. Default: false.
   */
  readonly hasAllValues?: boolean;
}

/**
 * One test of the suite. It needs no test framework: `run` rejects when the store breaks the
 * contract.
 */
export interface ContractCase {
  /** What the case is about, in a word or two: fit for the name of a group of tests. */
  readonly topic: string;
  /** What the store must do, as a sentence that begins with a verb. */
  readonly title: string;
  /** Runs the case on a data set of its own. Rejects with what `node:assert` throws. */
  readonly run: () => Promise<void>;
}
