import { SnapscrapeError, type SnapscrapeErrorCode } from '../model/errors.ts';
import type { ErrorPolicy } from '../refresh/snapshot-provider.ts';

/** Errors of the source itself, not of a page that is late, too old or not there yet. */
const FAILURES: ReadonlySet<SnapscrapeErrorCode> = new Set([
  'refresh_failed',
  'invalid_source_reply',
]);

/** Errors of options that cannot be carried out. */
const MISCONFIGURED: ReadonlySet<SnapscrapeErrorCode> = new Set([
  'invalid_options',
  'dependency_missing',
]);

/**
 * By default a page that cannot be served is unavailable, which is what 503 says: the next refresh
 * may bring it back. `fail` says 500 where promhttp's HTTPErrorOnError does.
 */
export function statusOf(error: unknown, policy: ErrorPolicy): 500 | 503 {
  if (!(error instanceof SnapscrapeError) || MISCONFIGURED.has(error.code)) return 500;
  return policy === 'fail' && FAILURES.has(error.code) ? 500 : 503;
}
