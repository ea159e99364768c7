import { logError } from '../logging/default-log.ts';
import { soundClock } from '../model/clock.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { isAnyLabelName } from '../model/key/index.ts';
import {
  type Checked,
  checkOptions,
  invalidOptions,
  isFunction,
  isReader,
  LONGEST_TIMER,
  numberWithin,
  type OptionCheck,
  oneOf,
} from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { MergedDuplicates } from '../snapshot/combine-lines.ts';

/** A reader with a name, under which its state is on the page. */
export interface NamedReader {
  /**
   * From 1 to 100 of the characters `A-Z a-z 0-9 _ . : -`; no other reader of the list may have it.
   */
  readonly name: string;
  /** The reader. */
  readonly reader: SnapshotReader;
}

/** How readers are merged. Every field is optional. */
export interface MergeOptions {
  /**
   * What becomes of a series that several readers have. `first`: the sample of the first reader in
   * the list. `newest`: the one with the newest `updatedAt`, at a tie that of the first. `add`: the
   * sum of all values; while a reader has no snapshot to give, the sum lacks its part. Default
   * `first`: a series then stays with one reader for as long as that has it, and a counter does not
   * jump between two.
   *
   * A sum of histograms has the classic buckets that all of them have, and native ones if all are
   * of one schema. A sum of summaries has no quantiles. A sum has the exemplars of the first reader
   * that has any, and no timestamp or start time. Infos and state sets are not added: `first`
   * applies to them.
   */
  readonly duplicates?: 'first' | 'newest' | 'add' | undefined;
  /**
   * The name of a label that each series gets, with the name of its reader as the value, so that no
   * two readers have the same series. A label of that name which a series has already becomes
   * `exported_<name>`. A family that changed is labelled again as a whole: some 3 µs a series.
   * Default: none. It must not be `__name__`, nor `le` or `quantile`, which no histogram or summary
   * may have.
   */
  readonly readerLabel?: string | undefined;
  /**
   * How long one read of a reader may take, in ms; then a cached one's last good snapshot is taken,
   * and any other one has failed. Default 10 000; from 1 to 2 147 483 647. If the scrape has less
   * time, that counts. A source that takes longer belongs behind a cache of its own.
   */
  readonly readerTimeout?: number | undefined;
  /** How long merging may hold the event loop at a stretch, in ms. Default 5; from 1 to 1000. */
  readonly sliceBudget?: number | undefined;
  /**
   * The clock, in Unix milliseconds, for the log of samples that are left out. Default `Date.now`.
   */
  readonly now?: (() => number) | undefined;
  /**
   * Is called with the error of each failed read of a reader, and the reader's name. Default: a
   * line on standard error, repeated ones once a minute; `() => {}` logs nothing. What it throws is
   * ignored.
   */
  readonly onError?: ((error: SnapscrapeError, reader: string) => void) | undefined;
}

/** Merge options with every value in place. */
export type CheckedMergeOptions = Checked<MergeOptions, 'readerLabel'>;

/** The default of every {@link MergeOptions} field. */
export const MERGE_DEFAULTS: CheckedMergeOptions = Object.freeze({
  duplicates: 'first' satisfies MergedDuplicates,
  readerLabel: undefined,
  readerTimeout: 10_000,
  sliceBudget: 5,
  now: Date.now,
  onError: (error, reader) => logError('merged_reader', error, { reader }),
});

const isReaderLabel: OptionCheck = (value) =>
  typeof value === 'string' && isAnyLabelName(value) && value !== 'le' && value !== 'quantile'
    ? undefined
    : 'must be a legal label name other than __name__, le and quantile';

/** Checks merge options from outside; throws `invalid_options` that lists every error. */
export function checkMergeOptions(options: unknown): CheckedMergeOptions {
  const checked = checkOptions('mergeReaders', options, MERGE_DEFAULTS, {
    duplicates: oneOf('first', 'newest', 'add'),
    readerLabel: isReaderLabel,
    readerTimeout: numberWithin(1, LONGEST_TIMER, 'ms'),
    sliceBudget: numberWithin(1, 1000, 'ms'),
    now: isFunction,
    onError: isFunction,
  });
  return Object.freeze({ ...checked, now: soundClock(checked.now) });
}

const READER_NAME = /^[\w.:-]{1,100}$/;

/**
 * Checks a list of readers from outside and names those that have no name: `reader_1`, `reader_2`
 * and so on, by their place. Throws `invalid_options` that lists every error.
 */
export function checkReaders(given: unknown): readonly NamedReader[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalidOptions('mergeReaders', ['readers must be an array of at least one reader']);
  }
  const errors: string[] = [];
  const names = new Set<string>();
  const readers = new Set<SnapshotReader>();
  const checked: NamedReader[] = [];
  for (const [at, entry] of (given as readonly unknown[]).entries()) {
    const named = readEntry(entry, at);
    if (typeof named === 'string') errors.push(named);
    else if (names.has(named.name)) errors.push(`${where(at)} has the name of another one`);
    else if (readers.has(named.reader)) errors.push(`${where(at)} is in the list already`);
    else {
      names.add(named.name);
      readers.add(named.reader);
      checked.push(named);
    }
  }
  if (errors.length > 0) throw invalidOptions('mergeReaders', errors);
  return checked;
}

/** A reader with its name, or what is wrong with it. */
function readEntry(entry: unknown, at: number): NamedReader | string {
  if (isReader(entry)) return { name: `reader_${at + 1}`, reader: entry };
  const { name, reader } = (entry ?? {}) as Record<string, unknown>;
  if (!isReader(reader)) {
    return `${where(at)} must be a snapshot reader, an object with a snapshot() method, or { name, reader }`;
  }
  if (typeof name === 'string' && READER_NAME.test(name)) return { name, reader };
  return `${where(at)} must have a name of 1 to 100 letters, digits and _ . : -`;
}

function where(at: number): string {
  return `readers[${at}]`;
}
