import { SnapscrapeError } from '../model/errors.ts';

/**
 * Why a call of a store failed that may succeed later: its server is away, or not ready yet.
 * Nothing is wrong with the call.
 */
export class StoreAwayError extends Error {}

/** Whether a call of a store failed because the server is away. */
export function isStoreAway(error: unknown): boolean {
  if (!(error instanceof SnapscrapeError) || error.code !== 'store_unavailable') return false;
  for (let link: unknown = error; link instanceof Error; link = link.cause) {
    if (link instanceof StoreAwayError) return true;
  }
  return false;
}
