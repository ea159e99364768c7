import { compareKeys } from './key-order.ts';
import { isAnyLabelName, labelNameText } from './names.ts';

/**
 * The most labels of one point, those without a value included: far beyond use, and few enough for
 * a point to cost less than a millisecond.
 */
export const MOST_LABELS = 1024;

/** How points with one list of label names become keys: worked out once, used for each point. */
export interface LabelShape {
  /** The label names in the order in which the points carry them. */
  readonly names: readonly string[];
  /** The same names in key order. */
  readonly sorted: readonly string[];
  /** What stands before each sorted label's value, behind the metric name: `a="`, `",b="`. */
  readonly heads: readonly string[];
}

// Shapes repeat for ever in real data and are few, so they are checked once. A source that makes up
// endless ones only costs the check again.
const KEPT = 4096;
/** The longest label name that any cache or store takes, in characters. */
const LONGEST_NAME = 65_536;

/** Remembers the shapes of labels. */
export class LabelShapes {
  readonly #byNames = new Map<string, LabelShape>();
  #last: LabelShape = { names: [], sorted: [], heads: [] };

  /** The shape of a list of label names; `undefined` when one of them is not legal. */
  of(names: readonly string[]): LabelShape | undefined {
    // Points of one family mostly carry the same names in the same order.
    if (sameNames(this.#last.names, names)) return this.#last;
    if (names.some((name) => name.length > LONGEST_NAME)) return undefined;
    const list = names.join('\n');
    let shape = this.#byNames.get(list);
    // A name may have line feeds, so that two lists may make one text.
    if (shape === undefined || !sameNames(shape.names, names)) {
      if (!names.every(isAnyLabelName)) return undefined;
      shape = shapeOf(names);
      if (this.#byNames.size >= KEPT) this.#byNames.clear();
      // Nor must a few monstrous ones cost memory for ever.
      if (list.length <= KEPT) this.#byNames.set(list, shape);
    }
    this.#last = shape;
    return shape;
  }
}

function shapeOf(names: readonly string[]): LabelShape {
  const sorted = [...names].sort(compareKeys);
  return { names, sorted, heads: headsOf(sorted) };
}

/** What stands before the values of some labels in a key: `a="`, `",b="`. */
export function headsOf(sorted: readonly string[]): string[] {
  return sorted.map((name, at) => `${at === 0 ? '' : '",'}${labelNameText(name)}="`);
}

/** Its `hasOwnProperty` costs nothing within `for…in`; `Object.hasOwn` costs 40 ns a point. */
const OBJECT = Object.prototype;

/** Whether labels have these names and no others, in this order; makes no list of theirs. */
export function hasNames(labels: object, names: readonly string[]): boolean {
  let count = 0;
  // Inherited names come too.
  for (const name in labels) {
    if (name !== names[count] || !OBJECT.hasOwnProperty.call(labels, name)) return false;
    count++;
  }
  return count === names.length;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
