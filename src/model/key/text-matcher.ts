import { hasNames, type LabelShape, LabelShapes, MOST_LABELS } from './label-shape.ts';
import { frameOf } from './names.ts';

/** A key that was written before, and what is known of how it is made up. */
export interface KnownKey {
  /** The key. */
  key: string;
  /**
   * Which metric name and label names it has, as a number of one {@link TextMatcher}; 0 if that is
   * not known yet.
   */
  form: number;
}

/** What all keys of one metric name with the same label names have in common. */
interface KeyForm {
  /** 0 if there are too many to be numbered. */
  readonly number: number;
  readonly name: string;
  readonly bare: string;
  readonly open: string;
  readonly shape: LabelShape;
}

const NO_LABELS = Object.freeze({});
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** The largest number of a form: a store keeps it in two bytes for each series. */
const LAST_FORM = 0xffff;

/**
 * Tells whether a key is that of a name with labels, and makes no string for it. A key whose form
 * is known is compared by its label values alone (bench/micro/known-keys.ts).
 *
 * Only plain labels are compared: texts that are not empty and have no character that is escaped.
 * For all others the answer is false, and the key has to be written.
 */
export class TextMatcher {
  readonly #shapes = new LabelShapes();
  readonly #forms = new Map<string, Map<LabelShape, KeyForm>>();
  #count = 0;
  #form: KeyForm | undefined;

  /** Whether a key is certainly that of a name with labels, which may be anything. Notes its form. */
  matches(known: KnownKey, name: unknown, labels: unknown): boolean {
    const { key } = known;
    // A longer name is not that of the key, and costs no look here.
    if (typeof name !== 'string' || name.length > key.length) return false;
    const given = labels === undefined ? NO_LABELS : labels;
    if (typeof given !== 'object' || given === null || Symbol.iterator in given) return false;
    const shape = this.#shapeOf(given);
    if (shape === undefined) return false;
    const isSame = this.#form?.shape === shape && this.#form.name === name;
    const form = isSame ? this.#form! : this.#formOf(name, shape);
    if (shape.names.length === 0) return key === form.bare;
    const isKnown = form.number !== 0 && form.number === known.form;
    if (!isKnown && !key.startsWith(form.open)) return false;
    const values = given as Readonly<Record<string, unknown>>;
    const { sorted, heads } = shape;
    let at = form.open.length;
    for (let i = 0; i < sorted.length; i++) {
      const head = heads[i]!;
      if (!isKnown && !key.startsWith(head, at)) return false;
      const value = values[sorted[i]!];
      if (typeof value !== 'string' || value === '') return false;
      at += head.length;
      for (let k = 0; k < value.length; k++, at++) {
        const unit = value.charCodeAt(k);
        if (key.charCodeAt(at) !== unit || unit === QUOTE || unit === BACKSLASH) return false;
      }
      // In a key with these names, the first quote in a value's place is the one behind it.
      if (key.charCodeAt(at) !== QUOTE) return false;
    }
    // A key ends with `"}`.
    if (at + 2 !== key.length) return false;
    if (!isKnown) this.#learn(known, form);
    return true;
  }

  #shapeOf(labels: object): LabelShape | undefined {
    const last = this.#form?.shape;
    if (last !== undefined && hasNames(labels, last.names)) return last;
    // Own names alone.
    const names = Object.keys(labels);
    return names.length > MOST_LABELS ? undefined : this.#shapes.of(names);
  }

  #formOf(name: string, shape: LabelShape): KeyForm {
    const known = this.#forms.get(name)?.get(shape);
    const form = known ?? { number: 0, name, ...frameOf(name), shape };
    this.#form = form;
    return form;
  }

  /** Gives the form of a key that matched a number: only stored keys can make them many. */
  #learn(known: KnownKey, form: KeyForm): void {
    if (form.number !== 0) known.form = form.number;
    if (form.number !== 0 || this.#count === LAST_FORM) return;
    const numbered = { ...form, number: ++this.#count };
    const shapes = this.#forms.get(form.name);
    if (shapes === undefined) this.#forms.set(form.name, new Map([[form.shape, numbered]]));
    else shapes.set(form.shape, numbered);
    this.#form = numbered;
    known.form = numbered.number;
  }
}
