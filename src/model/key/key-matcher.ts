import { type LabelShape, LabelShapes, MOST_LABELS } from './label-shape.ts';
import { frameOf } from './names.ts';

/** Where the key of a series stands in a text. */
export interface KeyPlace {
  /** The metric name of the key. */
  name: string;
  /** The text in UTF-8. */
  text: Uint8Array;
  /** Where the key begins. */
  start: number;
  /** Where the key ends. */
  end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Tells whether a key is that of a name with labels, and makes no string for it: the labels are
 * compared with the bytes of the key.
 *
 * Only the plainest labels are: texts of ASCII, none empty, and none with a character that is
 * escaped. For all others the answer is false, and the key has to be written.
 */
export class KeyMatcher {
  readonly #shapes = new LabelShapes();
  #shape: LabelShape | undefined;
  /** The heads of that shape in UTF-8: bytes compare faster with bytes than characters do. */
  #heads: readonly Buffer[] = [];
  #name = '';
  #openBytes = 0;
  #bareBytes = 0;

  /** Whether a key is certainly that of its own metric name with labels, which may be anything. */
  matches({ name, text, start, end }: KeyPlace, labels: unknown): boolean {
    if (name !== this.#name) this.#turnToName(name);
    // No key with labels is so short.
    if (labels === undefined) return end - start === this.#bareBytes;
    if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) return false;
    // Own names alone: `for…in` would name inherited labels too.
    const names = Object.keys(labels);
    const shape = names.length > MOST_LABELS ? undefined : this.#shapes.of(names);
    if (shape === undefined) return false;
    if (shape !== this.#shape) this.#turnToShape(shape);
    const { sorted } = shape;
    if (sorted.length === 0) return end - start === this.#bareBytes;
    const heads = this.#heads;
    const values = labels as Readonly<Record<string, unknown>>;
    // The name is known to be that of the key. A key without labels ends before any head.
    let at = start + this.#openBytes;
    for (let i = 0; i < sorted.length; i++) {
      const head = heads[i]!;
      for (let k = 0; k < head.length; k++, at++) {
        if (text[at] !== head[k]) return false;
      }
      const value = values[sorted[i]!];
      if (typeof value !== 'string' || value === '') return false;
      for (let k = 0; k < value.length; k++, at++) {
        const unit = value.charCodeAt(k);
        if (text[at] !== unit) return false;
        // A byte beyond ASCII is no character, and a quote in a value is not the one behind it.
        if (unit === QUOTE || unit === BACKSLASH || unit > 0x7f) return false;
      }
    }
    // Each head has the quote that ends the value before it, and a key ends with `"}`.
    return at + 2 === end;
  }

  #turnToShape(shape: LabelShape): void {
    this.#shape = shape;
    this.#heads = shape.heads.map((head) => Buffer.from(head));
  }

  #turnToName(name: string): void {
    this.#name = name;
    const { open, bare } = frameOf(name);
    this.#openBytes = Buffer.byteLength(open);
    this.#bareBytes = Buffer.byteLength(bare);
  }
}
