import type { FamilyMetadataFault } from '../model/family-metadata.ts';
import type { RejectedPoint, RejectionReason } from '../model/rejection.ts';
import type { FallbackReason } from '../model/source-read.ts';
import type { LastWrite } from '../model/write-stats.ts';
import type { RefreshWork } from '../snapshot/refresh-work.ts';

/** How a refresh read its source. */
export type RefreshKind =
  /** Everything was read. */
  | 'full'
  /** Only what changed was read. */
  | 'delta';

/**
 * What a cached reader did and holds: a copy that stays as it is. Times are of the wall clock
 * (`now`), ages are not.
 */
export interface CacheStats {
  /** How long the latest refresh took, in ms, successful or not; 0 before the first one. */
  readonly refreshDuration: number;
  /** When the latest successful refresh ended, in Unix ms; undefined before it. */
  readonly lastSuccess: number | undefined;
  /** How long ago the data began to be read, in ms; undefined before the first good snapshot. */
  readonly age: number | undefined;
  /**
   * Whether the data is older than `maxStaleness` and a refresh has not put that right: it failed,
   * or is under way. Data that is merely old, as nothing read it, is refreshed by the next read.
   */
  readonly isStale: boolean;
  /** How the latest successful refresh read the source; undefined before it. */
  readonly lastRefreshKind: RefreshKind | undefined;
  /** Successful refreshes of both kinds. */
  readonly refreshes: number;
  /** Successful refreshes by delta. */
  readonly deltas: number;
  /** Successful full refreshes, those that a delta fell back to among them. */
  readonly fullRefreshes: number;
  /** How often a delta could not be used and everything was read in the same refresh. */
  readonly fallbacks: number;
  /** The same by reason. */
  readonly fallbacksByReason: Readonly<Record<FallbackReason, number>>;
  /** Failed refreshes: nothing new was published. */
  readonly failures: number;
  /** Whether the latest refresh failed. */
  readonly isFailing: boolean;
  /** Whether the reader was closed: nothing of it is served any more. */
  readonly isClosed: boolean;
  /** The failed refreshes by what was tried last. */
  readonly failuresByKind: Readonly<Record<RefreshKind, number>>;
  /**
   * Refused points by reason: of all refreshes, and those that the store refused, if the source
   * tells.
   */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** The last refused points, oldest first, at most 100. */
  readonly lastRejected: readonly RejectedPoint[];
  /**
   * Points that the store did not apply, because it has a newer one of their series; undefined if
   * the source does not tell.
   */
  readonly olderWrites: number | undefined;
  /**
   * When the source was last written, by writer, as of the latest refresh; empty if it does not
   * tell.
   */
  readonly lastWrites: readonly LastWrite[];
  /** Metadata of families that could not be used, at most 100. */
  readonly familyFaults: readonly FamilyMetadataFault[];
  /** Series in the snapshot that is served. */
  readonly series: number;
  /** Families in the snapshot that is served, also those that are declared and have no points. */
  readonly families: number;
  /** Bytes of its lines, without HELP and TYPE. */
  readonly bytes: number;
  /** How often the snapshot changed; equal versions of one reader are equal bytes. */
  readonly version: number;
  /**
   * Which state of the source the snapshot is of: a hash of 48 bits of the cursor and of the
   * families' metadata, the same for all readers over that source that have come to both; the
   * number in the header `X-Snapscrape-Version`. Undefined where the source has no cursors, or did
   * not tell which one its points belong to.
   */
  readonly snapshotVersion: number | undefined;
  /**
   * The cursor that the next delta will be asked from; undefined where the next refresh is full.
   */
  readonly cursor: string | undefined;
  /** The longest that the latest refresh held the event loop in one slice, in ms. */
  readonly longestSlice: number;
  /** What the latest successful refresh had to do. */
  readonly work: Readonly<RefreshWork>;
}
