const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Tells whether a name is legal in the classic grammar (Prometheus data model, metric names). */
export function isMetricName(name: string): boolean {
  return METRIC_NAME.test(name);
}

/**
 * Tells whether a label name is legal in the classic grammar and may stand beside a metric name.
 */
export function isLabelName(name: string): boolean {
  // A `__name__` label beside a name makes Prometheus fail the whole scrape.
  return LABEL_NAME.test(name) && name !== '__name__';
}

// Names repeat for ever in real data and are few, so they are checked once. A source that makes up
// endless ones only costs the check again.
const KEPT = 4096;
/** The longest name that is remembered, in characters. */
const LONGEST_KEPT = 256;

/** Remembers which metric names are legal. */
export class MetricNameCheck {
  readonly #legal = new Set<string>();
  #last = '';

  /** Tells whether a metric name is legal. */
  isLegal(name: string): boolean {
    if (name === this.#last) return name !== '';
    if (!this.#legal.has(name)) {
      if (!isMetricName(name)) return false;
      // Nor must monstrous names cost memory for ever.
      if (name.length > LONGEST_KEPT) return true;
      if (this.#legal.size >= KEPT) this.#legal.clear();
      this.#legal.add(name);
    }
    this.#last = name;
    return true;
  }
}
