import type { RejectionReason } from '../rejection.ts';
import { LabelShapes, MOST_LABELS } from './label-shape.ts';
import { escapeLabelValue, labelText, MALFORMED } from './label-value.ts';
import { frameOf, labelNameText, NameFrames } from './names.ts';

const NO_LABELS = Object.freeze({});

/**
 * Writes keys and remembers what it learnt of names, so that the next point costs less.
 *
 * Not for concurrent use: the next call overwrites the result in `key` and `reason`.
 */
export class KeyWriter {
  /** The key of the last point, if `reason` is undefined. */
  key = '';
  /** Why the last point has no key. */
  reason: RejectionReason | undefined;
  readonly #frames = new NameFrames();
  readonly #shapes = new LabelShapes();
  readonly #maxBytes: number;
  readonly #maxLabels: number;

  /**
   * @param maxBytes - how long a key may be at most, so that nothing is escaped in vain.
   * @param maxLabels - how many labels a point may have.
   */
  constructor(maxBytes: number = Number.POSITIVE_INFINITY, maxLabels: number = MOST_LABELS) {
    this.#maxBytes = maxBytes;
    this.#maxLabels = maxLabels;
  }

  /**
   * Writes the key of a name with labels, both as they came from outside; false if they have none.
   */
  write(name: unknown, labels: unknown = NO_LABELS): boolean {
    this.reason = this.#refusal(name, labels);
    return this.reason === undefined;
  }

  #refusal(name: unknown, labels: unknown): RejectionReason | undefined {
    if (typeof name !== 'string') return 'invalid_name';
    if (name.length > this.#maxBytes) return 'series_too_long';
    const frame = this.#frames.of(name);
    if (frame === undefined) return 'invalid_name';
    // Maps, arrays and strings are iterable and have no labels as properties.
    if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) {
      return 'invalid_labels';
    }
    const names = Object.keys(labels);
    if (names.length > this.#maxLabels) return 'too_many_labels';
    const shape = this.#shapes.of(names);
    if (shape === undefined) {
      const isLong = names.some((label) => label.length > this.#maxBytes);
      return isLong ? 'series_too_long' : 'invalid_label_name';
    }
    const values = labels as Readonly<Record<string, unknown>>;
    let key = frame.open;
    let first = true;
    for (let i = 0; i < shape.sorted.length; i++) {
      const value = labelText(values[shape.sorted[i]!]);
      if (value === undefined) return 'invalid_label_value';
      // A label with an empty value is no label (OpenMetrics 1.0.0, Label).
      if (value === '') continue;
      if (key.length + value.length > this.#maxBytes) return 'series_too_long';
      const text = escapeLabelValue(value);
      if (text === MALFORMED) return 'malformed_unicode';
      const head = shape.heads[i]!;
      // If the labels before it were empty, it is the first one: `",b="` becomes `b="`.
      key += (first && i > 0 ? head.slice(2) : head) + text;
      first = false;
    }
    this.key = first ? frame.bare : flatten(`${key}"}`);
    return undefined;
  }
}

/**
 * Makes one flat string of a key that was put together from parts, and returns the same text.
 *
 * V8 keeps such a string as a tree of its parts, which costs three times the memory for as long as
 * it is stored (370 against 113 bytes at a million series) and slows each look-up.
 */
function flatten(key: string): string {
  key.charCodeAt(0); // Reading a character is what flattens it.
  return key;
}

/** Labels as they stand between the braces of a key, in the order given. */
export function labelPairs(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => {
    const text = escapeLabelValue(value);
    return labelPair(label, text === MALFORMED ? '' : text);
  });
  return pairs.join(',');
}

/** Writes one label of a key; the value is escaped already. */
export function labelPair(label: string, escaped: string): string {
  return `${labelNameText(label)}="${escaped}"`;
}

/** A name with labels that {@link labelPairs} wrote: a key, if these are in key order. */
export function withPairs(name: string, pairs: string): string {
  const { bare, open } = frameOf(name);
  return pairs === '' ? bare : `${open}${pairs}}`;
}
