import { isShortName } from '../model/options.ts';
import {
  REJECTION_REASONS,
  type RejectedPoint,
  type RejectionLog,
  type RejectionReason,
} from '../model/rejection.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';
import type { Pace } from '../scheduling/pace.ts';
import { forEachItem } from './source-items.ts';

/** How many writers of one store a page has: those that wrote last. */
const MOST_WRITERS = 100;
const MOST_REJECTED = 100;

/** A reader that tells what it did not write. */
export type WriteTeller = Required<Pick<SnapshotReader, 'writeStats'>>;

/** Whether a reader tells what it did not write. */
export function isWriteTeller(reader: object): reader is WriteTeller {
  return typeof (reader as Partial<WriteTeller>).writeStats === 'function';
}

/**
 * Where points are refused on their way to a page: in caches and merges, and in stores; each once.
 */
export interface RefusalSources {
  /** Of caches, merges and readers without a cache. */
  readonly logs: readonly RejectionLog[];
  /** The stores that tell what they did not write. */
  readonly stores: readonly WriteTeller[];
}

/** What some sources refused, together. */
export interface RefusedPoints extends Pick<WriteStats, 'rejected' | 'lastRejected'> {
  /** Points that stores found older than what they have; undefined if no store tells. */
  readonly olderWrites: number | undefined;
}

/** Joins lists of sources; a source that is in several of them counts once. */
export function joinSources(lists: readonly RefusalSources[]): RefusalSources {
  return {
    logs: [...new Set(lists.flatMap(({ logs }) => logs))],
    stores: [...new Set(lists.flatMap(({ stores }) => stores))],
  };
}

/**
 * What some sources refused, together.
 *
 * Never throws: a store whose reply cannot be read counts as it did before, so that no counter goes
 * back.
 */
export function refusedPoints({ logs, stores }: RefusalSources): RefusedPoints {
  const told = stores.flatMap((store) => statsOf(store) ?? []);
  const rejected: Partial<Record<RejectionReason, number>> = {};
  for (const reason of REJECTION_REASONS) {
    let sum = 0;
    for (const log of logs) sum += log.count(reason);
    for (const stats of told) sum += stats.rejected[reason];
    rejected[reason] = sum;
  }
  return {
    rejected: rejected as Record<RejectionReason, number>,
    lastRejected: [...logs.map((log) => log.lastRejected()), ...told.map((s) => s.lastRejected)]
      .flat()
      .sort((a, b) => a.rejectedAt - b.rejectedAt)
      .slice(-MOST_REJECTED),
    olderWrites: told.length === 0 ? undefined : told.reduce((sum, { older }) => sum + older, 0),
  };
}

/** What each store told last. A counter that is missing for one page would look like a reset. */
const lastTold = new WeakMap<WriteTeller, WriteStats>();

function statsOf(store: WriteTeller): WriteStats | undefined {
  try {
    const given: unknown = store.writeStats();
    // A promise is a mistake of the store's; if it rejects, that must not end the process.
    if (given instanceof Promise) given.catch(() => undefined);
    lastTold.set(store, checkStats(given as WriteStats));
  } catch {
    // What it told before still holds.
  }
  return lastTold.get(store);
}

function checkStats({ rejected, lastRejected, older }: WriteStats): WriteStats {
  const counts = REJECTION_REASONS.map((reason) => [reason, countOf(rejected[reason])]);
  return {
    rejected: Object.fromEntries(counts) as Record<RejectionReason, number>,
    lastRejected: lastRejected.slice(-MOST_REJECTED).filter(isRejectedPoint),
    older: countOf(older),
  };
}

function isRejectedPoint(value: Partial<RejectedPoint> | null | undefined): boolean {
  return typeof value === 'object' && Number.isFinite(value?.rejectedAt);
}

/** A count; reasons that a store does not know may be left out. */
function countOf(value: unknown): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && value >= 0 && value < Infinity) return value;
  throw new TypeError('not a count');
}

/** Takes what a source tells of when it was last written. Rejects if it fails. */
export async function takeLastWrites(items: unknown, pace: Pace): Promise<readonly LastWrite[]> {
  const latest = new LatestWrites();
  await forEachItem('lastWrites()', await items, pace, (write) => latest.take(write));
  return latest.list();
}

/** The latest write of each writer, the newest writers alone if there are many. */
export function joinLastWrites(lists: readonly (readonly LastWrite[])[]): readonly LastWrite[] {
  const latest = new LatestWrites();
  for (const write of lists.flat()) latest.take(write);
  return latest.list();
}

/**
 * Collects the latest write of each writer. Its memory is bounded, however many writers there are.
 */
class LatestWrites {
  #byWriter = new Map<string | undefined, number>();

  /** Takes what a source tells of a writer; what is no write is left out. */
  take(given: unknown): void {
    if (typeof given !== 'object' || given === null) return;
    const { writer, at } = given as Readonly<Record<string, unknown>>;
    if (typeof at !== 'number' || !Number.isFinite(at)) return;
    // Two names that are one label on a page would be a series twice.
    if (writer !== undefined && isShortName(writer) !== undefined) return;
    const name = writer as string | undefined;
    if (at < (this.#byWriter.get(name) ?? -Infinity)) return;
    this.#byWriter.set(name, at);
    if (this.#byWriter.size > 10 * MOST_WRITERS) this.#byWriter = new Map(this.#newest());
  }

  /** The writes, the newest first. */
  list(): readonly LastWrite[] {
    return Object.freeze(this.#newest().map(([writer, at]) => Object.freeze({ writer, at })));
  }

  #newest(): (readonly [writer: string | undefined, at: number])[] {
    return [...this.#byWriter].sort(([, a], [, b]) => b - a).slice(0, MOST_WRITERS);
  }
}
