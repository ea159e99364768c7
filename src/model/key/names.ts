import { escapeLabelValue, MALFORMED } from './label-value.ts';

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

/** Tells whether a metric may have a name: any text that has a form in UTF-8. */
export function isAnyMetricName(name: string): boolean {
  return name !== '' && name.isWellFormed();
}

/** Tells whether a label may have a name and may stand beside a metric name. */
export function isAnyLabelName(name: string): boolean {
  return isAnyMetricName(name) && name !== '__name__';
}

/** How a metric name is written in a key: bare if the classic grammar allows it, else quoted. */
export function metricNameText(name: string): string {
  return isMetricName(name) ? name : quoteName(name);
}

/** How a label name is written in a key: bare if the classic grammar allows it, else quoted. */
export function labelNameText(name: string): string {
  return LABEL_NAME.test(name) ? name : quoteName(name);
}

function quoteName(name: string): string {
  const text = escapeLabelValue(name);
  return `"${text === MALFORMED ? '' : text}"`;
}

/** What the keys of one metric name begin with. */
export interface NameFrame {
  /** The key of the series without labels. */
  readonly bare: string;
  /** What stands before the first label of all others. */
  readonly open: string;
}

/** Returns what the keys of a metric name begin with: a quoted name stands within the braces. */
export function frameOf(name: string): NameFrame {
  if (isMetricName(name)) return { bare: name, open: `${name}{` };
  const text = quoteName(name);
  return { bare: `{${text}}`, open: `{${text},` };
}

// Names repeat for ever in real data and are few, so they are checked once. A source that makes up
// endless ones only costs the check again.
const KEPT = 4096;
/** The longest name that is remembered, in characters. */
const LONGEST_KEPT = 256;

/** Remembers what the keys of metric names begin with. */
export class NameFrames {
  readonly #frames = new Map<string, NameFrame>();
  #name = '';
  #last: NameFrame | undefined;

  /** What the keys of a name begin with; undefined if no metric may have the name. */
  of(name: string): NameFrame | undefined {
    if (name === this.#name) return this.#last;
    let frame = this.#frames.get(name);
    if (frame === undefined) {
      if (!isAnyMetricName(name)) return undefined;
      frame = frameOf(name);
      // Nor must monstrous names cost memory for ever.
      if (name.length > LONGEST_KEPT) return frame;
      if (this.#frames.size >= KEPT) this.#frames.clear();
      this.#frames.set(name, frame);
    }
    this.#name = name;
    this.#last = frame;
    return frame;
  }
}
