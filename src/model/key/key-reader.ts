import type { SnapshotPoint } from '../metric-point.ts';
import { KeyWriter } from './key-writer.ts';
import { headsOf } from './label-shape.ts';
import { unescapeLabelValue } from './label-value.ts';
import { isLabelName, isMetricName } from './names.ts';

const OPEN = 0x7b;

/** What a key stands for. Any label name may be an own property, `__proto__` too. */
export type Series = Pick<SnapshotPoint, 'name' | 'labels'>;

/** The metric name in a key. */
export function nameOf(key: string): string {
  const brace = key.indexOf('{');
  return brace < 0 ? key : key.slice(0, brace);
}

/** The range of all keys of one metric name, in key order. */
export interface NameRange {
  /** The key of the series without labels. */
  readonly bare: string;
  /** All other keys of the name begin with this text, and no key of another name does. */
  readonly start: string;
  /** The first text behind those. */
  readonly end: string;
}

/** Returns the range of a metric name: `bare`, and from `start` up to but without `end`. */
export function rangeOf(name: string): NameRange {
  // The byte after the brace is the bar.
  return { bare: name, start: `${name}{`, end: `${name}|` };
}

/**
 * Reads keys as a store keeps them. Keys that follow each other mostly have the same label names,
 * so only what is between the quotes is taken.
 */
export class KeyReader {
  /** The metric name of the last key that was read. */
  name = '';
  readonly #writer = new KeyWriter();
  #names: readonly string[] = [];
  #heads: readonly string[] = [];

  /** The labels of a key; undefined if it is not exactly what a {@link KeyWriter} writes. */
  read(key: string): Series['labels'] | undefined {
    const labels = this.#readExpected(key);
    if (labels !== undefined) return labels;
    const series = parseKey(key);
    if (series === undefined) return undefined;
    if (!this.#writer.write(series.name, series.labels) || this.#writer.key !== key) {
      return undefined;
    }
    this.name = series.name;
    this.#names = Object.keys(series.labels);
    this.#heads = headsOf(this.#names);
    return series.labels;
  }

  /** The labels of a key that has the label names of the one before. */
  #readExpected(key: string): Series['labels'] | undefined {
    const heads = this.#heads;
    // With a backslash a quote may be part of a value, and the value is not the text.
    if (heads.length === 0 || key.includes('\\') || key.includes('\n')) return undefined;
    // No writer writes what has no UTF-8 form.
    if (!key.isWellFormed()) return undefined;
    if (key.charCodeAt(this.name.length) !== OPEN || !key.startsWith(this.name)) {
      const name = nameOf(key);
      if (!isMetricName(name)) return undefined;
      this.name = name;
    }
    const labels: Record<string, string> = {};
    let at = this.name.length;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (!key.startsWith(head, at)) return undefined;
      const start = at + head.length;
      at = key.indexOf('"', start);
      // A label without a value is in no key.
      if (at <= start) return undefined;
      setLabel(labels, this.#names[i]!, key.slice(start, at));
    }
    return at === key.length - 2 && key.endsWith('}') ? labels : undefined;
  }
}

const LABEL_HEAD = /([a-zA-Z_][a-zA-Z0-9_]*)="/y;

/** Reads a key, its labels in any order; undefined if the text is not a series. */
export function parseKey(key: string): Series | undefined {
  const name = nameOf(key);
  const labels: Record<string, string> = {};
  if (!isMetricName(name)) return undefined;
  if (name.length === key.length) return { name, labels };
  for (let at = name.length + 1; at < key.length; ) {
    LABEL_HEAD.lastIndex = at;
    const label = LABEL_HEAD.exec(key)?.[1];
    const start = LABEL_HEAD.lastIndex;
    if (label === undefined || !isLabelName(label) || Object.hasOwn(labels, label))
      return undefined;
    const end = labelValueEnd(key, start);
    if (end < 0) return undefined;
    setLabel(labels, label, unescapeLabelValue(key.slice(start, end)));
    if (end + 2 === key.length && key.endsWith('}')) return { name, labels };
    if (key[end + 1] !== ',') return undefined;
    at = end + 2;
  }
  return undefined;
}

/** Where the quote is that closes a label value; -1 for nowhere. */
function labelValueEnd(key: string, start: number): number {
  // A regular expression for the whole value would need stack for each character of it.
  for (let quote = key.indexOf('"', start); quote >= 0; quote = key.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (key.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return -1;
}

function setLabel(labels: Record<string, string>, name: string, value: string): void {
  // Assigning to `__proto__` would set the prototype instead of a property.
  if (name !== '__proto__') labels[name] = value;
  else {
    Object.defineProperty(labels, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}
