import type { RejectedPoint, RejectionReason } from './rejection.ts';

/**
 * What a store did not write, whichever process gave it the points if several share its data: a
 * copy that stays as it is.
 */
export interface WriteStats {
  /**
   * Points that the store refused by reason, for every reason of the closed list; they only grow.
   */
  readonly rejected: Readonly<Record<RejectionReason, number>>;
  /** The last of them that this process knows, oldest first, at most 100. */
  readonly lastRejected: readonly RejectedPoint[];
  /**
   * Points that the store did not apply, because it has a newer one of their series; it only grows.
   */
  readonly older: number;
}

/** When a store was last written. */
export interface LastWrite {
  /** What the writer calls itself; undefined for all writers without a name together. */
  readonly writer: string | undefined;
  /** When the store acknowledged the latest write, in Unix milliseconds by the writer's clock. */
  readonly at: number;
}
