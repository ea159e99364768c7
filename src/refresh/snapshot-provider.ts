import type { SnapscrapeError } from '../model/errors.ts';
import { RejectionLog } from '../model/rejection.ts';
import type { ReadOptions, SnapshotReader } from '../model/snapshot-reader.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { SnapshotUse } from '../snapshot/snapshot-use.ts';
import type { CacheStats } from './cache-stats.ts';
import { isWriteTeller, type RefusalSources } from './store-writes.ts';
import { UncachedReader } from './uncached-reader.ts';

/**
 * What is served when a source fails.
 *
 * - `last-good`: the last good snapshot, until it is older than `maxStaleness`. Of several merged
 *   readers, those that have no such snapshot are left out.
 * - `fail`: nothing, for as long as the latest refresh of any source is a failed one.
 * - `continue`: the last good snapshot, however old it is.
 *
 * Under every policy refused points are left out and counted, and a source that fails halfway
 * counts as failed: half of what it has is never served.
 */
export type ErrorPolicy = (typeof ERROR_POLICIES)[number];

/** Every {@link ErrorPolicy}. */
export const ERROR_POLICIES = ['last-good', 'fail', 'continue'] as const;

/** How long and on what a read waits, and what it makes of failures. */
export interface SnapshotWait extends ReadOptions {
  /** After how many ms the last good snapshot is taken instead of the one being made. */
  readonly deadline?: number | undefined;
  /** What is answered when a source fails. Default `last-good`. */
  readonly errorPolicy?: ErrorPolicy | undefined;
  /**
   * Told of each failure that this read met and survived, before it is answered; not of the one
   * that it rejects with. It must not throw. The error is the same object for all that joined one
   * refresh.
   */
  readonly onFailure?: ((error: SnapscrapeError) => void) | undefined;
  /**
   * Begun with the snapshot, which stays as it is until this use ends. Without it the snapshot
   * stays as it is for ever, and its memory is not used again.
   */
  readonly use?: SnapshotUse | undefined;
}

/** Is told of each new snapshot. */
export interface SnapshotWatcher {
  /**
   * Called right after a snapshot was published; it should only start things.
   *
   * @returns a promise only if it reads no text of the snapshot behind that; without one the
   *   snapshot is kept.
   */
  published(snapshot: Snapshot): unknown;
}

/** One of several readers behind a provider. */
export interface ProviderMember {
  /** What it is called, fit for a label value. */
  readonly name: string;
  /** Whether its latest reading succeeded. */
  readonly up: boolean;
  /** What its cache did; undefined where it has none. */
  readonly stats: CacheStats | undefined;
  /** When what it reads was last written. */
  readonly lastWrites: readonly LastWrite[];
}

/** What a handler serves from: a reader that gives rendered snapshots, whatever lies behind it. */
export interface SnapshotProvider {
  /**
   * The snapshot to serve now. Rejects with a SnapscrapeError if there is no such snapshot:
   * `snapshot_unavailable`, `snapshot_stale`, `aborted`, `closed`, and `refresh_failed`,
   * `refresh_timeout` or `invalid_source_reply` where there is no cache or the policy is `fail`.
   */
  current(wait?: SnapshotWait): Promise<Snapshot>;
  /**
   * The same at once, if nothing has to be waited for and nothing has failed; otherwise undefined.
   * It stays as it is until the caller returns to the event loop.
   */
  fresh?(policy: ErrorPolicy): Snapshot | undefined;
  /** Has the snapshot that `fresh()` gives stay as it is for ever. Only within the same call. */
  keep?(): void;
  /**
   * Which state a snapshot of this provider is of: a number of 48 bits that providers over one
   * source have in common where they have come to the same cursor. Undefined where the source has
   * no cursors, or did not tell which one these points belong to; of merged readers unless each has
   * one.
   */
  versionOf?(snapshot: Snapshot): number | undefined;
  /**
   * Whether the same snapshot is given again while nothing changes, so what is derived is worth
   * keeping.
   */
  readonly isKept: boolean;
  /** Points that it refused itself. */
  readonly rejections: RejectionLog;
  /** Where points are refused before they come here. */
  refusalsBelow?(): RefusalSources;
  /** When the stores below were last written, as of the latest read. */
  lastWrites?(): readonly LastWrite[];
  /** Tells a watcher of each new snapshot for as long as its owner holds the watcher. */
  watch?(watcher: SnapshotWatcher): void;
  /** What the cache did and holds, where there is exactly one. */
  cacheStats?(): CacheStats;
  /** The readers behind it, where there are several; in their order. */
  members?(): readonly ProviderMember[];
}

/** The provider that a reader is, or else one that reads it each time. */
export function providerOf(reader: SnapshotReader): SnapshotProvider {
  return isProvider(reader) ? reader : new UncachedReader(reader);
}

/** Where points are refused that a page of a reader lacks: in the reader itself and below it. */
export function refusalsOf(reader: SnapshotReader | SnapshotProvider): RefusalSources {
  if (!isProvider(reader)) return { logs: [], stores: isWriteTeller(reader) ? [reader] : [] };
  const { logs = [], stores = [] } = reader.refusalsBelow?.() ?? {};
  return { logs: [reader.rejections, ...logs], stores };
}

/**
 * Whether a reader gives rendered snapshots itself. Told by the log: its class is not exported, so
 * no reader of a user has one by chance.
 */
export function isProvider<T extends object>(reader: T): reader is T & SnapshotProvider {
  const { current, rejections } = reader as Partial<SnapshotProvider>;
  return typeof current === 'function' && rejections instanceof RejectionLog;
}
