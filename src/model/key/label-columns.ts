import { compareKeys } from './key-order.ts';
import { labelPair } from './key-writer.ts';
import { unescapeLabelValue } from './label-value.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const OPEN = 0x7b;

/**
 * Finds the values of some labels in lines without making strings.
 *
 * It reads keys: labels in order of their names, values escaped. After `read`, `starts` and `ends`
 * hold the place of each label's value; both are 0 for a label that the line does not have. Not for
 * concurrent use.
 */
export class LabelColumns {
  /** The names, in order and each once. */
  readonly names: readonly string[];
  /** Where each value starts, behind its quote. */
  readonly starts: Uint32Array;
  /** Where each value ends, at its quote. */
  readonly ends: Uint32Array;
  readonly #names: readonly Buffer[];

  constructor(names: Iterable<string>) {
    this.names = [...new Set(names)].sort(compareKeys);
    this.#names = this.names.map((name) => Buffer.from(name));
    this.starts = new Uint32Array(this.names.length);
    this.ends = new Uint32Array(this.names.length);
  }

  /** Reads the key in a text from `start` up to but without `end`. */
  read(text: Buffer, start: number, end: number): void {
    const { starts, ends } = this;
    const count = this.names.length;
    starts.fill(0);
    ends.fill(0);
    let column = 0;
    for (let at = labelsAt(text, start, end); at < end; at++) {
      const nameAt = at;
      at = nameEnd(text, at, end);
      let order = 1;
      while (column < count) {
        order = compareName(this.#names[column]!, text, nameAt, at);
        if (order >= 0) break;
        column++;
      }
      if (column === count) return;
      const valueAt = at + 2;
      at = valueEnd(text, valueAt, end);
      if (order === 0) {
        starts[column] = valueAt;
        ends[column] = at;
        column++;
      }
      if (text[++at] !== COMMA) return;
    }
  }
}

/** Where the first label of a key begins; at the end or behind it if there is none. */
function labelsAt(text: Buffer, start: number, end: number): number {
  let at = start;
  if (text[at] !== OPEN) {
    while (at < end && text[at] !== OPEN) at++;
    return at + 1;
  }
  // The metric name stands in quotes within the braces, and perhaps a comma behind it.
  at = valueEnd(text, start + 2, end) + 1;
  return text[at] === COMMA ? at + 1 : end;
}

/** Where a label's name ends, behind its quote if it has one. */
function nameEnd(text: Buffer, start: number, end: number): number {
  if (text[start] === QUOTE) return valueEnd(text, start + 1, end) + 1;
  let at = start;
  while (at < end && text[at] !== EQUALS) at++;
  return at;
}

/** Orders a name against that of a label. */
function compareName(name: Buffer, text: Buffer, start: number, end: number): number {
  if (text[start] !== QUOTE) return compareBytes(name, text, start, end);
  let slash = start;
  while (slash < end && text[slash] !== BACKSLASH) slash++;
  if (slash === end) return compareBytes(name, text, start + 1, end - 1);
  const own = Buffer.from(unescapeLabelValue(text.toString('utf8', start + 1, end - 1)));
  return compareBytes(name, own, 0, own.length);
}

function compareBytes(name: Buffer, text: Buffer, start: number, end: number): number {
  const length = Math.min(name.length, end - start);
  for (let i = 0; i < length; i++) {
    const order = name[i]! - text[start + i]!;
    if (order !== 0) return order;
  }
  return name.length - (end - start);
}

/** Where the quote stands that closes a value. */
function valueEnd(text: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && text[at] !== QUOTE) at += text[at] === BACKSLASH ? 2 : 1;
  return at;
}

/** The bytes that a label with an escaped value has in each key it is part of. */
export function labelNeedle(label: string, escaped: string): Buffer {
  return Buffer.from(labelPair(label, escaped));
}
