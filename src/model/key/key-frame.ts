import { compareKeys } from './key-order.ts';
import { labelPair } from './key-writer.ts';
import { unescapeLabelValue } from './label-value.ts';
import { frameOf, isAnyLabelName, type NameFrame } from './names.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Takes apart and writes the keys of one metric name. */
export class KeyFrame {
  readonly #frame: NameFrame;

  constructor(name: string) {
    this.#frame = frameOf(name);
  }

  /** The labels in one of the name's keys, as they stand there; empty without labels. */
  labelsOf(key: string): string {
    const { bare, open } = this.#frame;
    return key.length === bare.length ? '' : key.slice(open.length, -1);
  }

  /** Writes a key of labels as {@link labelsOf} returns them, and one more that stands last. */
  keyOf(labels: string, last = ''): string {
    const { bare, open } = this.#frame;
    if (labels === '' && last === '') return bare;
    return `${open}${labels}${labels === '' || last === '' ? '' : ','}${last}}`;
  }
}

/** A label as it stands in a key: the name without quotes, and the value as it is escaped there. */
export type LabelText = readonly [name: string, escaped: string];

/** Takes labels apart that {@link KeyFrame.labelsOf} returned. */
export function splitLabels(labels: string): readonly LabelText[] {
  const pairs: LabelText[] = [];
  for (let at = 0; at < labels.length; ) {
    const isQuoted = labels.charCodeAt(at) === QUOTE;
    const nameEnd = isQuoted ? quoteEnd(labels, at + 1) : labels.indexOf('=', at);
    const name = isQuoted
      ? unescapeLabelValue(labels.slice(at + 1, nameEnd))
      : labels.slice(at, nameEnd);
    const start = nameEnd + (isQuoted ? 3 : 2);
    const end = quoteEnd(labels, start);
    pairs.push([name, labels.slice(start, end)]);
    at = end + 2;
  }
  return pairs;
}

/** Where the quote is that closes a text. */
function quoteEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) {
    at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  }
  return at;
}

/**
 * Gives labels other names and puts them in order again; undefined if two then have one name, or
 * one has a name that no label may have.
 *
 * @param labels - as {@link KeyFrame.labelsOf} returns them.
 */
export function renameLabels(labels: string, rename: (name: string) => string): string | undefined {
  const pairs = splitLabels(labels).map(([name, value]): LabelText => [rename(name), value]);
  pairs.sort(([a], [b]) => compareKeys(a, b));
  const isUnsound = ([name]: LabelText, i: number): boolean =>
    !isAnyLabelName(name) || name === pairs[i - 1]?.[0];
  if (pairs.some(isUnsound)) return undefined;
  return pairs.map(([name, value]) => labelPair(name, value)).join(',');
}

/** Labels in braces without a name, as exemplars have them. */
export function bracedLabels(labels: string): string {
  return `{${labels}}`;
}

// A quoted name stands behind a brace or a comma, and before an equals sign. Quotes of values do so
// too if the values end or begin in these, which is rare.
const BEFORE_QUOTED = ['{"', ',"'];
const BEHIND_QUOTED = '"="';

/** Whether labels in some keys may have quoted names; false only if none has. */
export function mayHaveQuotedLabels(keys: Buffer | string): boolean {
  return BEFORE_QUOTED.some((text) => keys.includes(text)) && keys.includes(BEHIND_QUOTED);
}
