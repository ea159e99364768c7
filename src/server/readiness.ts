import type { CacheStats } from '../cache/cache-stats.ts';
import type { ErrorPolicy, SnapshotProvider } from '../cache/snapshot-provider.ts';

/**
 * Whether a scrape would be answered with a page.
 *
 * - `ready`: yes.
 * - `starting`: there is no good snapshot yet.
 * - `stale`: what there is has become too old, as refreshes fail.
 * - `failing`: the latest refresh failed, and the error policy is `fail`.
 * - `draining`: the exporter was told to end.
 */
export type Readiness = 'ready' | 'starting' | 'stale' | 'failing' | 'draining';

/**
 * Judges by what caches tell of themselves; nothing is read or refreshed.
 *
 * Of merged readers each cached one must have been tried, and one of them must have something to serve:
 * one that fails spares the others here too. Readers without a cache are read for each scrape, so that
 * nothing can be known beforehand: they count as ready.
 */
export function readinessOf(provider: SnapshotProvider, policy: ErrorPolicy): Readiness {
  const caches = cachesOf(provider);
  if (caches.length === 0) return 'ready';
  if (caches.some(({ refreshes, failures }) => refreshes + failures === 0)) return 'starting';
  if (policy === 'fail' && caches.some(({ isFailing }) => isFailing)) return 'failing';
  const states = new Set(caches.map((cache) => stateOf(cache, policy)));
  if (states.has('ready')) return 'ready';
  return states.has('stale') ? 'stale' : 'starting';
}

function cachesOf(provider: SnapshotProvider): readonly CacheStats[] {
  const members = provider.members?.() ?? [{ stats: provider.cacheStats?.() }];
  return members.flatMap(({ stats }) => stats ?? []);
}

function stateOf(cache: CacheStats, policy: ErrorPolicy): Readiness {
  if (cache.lastSuccess === undefined) return 'starting';
  return cache.isStale && policy !== 'continue' ? 'stale' : 'ready';
}
