import type { SnapshotPoint } from '../metric-point.ts';
import { compareKeys } from './key-order.ts';
import { KeyWriter, labelPair } from './key-writer.ts';
import { headsOf } from './label-shape.ts';
import { unescapeLabelValue } from './label-value.ts';
import { frameOf, isAnyLabelName, isAnyMetricName, isMetricName } from './names.ts';

const OPEN = 0x7b;
const CLOSE = 0x7d;
const QUOTE = 0x22;
const COMMA = 0x2c;

/** What a key stands for. Any label name may be an own property, `__proto__` too. */
export type Series = Pick<SnapshotPoint, 'name' | 'labels'>;

/** The metric name in a key. */
export function nameOf(key: string): string {
  if (key.charCodeAt(0) === OPEN) return readName(key)?.name ?? '';
  const brace = key.indexOf('{');
  return brace < 0 ? key : key.slice(0, brace);
}

/** Tells whether a text begins as the keys of some metric name do, whatever follows. */
export function isNamed(text: string): boolean {
  const name = nameOf(text);
  const { bare, open } = frameOf(name);
  return isAnyMetricName(name) && (text === bare || text.startsWith(open));
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
  const { bare, open } = frameOf(name);
  const last = open.length - 1;
  // The byte after the one that the labels follow: the bar after the brace, `-` after the comma.
  return { bare, start: open, end: open.slice(0, last) + (open[last] === ',' ? '-' : '|') };
}

/**
 * Reads keys as a store keeps them. Keys that follow each other mostly have the same label names,
 * so only what is between the quotes is taken.
 */
export class KeyReader {
  /** The metric name of the last key that was read. */
  name = '';
  readonly #writer = new KeyWriter();
  /** What stands before the labels of the last key. */
  #open = '';
  #names: readonly string[] = [];
  #heads: readonly string[] = [];

  /** The labels of a key; undefined if it is not exactly what a {@link KeyWriter} writes. */
  read(key: string): Series['labels'] | undefined {
    const labels: Record<string, string> = {};
    return this.#isExpected(key, labels) ? labels : this.#readAny(key);
  }

  /** Whether a text is a key, as `read` has it; its labels are not made. */
  isKey(key: string): boolean {
    return this.#isExpected(key) || this.#readAny(key) !== undefined;
  }

  #readAny(key: string): Series['labels'] | undefined {
    const series = parseKey(key);
    if (series === undefined) return undefined;
    if (!this.#writer.write(series.name, series.labels) || this.#writer.key !== key) {
      return undefined;
    }
    this.name = series.name;
    this.#open = frameOf(series.name).open;
    // An object puts names that are numbers first.
    this.#names = Object.keys(series.labels).sort(compareKeys);
    this.#heads = headsOf(this.#names);
    return series.labels;
  }

  /**
   * Whether a text is a key that has the label names of the one before.
   *
   * @param labels - where its labels are put, if they are wanted.
   */
  #isExpected(key: string, labels?: Record<string, string>): boolean {
    const heads = this.#heads;
    // With a backslash a quote may be part of a value, and the value is not the text.
    if (heads.length === 0 || key.includes('\\') || key.includes('\n')) return false;
    // No writer writes what has no UTF-8 form.
    if (!key.isWellFormed() || !this.#readFrame(key)) return false;
    let at = this.#open.length;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (!key.startsWith(head, at)) return false;
      const start = at + head.length;
      at = key.indexOf('"', start);
      // A label without a value is in no key.
      if (at <= start) return false;
      if (labels !== undefined) setLabel(labels, this.#names[i]!, key.slice(start, at));
    }
    return at === key.length - 2 && key.endsWith('}');
  }

  /** Reads the name of a key that has labels and no backslash. */
  #readFrame(key: string): boolean {
    if (this.#open !== '' && key.startsWith(this.#open)) return true;
    const name = nameOf(key);
    const { open } = frameOf(name);
    // Not so a quoted name that needs no quotes, and a key without labels.
    if (name === '' || !key.startsWith(open)) return false;
    this.name = name;
    this.#open = open;
    return true;
  }
}

