import type { MetricPoint } from '../model/metric-point.ts';

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

  /** How often to sweep when nobody says, in ms. */
  get sweepInterval(): number {
    return Math.min(Math.max(this.shortest, SHORTEST_INTERVAL_MS), LONGEST_INTERVAL_MS);
  }

  /** Tells whether a point is beyond its retention. */
  isOver(point: Pick<MetricPoint, 'name' | 'updatedAt'>, now: number): boolean {
    return now - point.updatedAt > (this.#byFamily.get(point.name) ?? this.#general);
  }
}

/**
 * Sweeps a store at an interval in ms, until the timer is cleared or the store is no more.
 *
 * The timer neither keeps the process alive nor, being told of the store weakly, a store that was
 * dropped without being closed.
 */
export function sweepRegularly(
  store: WeakRef<{ gc(): Promise<number> }>,
  interval: number,
): NodeJS.Timeout {
  const timer = setInterval(() => {
    const open = store.deref();
    if (open === undefined) clearInterval(timer);
    // An injected clock that fails must not end the process; the next sweep tries again.
    else open.gc().catch(() => undefined);
  }, interval);
  return timer.unref();
}
