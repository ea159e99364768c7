import type { SummaryValue } from '../model/point-value.ts';

const QUANTILES = [0.1, 0.5, 0.9] as const;
/** How long values count for quantiles, in ms. */
const AGE_MS = 600_000;
/** How many values count for quantiles at most: the latest ones. */
const MOST = 1024;

/** The sum and the count of all values, and quantiles of the latest ones of ten minutes. */
export class RecentValues {
  readonly #now: () => number;
  /** The latest values and their times; each takes the place of the oldest one. */
  readonly #values = new Float64Array(MOST);
  readonly #times = new Float64Array(MOST);
  /** Those of them that count for quantiles, kept in order, so that a scrape need not sort. */
  readonly #sorted = new Float64Array(MOST);
  #kept = 0;
  #count = 0;
  #sum = 0;

  /** @param now - a clock in ms that does not go back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a value. */
  add(value: number): void {
    if (this.#kept === MOST) this.#dropOldest();
    const at = this.#placeOf(value);
    this.#sorted.copyWithin(at + 1, at, this.#kept++);
    this.#sorted[at] = value;
    this.#values[this.#count % MOST] = value;
    this.#times[this.#count % MOST] = this.#now();
    this.#count++;
    this.#sum += value;
  }

  /** The values as a summary; quantiles of no values are NaN. */
  summary(): SummaryValue {
    const oldest = this.#now() - AGE_MS;
    while (this.#kept > 0 && this.#times[this.#oldest]! < oldest) this.#dropOldest();
    const quantiles = QUANTILES.map((quantile): [number, number] => {
      const at = Math.max(0, Math.ceil(quantile * this.#kept) - 1);
      return [quantile, this.#kept === 0 ? Number.NaN : this.#sorted[at]!];
    });
    return { count: this.#count, sum: this.#sum, quantiles };
  }

  get #oldest(): number {
    return (this.#count - this.#kept) % MOST;
  }

  #dropOldest(): void {
    const at = this.#placeOf(this.#values[this.#oldest]!);
    this.#sorted.copyWithin(at, at + 1, this.#kept--);
  }

  /** The place of the first value that is not less. */
  #placeOf(value: number): number {
    let [low, high] = [0, this.#kept];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
