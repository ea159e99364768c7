import { SnapscrapeError } from '../model/errors.ts';
import type { MetricStore } from './metric-store.ts';

/**
 * Why a call of a store failed that may succeed later: its server is away, or not ready yet.
 * Nothing is wrong with the call.
 */
export class StoreAwayError extends Error {}

/** The same, but the server answered: it refuses such calls for now, and may take others. */
export class StoreBusyError extends StoreAwayError {}

/**
 * Whether a call of a store failed because the server is away.
 *
 * @param kind - `StoreBusyError` asks whether it answered. Default: `StoreAwayError`, either way.
 */
export function isStoreAway(error: unknown, kind: typeof StoreAwayError = StoreAwayError): boolean {
  if (!(error instanceof SnapscrapeError) || error.code !== 'store_unavailable') return false;
  for (let link: unknown = error; link instanceof Error; link = link.cause) {
    if (link instanceof kind) return true;
  }
  return false;
}

/** Whether a store can be read. */
export async function isReadable(store: Pick<MetricStore, 'snapshotCursor'>): Promise<boolean> {
  try {
    await store.snapshotCursor();
    return true;
  } catch {
    return false;
  }
}
