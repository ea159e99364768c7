import {
  bracedLabels,
  type EscapingScheme,
  escapeName,
  KeyFrame,
  mayHaveQuotedLabels,
  renameLabels,
} from '../model/key/index.ts';
import { joinTail, splitTail } from '../model/value/index.ts';
import type { EncodedLines } from './encoder.ts';
import { mapLines } from './lines.ts';

const quotedLabels = new WeakMap<object, boolean>();

/**
 * Whether some lines may have labels with quoted names; false only if none has. Keys are looked
 * through once, also those of lines whose ids are the same.
 */
export function hasQuotedLabels({ text, ids = text, tails }: EncodedLines): boolean {
  let has = quotedLabels.get(ids);
  if (has === undefined) {
    has = mayHaveQuotedLabels(text);
    quotedLabels.set(ids, has);
  }
  return has || (tails?.some((tail) => tail !== undefined && mayHaveQuotedLabels(tail)) ?? false);
}

/** Writes the lines of one family under escaped names. */
export class LineEscaping {
  readonly #from: KeyFrame;
  readonly #to: KeyFrame;
  readonly #isRenamed: boolean;
  readonly #rename: (label: string) => string;
  readonly #leftOut: ReadonlySet<string>;

  /**
   * @param name - of the family.
   * @param exposed - the same, escaped.
   * @param leftOut - keys of series that are left out.
   */
  constructor(
    name: string,
    exposed: string,
    { scheme, leftOut }: { scheme: EscapingScheme; leftOut: ReadonlySet<string> },
  ) {
    this.#from = new KeyFrame(name);
    this.#to = new KeyFrame(exposed);
    this.#isRenamed = name !== exposed;
    this.#rename = (label) => escapeName(label, scheme, 'label');
    this.#leftOut = leftOut;
  }

  /** Whether series are left out, which depends on other lines of the family. */
  get leavesOut(): boolean {
    return this.#leftOut.size > 0;
  }

  /** The lines with escaped names; the same object if none changes. */
  escape(lines: EncodedLines): EncodedLines {
    const isSame = !this.#isRenamed && this.#leftOut.size === 0 && !hasQuotedLabels(lines);
    if (isSame) return lines;
    return mapLines(lines, (key) => this.#keyOf(key), this.#tailOf);
  }

  #keyOf(key: string): string | undefined {
    if (this.#leftOut.has(key)) return undefined;
    const labels = renameLabels(this.#from.labelsOf(key), this.#rename);
    return labels === undefined ? undefined : this.#to.keyOf(labels);
  }

  readonly #tailOf = (tail: string): string => {
    const split = mayHaveQuotedLabels(tail) ? splitTail(tail) : undefined;
    if (split === undefined) return tail;
    const exemplars = split.exemplars.flatMap((exemplar) => {
      const labels = renameLabels(exemplar.labels.slice(1, -1), this.#rename);
      return labels === undefined ? [] : [{ ...exemplar, labels: bracedLabels(labels) }];
    });
    return joinTail({ ...split, exemplars });
  };
}
