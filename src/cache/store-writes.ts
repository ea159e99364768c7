import {
  REJECTION_REASONS,
  type RejectedPoint,
  type RejectionLog,
  type RejectionReason,
} from '../model/rejection.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { LastWrite, WriteStats } from '../model/write-stats.ts';

/** How many writers of one store are told of: those that wrote last. */
const MOST_WRITERS = 100;

/** A reader that tells what it did not write. */
export type WriteTeller = Required<Pick<SnapshotReader, 'writeStats'>>;

/** Whether a reader tells what it did not write. */
export function isWriteTeller(reader: object): reader is WriteTeller {
  return typeof (reader as Partial<WriteTeller>).writeStats === 'function';
}

/**
 * What some stores did not write, together; undefined if none of them tells.
 *
 * Never throws: a store whose answer cannot be read counts as if it had none.
 */
export function writeStatsOf(tellers: readonly WriteTeller[]): WriteStats | undefined {
  const all = tellers.flatMap((teller) => readStats(teller) ?? []);
  if (all.length === 0) return undefined;
  const rejected = REJECTION_REASONS.map((reason) => [
    reason,
    all.reduce((sum, stats) => sum + countOf(stats.rejected[reason]), 0),
  ]);
  return {
    rejected: Object.fromEntries(rejected) as Record<RejectionReason, number>,
    lastRejected: latestOf(all.map(({ lastRejected }) => lastRejected)),
    older: all.reduce((sum, { older }) => sum + countOf(older), 0),
  };
}

/** The last refused points of several lists, oldest first, at most 100. */
export function latestOf(lists: readonly (readonly RejectedPoint[])[]): readonly RejectedPoint[] {
  const all = lists.flat();
  return all.sort((a, b) => a.rejectedAt - b.rejectedAt).slice(-100);
}

/** Refused points of a cache and of the stores that it reads. */
export function allRejections(
  own: RejectionLog,
  tellers: readonly WriteTeller[],
): Pick<WriteStats, 'rejected' | 'lastRejected'> {
  const stores = writeStatsOf(tellers);
  if (stores === undefined) {
    return { rejected: own.countsByReason(), lastRejected: own.lastRejected() };
  }
  const rejected = REJECTION_REASONS.map((reason) => [
    reason,
    own.count(reason) + stores.rejected[reason],
  ]);
  return {
    rejected: Object.fromEntries(rejected) as Record<RejectionReason, number>,
    lastRejected: latestOf([own.lastRejected(), stores.lastRejected]),
  };
}

function readStats(teller: WriteTeller): WriteStats | undefined {
  try {
    const { rejected, lastRejected, older } = teller.writeStats();
    return { rejected: { ...rejected }, lastRejected: [...lastRejected], older };
  } catch {
    return undefined;
  }
}

function countOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value < Infinity ? value : 0;
}

/** Reads when a source was last written; undefined if it does not tell. Rejects if it fails. */
export async function readLastWrites(
  source: SnapshotReader,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<readonly LastWrite[] | undefined> {
  if (typeof source.lastWrites !== 'function') return undefined;
  return joinLastWrites([await source.lastWrites(options)]);
}

/** The latest write of each writer, the newest writers alone if there are many. */
export function joinLastWrites(lists: readonly Iterable<LastWrite>[]): readonly LastWrite[] {
  const byWriter = new Map<string | undefined, number>();
  for (const list of lists) {
    for (const { writer, at } of list) {
      const isSound = Number.isFinite(at) && (writer === undefined || typeof writer === 'string');
      if (isSound && at >= (byWriter.get(writer) ?? -Infinity)) byWriter.set(writer, at);
    }
  }
  const writes = [...byWriter].map(([writer, at]) => Object.freeze({ writer, at }));
  return Object.freeze(writes.sort((a, b) => b.at - a.at).slice(0, MOST_WRITERS));
}
