import type { ServerAnswer } from './protocol.ts';

/**
 * The share of windows at the beginning in which memory may still grow: caches fill, code is
 * compiled.
 */
const WARM_UP = 0.3;
/** What may come on top between the halves of the rest: at least so many bytes, or that share. */
const SLACK = {
  live: { bytes: 4 * 2 ** 20, share: 0.05 },
  rss: { bytes: 24 * 2 ** 20, share: 0.1 },
} as const;

/** How memory went from window to window. */
export interface Trend {
  readonly before: number;
  readonly after: number;
  readonly grows: boolean;
}

/** Compares the first half after the warm-up with the second one; undefined for too few windows. */
export function trendOf(
  windows: readonly Pick<ServerAnswer, 'rss' | 'live'>[],
  kind: 'rss' | 'live',
): Trend | undefined {
  const warm = windows.slice(Math.ceil(windows.length * WARM_UP)).map((window) => window[kind]);
  if (warm.length < 4) return undefined;
  const middle = warm.length >> 1;
  const before = median(warm.slice(0, middle));
  const after = median(warm.slice(middle));
  const { bytes, share } = SLACK[kind];
  return { before, after, grows: after - before > Math.max(bytes, before * share) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
