import type { CacheStats } from '../refresh/cache-stats.ts';
import type { ErrorPolicy, SnapshotProvider } from '../refresh/snapshot-provider.ts';

/**
 * Whether a scrape would get a page.
 *
 * - `ready`: yes.
 * - `starting`: there is no good snapshot yet.
 * - `stale`: the last good snapshot is too old, as refreshes fail.
 * - `failing`: the latest refresh failed, and the error policy is `fail`.
 * - `draining`: the exporter is closing, or its reader was closed.
 */
export type Readiness = 'ready' | 'starting' | 'stale' | 'failing' | 'draining';

/** Which reason counts if readers have several: the ones that end by themselves come first. */
const REASONS = ['starting', 'stale', 'failing', 'draining'] as const;

/**
 * Judges by the statistics of readers; nothing is read or refreshed.
 *
 * It is ready exactly if a scrape would get a page, provided that each refresh ends as the one
 * before. So each cached one of merged readers must have been tried, or a scrape would wait for it.
 * Then one that can serve is enough. With the policy `fail` each must be able to. Only scrapes read
 * a reader without a cache, so its state is unknown: it counts as able to serve.
 */
export function readinessOf(provider: SnapshotProvider, policy: ErrorPolicy): Readiness {
  const members = provider.members?.() ?? [{ stats: provider.cacheStats?.() }];
  if (members.some(({ stats }) => stats !== undefined && isUntried(stats))) return 'starting';
  const states = members.map(({ stats }) => stateOf(stats, policy));
  const isReady = (state: Readiness): boolean => state === 'ready';
  if (policy === 'fail' ? states.every(isReady) : states.some(isReady)) return 'ready';
  return REASONS.find((reason) => states.includes(reason)) ?? 'starting';
}

function isUntried({ isClosed, refreshes, failures }: CacheStats): boolean {
  return !isClosed && refreshes + failures === 0;
}

function stateOf(cache: CacheStats | undefined, policy: ErrorPolicy): Readiness {
  if (cache === undefined) return 'ready';
  if (cache.isClosed) return 'draining';
  if (cache.isFailing && policy === 'fail') return 'failing';
  if (cache.lastSuccess === undefined) return 'starting';
  return cache.isStale && policy !== 'continue' ? 'stale' : 'ready';
}