/** Reads a key, its labels in any order; undefined if the text is not a series. */
export function parseKey(key: string): Series | undefined {
  const read = readName(key);
  if (read === undefined) return undefined;
  const { name, end } = read;
  const isQuoted = key.charCodeAt(0) === OPEN;
  if (end === key.length - (isQuoted ? 1 : 0)) {
    return !isQuoted || key.charCodeAt(end) === CLOSE ? { name, labels: {} } : undefined;
  }
  if (key.charCodeAt(end) !== (isQuoted ? COMMA : OPEN)) return undefined;
  const pairs = readPairsFrom(key, end + 1);
  return pairs?.end === key.length ? { name, labels: pairs.labels } : undefined;
}

/** Reads the metric name that a key begins with, and where that ends. */
function readName(key: string): { readonly name: string; readonly end: number } | undefined {
  if (key.charCodeAt(0) !== OPEN) {
    const name = nameOf(key);
    return isMetricName(name) ? { name, end: name.length } : undefined;
  }
  const read = readQuoted(key, 1);
  return read !== undefined && isAnyMetricName(read.name) ? read : undefined;
}

/** The value of a label in a key; undefined if the key does not have it. */
export function labelIn(key: string, label: string): string | undefined {
  // Nearly every key that has this text has the label; values of others may have it too.
  if (!key.includes(labelPair(label, '').slice(0, -1))) return undefined;
  const labels = parseKey(key)?.labels ?? {};
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}

/** Labels that were read from a text, and where their closing brace ends. */
export interface ReadPairs {
  readonly labels: Series['labels'];
  readonly end: number;
}

/**
 * Reads the labels in the braces that open at a place, in any order; undefined if there are none.
 */
export function readPairs(text: string, open: number): ReadPairs | undefined {
  if (text.charCodeAt(open) !== OPEN) return undefined;
  if (text.charCodeAt(open + 1) === CLOSE) return { labels: {}, end: open + 2 };
  return readPairsFrom(text, open + 1);
}

function readPairsFrom(text: string, start: number): ReadPairs | undefined {
  const labels: Record<string, string> = {};
  for (let at = start; at < text.length; ) {
    const label = readLabelName(text, at);
    if (label === undefined || Object.hasOwn(labels, label.name)) return undefined;
    const from = label.end + 2;
    if (!text.startsWith('="', label.end)) return undefined;
    const end = labelValueEnd(text, from);
    if (end < 0) return undefined;
    setLabel(labels, label.name, unescapeLabelValue(text.slice(from, end)));
    if (text.charCodeAt(end + 1) === CLOSE) return { labels, end: end + 2 };
    if (text.charCodeAt(end + 1) !== COMMA) return undefined;
    at = end + 2;
  }
  return undefined;
}

const BARE_LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;

function readLabelName(text: string, at: number): ReturnType<typeof readQuoted> {
  const read = text.charCodeAt(at) === QUOTE ? readQuoted(text, at) : readBare(text, at);
  return read !== undefined && isAnyLabelName(read.name) ? read : undefined;
}

function readBare(text: string, at: number): ReturnType<typeof readQuoted> {
  BARE_LABEL.lastIndex = at;
  const name = BARE_LABEL.exec(text)?.[0];
  return name === undefined ? undefined : { name, end: at + name.length };
}

/** Reads the quoted name whose quote opens at a place, and where it ends behind its quote. */
function readQuoted(
  text: string,
  open: number,
): { readonly name: string; readonly end: number } | undefined {
  const end = text.charCodeAt(open) === QUOTE ? labelValueEnd(text, open + 1) : -1;
  return end < 0
    ? undefined
    : { name: unescapeLabelValue(text.slice(open + 1, end)), end: end + 1 };
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

/** Sets a label, whatever its name. */
export function setLabel(labels: Record<string, string>, name: string, value: string): void {
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

/** The canonical text of labels alone: what a key of a plain metric name has behind the name. */
export function labelsIn(key: string): string {
  return key.slice(nameOf(key).length) || '{}';
}

/** Reads a text of {@link labelsIn}; undefined if it is none. */
export function readLabels(text: string): Series['labels'] | undefined {
  if (text === '{}') return {};
  return text.charCodeAt(0) === OPEN ? new KeyReader().read(`a${text}`) : undefined;
}
