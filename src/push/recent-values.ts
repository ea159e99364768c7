import type { SummaryValue } from '../model/point-value.ts';

const QUANTILES = [0.1, 0.5, 0.9] as const;
/** How long values count for quantiles, in ms. */
const AGE_MS = 600_000;
/** How many values count for quantiles at most: the latest ones. */
const MOST = 1024;

/** The sum and the count of all values, and quantiles of the latest ones of ten minutes. */
export class RecentValues {
  readonly #now: () => number;
  readonly #values = new Float64Array(MOST);
  readonly #times = new Float64Array(MOST);
  #count = 0;
  #sum = 0;

  /** @param now - a clock in ms that does not go back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes a value. */
  add(value: number): void {
    this.#values[this.#count % MOST] = value;
    this.#times[this.#count % MOST] = this.#now();
    this.#count++;
    this.#sum += value;
  }

  /** The values as a summary; quantiles of no values are NaN. */
  summary(): SummaryValue {
    const oldest = this.#now() - AGE_MS;
    const filled = Math.min(this.#count, MOST);
    const recent = this.#values
      .subarray(0, filled)
      .filter((_, at) => this.#times[at]! >= oldest)
      .sort();
    const quantiles = QUANTILES.map((quantile): [number, number] => {
      const at = Math.max(0, Math.ceil(quantile * recent.length) - 1);
      return [quantile, recent[at] ?? Number.NaN];
    });
    return { count: this.#count, sum: this.#sum, quantiles };
  }
}
