import { isMetricName } from './family-metadata.ts';

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * The most labels of one point, those without a value included: far beyond use, and few enough for
 * a point to cost less than a millisecond.
 */
export const MOST_LABELS = 1024;

/** How points with one list of label names become series ids: worked out once, used for each point. */
export interface LabelShape {
  /** The label names in the order in which the points carry them. */
  readonly names: readonly string[];
  /** The same names in series order, which is the order of their UTF-8 bytes. */
  readonly sorted: readonly string[];
  /** What stands before each sorted label's value, from the opening brace on: `{a="`, `",b="`. */
  readonly heads: readonly string[];
}

/** Tells whether a label name is legal in the classic grammar and may stand beside a metric name. */
export function isLabelName(name: string): boolean {
  // A `__name__` label beside a name makes Prometheus fail the whole scrape.
  return LABEL_NAME.test(name) && name !== '__name__';
}

// Names and shapes repeat for ever in real data and are few, so they are checked once. A source
// that makes up endless ones only costs the check again.
const KEPT = 4096;
/** The longest name that is remembered, in characters. */
const LONGEST_KEPT = 256;
/** The longest label name that any cache or store takes, in characters. */
const LONGEST_NAME = 65_536;

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

/** Remembers the shapes of labels. */
export class LabelShapes {
  readonly #byNames = new Map<string, LabelShape>();
  #last: LabelShape = { names: [], sorted: [], heads: [] };

  /** The shape of a list of label names; `undefined` when one of them is not legal. */
  of(names: readonly string[]): LabelShape | undefined {
    // Points of one family mostly carry the same names in the same order.
    if (sameNames(this.#last.names, names)) return this.#last;
    if (names.some((name) => name.length > LONGEST_NAME)) return undefined;
    const key = names.join('\n');
    let shape = this.#byNames.get(key);
    if (shape === undefined) {
      if (!names.every(isLabelName)) return undefined;
      shape = shapeOf(names);
      if (this.#byNames.size >= KEPT) this.#byNames.clear();
      // Nor must a few monstrous ones cost memory for ever.
      if (key.length <= KEPT) this.#byNames.set(key, shape);
    }
    this.#last = shape;
    return shape;
  }
}

function shapeOf(names: readonly string[]): LabelShape {
  const sorted = [...names].sort();
  return {
    names,
    sorted,
    heads: sorted.map((name, at) => `${at === 0 ? '{' : '",'}${name}="`),
  };
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
