import type { CacheStats } from '../refresh/cache-stats.ts';
import type { ErrorPolicy, SnapshotProvider } from '../refresh/snapshot-provider.ts';

/**
 * Whether a scrape would be answered with a page.
 *
 * - `ready`: yes.
 * - `starting`: there is no good snapshot yet.
 * - `stale`: what there is has become too old, as refreshes fail.
 * - `failing`: the latest refresh failed, and the error policy is `fail`.
 * - `draining`: the exporter was told to end, or its reader was closed.
 */
export type Readiness = 'ready' | 'starting' | 'stale' | 'failing' | 'draining';

/** Which reason is told where readers have several: what goes away by itself comes first. */
const REASONS = ['starting', 'stale', 'failing', 'draining'] as const;

/**
 * Judges by what readers tell of themselves; nothing is read or refreshed.
 *
 * It is ready exactly when a scrape would get a page if each refresh that it starts ended as the
 * one before. So of merged readers each cached one must have been tried, or a scrape would wait for
 * it; then one that can answer spares the others, unless the policy is `fail`, where each must be
 * able to. Readers without a cache are read for each scrape, so that nothing can be known
 * beforehand: they count as able to answer.
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
