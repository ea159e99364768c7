import { hasNames, type LabelShape, LabelShapes, MOST_LABELS } from './label-shape.ts';
import { frameOf } from './names.ts';

/** Lines that begin with keys of one metric name. */
export interface KeyLines {
  /** The lines in UTF-8. */
  readonly text: Uint8Array;
  /** Where each line ends. */
  readonly lineEnd: Uint32Array;
  /** Where the key of each line ends. */
  readonly idEnd: Uint32Array;
  /** The same object as that of other lines only if all keys are the same. */
  readonly ids: object;
}

/** Where the key of a series stands. */
export interface KeyPlace {
  /** The metric name of the key. */
  name: string;
  lines: KeyLines;
  /** The number of its line. */
  line: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Tells whether a key is that of a name with labels, and makes no string for it: the labels are
 * compared with the bytes of the key. Lines whose keys all have the same plain labels are remembered
 * by their `ids`, and compared by the values alone (bench/micro/positions.ts).
 *
 * Only the plainest labels are: texts of ASCII, none empty, and none with a character that is
 * escaped. For all others the answer is false, and the key has to be written.
 */
export class KeyMatcher {
  readonly #shapes = new LabelShapes();
  /** The shape of all keys of some lines; undefined if there is none. */
  readonly #shapeOf = new WeakMap<object, LabelShape | undefined>();
  #shape: LabelShape = { names: [], sorted: [], heads: [] };
  /** The heads of that shape in UTF-8: bytes compare faster with bytes than characters do. */
  #heads: readonly Buffer[] = [];
  #name = '';
  #openBytes = 0;
  #bareBytes = 0;
  /** The lines of the last key, by their ids. */
  #ids: object | undefined;
  /** Whether all their keys have the shape. */
  #areAlike = false;

  /** Whether a key is certainly that of its own metric name with labels, which may be anything. */
  matches({ name, lines, line }: KeyPlace, labels: unknown): boolean {
    if (name !== this.#name) this.#turnToName(name);
    const start = line === 0 ? 0 : lines.lineEnd[line - 1]!;
    const end = lines.idEnd[line]!;
    // No key with labels is so short.
    if (labels === undefined) return end - start === this.#bareBytes;
    if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) return false;
    if (!hasNames(labels, this.#shape.names) && !this.#turnToLabels(labels)) return false;
    const { sorted } = this.#shape;
    if (sorted.length === 0) return end - start === this.#bareBytes;
    if (lines.ids !== this.#ids) this.#turnToLines(lines);
    const { text } = lines;
    const heads = this.#heads;
    const areAlike = this.#areAlike;
    const values = labels as Readonly<Record<string, unknown>>;
    // The name is known to be that of the key. A key without labels ends before any head.
    let at = start + this.#openBytes;
    for (let i = 0; i < sorted.length; i++) {
      const head = heads[i]!;
      if (areAlike) at += head.length;
      else for (let k = 0; k < head.length; k++, at++) if (text[at] !== head[k]) return false;
      const value = values[sorted[i]!];
      if (typeof value !== 'string' || value === '') return false;
      for (let k = 0; k < value.length; k++, at++) {
        const unit = value.charCodeAt(k);
        if (text[at] !== unit) return false;
        // A byte beyond ASCII is no character, and a quote in a value is not the one behind it.
        if (unit === QUOTE || unit === BACKSLASH || unit > 0x7f) return false;
      }
      if (text[at] !== QUOTE) return false;
    }
    // A key ends with `"}`.
    return at + 2 === end;
  }

  /** Sets the expected label names to those of some labels; returns false if one is not legal. */
  #turnToLabels(labels: object): boolean {
    // Own names alone.
    const names = Object.keys(labels);
    const shape = names.length > MOST_LABELS ? undefined : this.#shapes.of(names);
    if (shape === undefined) return false;
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#heads = shape.heads.map((head) => Buffer.from(head));
      this.#ids = undefined;
    }
    return true;
  }

  #turnToName(name: string): void {
    this.#name = name;
    const { open, bare } = frameOf(name);
    this.#openBytes = Buffer.byteLength(open);
    this.#bareBytes = Buffer.byteLength(bare);
  }

  #turnToLines(lines: KeyLines): void {
    const { ids } = lines;
    if (!this.#shapeOf.has(ids)) {
      const haveShape = havePlainLabels(lines, this.#openBytes, this.#heads);
      this.#shapeOf.set(ids, haveShape ? this.#shape : undefined);
    }
    this.#ids = ids;
    this.#areAlike = this.#shapeOf.get(ids) === this.#shape;
  }
}

/** Whether all keys have labels of some heads, and plain values. */
function havePlainLabels(
  { text, lineEnd, idEnd }: KeyLines,
  openBytes: number,
  heads: readonly Buffer[],
): boolean {
  for (let line = 0; line < lineEnd.length; line++) {
    const end = idEnd[line]!;
    let at = (line === 0 ? 0 : lineEnd[line - 1]!) + openBytes;
    for (const head of heads) {
      for (let k = 0; k < head.length; k++, at++) if (text[at] !== head[k]) return false;
      for (; at < end && text[at] !== QUOTE; at++) {
        if (text[at]! > 0x7f || text[at] === BACKSLASH) return false;
      }
    }
    if (at + 2 !== end) return false;
  }
  return true;
}
