import { SnapscrapeError } from '../model/errors.ts';
import { nameOf } from '../model/key/index.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import type { Lifetimes } from './driver.ts';

const SHORTEST_INTERVAL_MS = 1_000;
const LONGEST_INTERVAL_MS = 60_000;

/**
 * How long series live after their `updatedAt`, as options say it.
 *
 * @param general - in ms, for every family without a word of its own.
 * @param byFamily - in ms, by metric name.
 */
export function lifetimesOf(
  general: number,
  byFamily: Readonly<Record<string, number>>,
): Lifetimes {
  // A map, because a metric may be called `constructor`.
  const lives = new Map(Object.entries(byFamily));
  return { general, byFamily: lives, shortest: Math.min(general, ...lives.values()) };
}

/** Tells whether a series lives no longer: whether its time is longer ago than it lives. */
export function isBeyond(
  { general, byFamily, shortest }: Lifetimes,
  { key, time }: { readonly key: string; readonly time: number },
  now: number,
): boolean {
  const age = now - time;
  return age > shortest && age > (byFamily.get(nameOf(key)) ?? general);
}

/** What decides how a store is swept in the background. */
export interface SweepOptions {
  /** The time between sweeps, in ms; undefined: as the retention says. */
  readonly sweepInterval: number | undefined;
  /**
   * Whether a sweep does more than end series, so that it is needed without a retention. Default:
   * no.
   */
  readonly isAlwaysNeeded?: boolean;
  /** Called with the error of each sweep that failed; the next sweep tries again. */
  readonly onError: (error: SnapscrapeError) => void;
}

/**
 * Sweeps a store regularly, until the timer is cleared or the store is no more. Without a retention
 * there is no timer, unless sweeps do more than end series.
 *
 * The timer neither keeps the process alive nor, being told of the store weakly, a store that was
 * dropped without being closed.
 */
export function sweepRegularly(
  store: WeakRef<{ gc(): Promise<number> }>,
  { shortest }: Lifetimes,
  { sweepInterval, onError, isAlwaysNeeded = false }: SweepOptions,
): NodeJS.Timeout | undefined {
  if (shortest === Number.POSITIVE_INFINITY && !isAlwaysNeeded) return undefined;
  let isSweeping = false;
  const timer = setInterval(
    () => {
      const open = store.deref();
      if (open === undefined) return clearInterval(timer);
      // While one waits for a lock or a server, more of them would only pile up behind it.
      if (isSweeping) return;
      isSweeping = true;
      void open
        .gc()
        .catch((cause: unknown) => tellSweepFailed('Series beyond their retention', onError, cause))
        .finally(() => {
          isSweeping = false;
        });
    },
    sweepInterval ?? Math.min(Math.max(shortest, SHORTEST_INTERVAL_MS), LONGEST_INTERVAL_MS),
  );
  return timer.unref();
}

/** Tells a listener that a sweep failed, unless that is because the store was closed. */
export function tellSweepFailed(
  what: string,
  onError: (error: SnapscrapeError) => void,
  cause: unknown,
): void {
  const text = `${what} could not be ended; the next sweep tries again`;
  const isCoded = cause instanceof SnapscrapeError;
  const error = isCoded ? cause : new SnapscrapeError('store_unavailable', text, { cause });
  if (error.code !== 'closed') callSafely(onError, error);
}
