import { setImmediate } from 'node:timers/promises';
import type { Entries } from '../../model/entries.ts';
import { SnapscrapeError } from '../../model/errors.ts';
import type { ReadOptions } from '../../model/snapshot-reader.ts';
import { type BucketPage, BucketReading, entriesOf } from './bucket-reading.ts';
import { formatCursor, isSamePlace, type Position } from './cursor.ts';
import type { DataSet } from './data-set.ts';
import { type LogPart, readLog } from './partition-log.ts';
import { readSamples } from './stored-sample.ts';

// How often a snapshot is read that others tear before it fails.
const MOST_TRIES = 3;
const PAGE_SERIES = 1_000;
const LOG_CHANGES = 10_000;

/** What one reading of all partitions found. */
interface Reading {
  readonly pages: BucketPage[];
  /** What series became while they were read: the text of the sample, empty for an end. */
  readonly changes: ReadonlyMap<string, string>;
  /** The cursor of exactly these pages and changes. */
  readonly cursor: string;
  /** The version of the families when the reading began. */
  readonly families: string | undefined;
}

/**
 * Reads one state of all partitions, as text.
 *
 * Others write while it reads. What they change is in the log, so the changes up to one place are
 * applied to what was read, before anything of it is given away: all pages are held until then. If
 * the log lacks changes that reads saw (a failover, a restored backup, `FLUSHALL`, more changes
 * than are remembered) it reads again, and fails in the end rather than mix two states.
 */
export async function readState(dataSet: DataSet, options: ReadOptions): Promise<Reading> {
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const reading = await readOnce(dataSet, options);
    if (reading === undefined) continue;
    // A group is replaced together with its metadata, so both are of one state.
    const { families } = await dataSet.readMeta('snapshot');
    if (families === reading.families || tries === MOST_TRIES) return reading;
  }
  throw new SnapscrapeError(
    'store_unavailable',
    'The data set in Redis was replaced while its snapshot was read, or had more changes meanwhile than ' +
      'changeLogSize; read it again, or raise changeLogSize in every writer',
  );
}

/** The series of a state; each page is taken apart when it is come to. To be called once. */
export async function* pagesOf({ pages, changes }: Reading): AsyncGenerator<Entries, void> {
  for (let page = pages.shift(); page !== undefined; page = pages.shift()) {
    yield entriesOf(page, changes);
    // Nothing is waited for any more, and others must get their turn.
    await setImmediate();
  }
  const changed = [...changes].filter(([, text]) => text !== '');
  for (let from = 0; from < changed.length; from += PAGE_SERIES) {
    yield readSamples(changed.slice(from, from + PAGE_SERIES).flat(), 'bucket');
    await setImmediate();
  }
}

/** Reads the series page by page; what others change meanwhile may be in it or not. */
export async function* readPages(
  dataSet: DataSet,
  options: ReadOptions,
): AsyncGenerator<Entries, void> {
  const layout = await dataSet.readLayout('snapshot');
  for (let partition = 0; partition < layout.partitions; partition++) {
    const reading = new BucketReading(dataSet, partition, layout, options);
    for await (const page of reading.pages()) yield entriesOf(page, new Map());
  }
}

/** Reads everything; undefined if it is no state. */
async function readOnce(dataSet: DataSet, options: ReadOptions): Promise<Reading | undefined> {
  const { layout, families } = await dataSet.readMeta('snapshot');
  const pages: BucketPage[] = [];
  const seen: Position[][] = [];
  for (let partition = 0; partition < layout.partitions; partition++) {
    const places: Position[] = [];
    seen.push(places);
    for await (const page of new BucketReading(dataSet, partition, layout, options).pages()) {
      pages.push(page);
      if (!places.some((place) => isSamePlace(place, page.at))) places.push(page.at);
    }
  }
  const firsts = seen.map((places) => places[0]!);
  // One read is of one moment.
  if (pages.length === 1) return { pages, changes: new Map(), cursor: cursorOf(firsts), families };
  const heads = await dataSet.heads('snapshot', layout);
  const changes = new Map<string, string>();
  for (const [partition, { at: until }] of heads.entries()) {
    const read = (at: Position) => readLog(dataSet, partition, { at, until, most: LOG_CHANGES });
    if (!(await applyChanges(read, seen[partition]!, until, changes))) return undefined;
  }
  return { pages, changes, cursor: cursorOf(heads.map(({ at }) => at)), families };
}

function cursorOf(places: readonly Position[]): string {
  return formatCursor(places.map((at) => ({ at })));
}

/**
 * Notes the changes of a partition since its first read; returns false if the log does not have all
 * of them, or not all places that reads saw.
 */
async function applyChanges(
  read: (from: Position) => Promise<LogPart | undefined>,
  seen: readonly Position[],
  until: Position,
  changes: Map<string, string>,
): Promise<boolean> {
  const at = seen[0]!;
  if (seen.length === 1 && isSamePlace(at, until)) return true;
  // Every history begins with nothing: whether this is the one that other reads saw cannot be told.
  if (at.seq === 0) return false;
  const unseen = new Map(seen.map(({ seq, token }) => [seq, token]));
  if (unseen.size < seen.length) return false;
  unseen.delete(at.seq);
  for (let from = at; ; ) {
    const part = await read(from);
    if (part === undefined) return false;
    for (const { end, token, changes: pairs } of part.entries) {
      if (unseen.get(end) === token) unseen.delete(end);
      for (let i = 0; i < pairs.length; i += 2) changes.set(pairs[i]!, pairs[i + 1]!);
    }
    if (part.isWhole) return unseen.size === 0;
    from = part.at;
  }
}
