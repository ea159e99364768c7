import { SnapscrapeError } from '../model/errors.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';

const SHORTEST_INTERVAL_MS = 1_000;
const LONGEST_INTERVAL_MS = 60_000;

/** How long series live after their `updatedAt`. */
export class Retention {
  readonly #general: number;
  // A map, because a metric may be called `constructor`.
  readonly #byFamily: ReadonlyMap<string, number>;

  /**
   * @param general - in ms, for every family without a word of its own.
   * @param byFamily - in ms, by metric name.
   */
  constructor(general: number, byFamily: Readonly<Record<string, number>>) {
    this.#general = general;
    this.#byFamily = new Map(Object.entries(byFamily));
  }

  /** The shortest retention in ms; `Infinity` when nothing ever expires. */
  get shortest(): number {
    return Math.min(this.#general, ...this.#byFamily.values());
  }

  /** How often to sweep if no option says so, in ms. */
  get sweepInterval(): number {
    return Math.min(Math.max(this.shortest, SHORTEST_INTERVAL_MS), LONGEST_INTERVAL_MS);
  }

  /** Tells whether a point is beyond its retention. */
  isOver(point: Pick<SnapshotPoint, 'name' | 'updatedAt'>, now: number): boolean {
    return now - point.updatedAt > (this.#byFamily.get(point.name) ?? this.#general);
  }
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
  retention: Retention,
  { sweepInterval, onError, isAlwaysNeeded = false }: SweepOptions,
): NodeJS.Timeout | undefined {
  if (retention.shortest === Number.POSITIVE_INFINITY && !isAlwaysNeeded) return undefined;
  const timer = setInterval(() => {
    const open = store.deref();
    if (open === undefined) clearInterval(timer);
    else sweep(open, onError);
  }, sweepInterval ?? retention.sweepInterval);
  return timer.unref();
}

function sweep(store: { gc(): Promise<number> }, onError: (error: SnapscrapeError) => void): void {
  store
    .gc()
    .catch((cause: unknown) => {
      const error = sweepFailure(cause);
      // The store was closed while it was swept.
      if (error.code !== 'closed') return onError(error);
    })
    // A listener that fails, at once or later, must not end the process.
    .catch(() => undefined);
}

function sweepFailure(cause: unknown): SnapscrapeError {
  if (cause instanceof SnapscrapeError) return cause;
  return new SnapscrapeError(
    'store_unavailable',
    'Series beyond their retention could not be ended; the next sweep tries again',
    { cause },
  );
}
