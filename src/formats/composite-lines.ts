import { KeyFrame, labelPair } from '../model/key/index.ts';
import { type CompositeText, readComposite, type TailText } from '../model/value/index.ts';
import type { EncodedLines } from './encoder.ts';
import { eachLine } from './lines.ts';

/** Writes the lines that a format has for one composite; undefined to leave it out. */
export type CompositeWriter = (
  labels: string,
  composite: CompositeText,
  tail: TailText,
) => string | undefined;

/**
 * Projects lines whose values are composites.
 *
 * @param name - of the family.
 */
export function projectComposites(
  lines: EncodedLines,
  name: string,
  write: CompositeWriter,
): Buffer {
  const frame = new KeyFrame(name);
  let text = '';
  eachLine(lines, (key, value, tail) => {
    const composite = readComposite(value);
    // No other value is admitted to such a family.
    if (composite === undefined) return;
    text += write(frame.labelsOf(key), composite, tail) ?? '';
  });
  return Buffer.from(text);
}

/** The pairs of a composite; those of a histogram without classic buckets are one bucket of all. */
export function bucketsOf({ pairs, count }: CompositeText): readonly string[] {
  return pairs ?? ['+Inf', count];
}

/** A count as a sample's value: in histograms with fractions a whole one ends with `.0`. */
function countText(count: string): string {
  return count.endsWith('.0') ? count.slice(0, -2) : count;
}

/** Writes lines for buckets or quantiles, which are all alike but for one label. */
export class PairLines {
  readonly #frame: KeyFrame;
  readonly #label: string;
  readonly #threshold: (text: string) => string;
  /** Labels of thresholds, which are mostly the same in all lines. */
  readonly #labels = new Map<string, string>();

  /** @param threshold - the format's text of a threshold, of the canonical one. */
  constructor(name: string, label: 'le' | 'quantile', threshold: (text: string) => string) {
    this.#frame = new KeyFrame(name);
    this.#label = label;
    this.#threshold = threshold;
  }

  /**
   * Writes the lines.
   *
   * @param pairs - thresholds and values in turn.
   * @param end - what stands behind the value of each, by index.
   */
  write(labels: string, pairs: readonly string[], end: (index: number) => string): string {
    let text = '';
    for (let i = 0; i < pairs.length; i += 2) {
      text += `${this.#frame.keyOf(labels, this.#labelOf(pairs[i]!))} ${countText(pairs[i + 1]!)}${end(i / 2)}\n`;
    }
    return text;
  }

  #labelOf(threshold: string): string {
    let label = this.#labels.get(threshold);
    if (label === undefined) {
      label = labelPair(this.#label, this.#threshold(threshold));
      if (this.#labels.size >= MOST_LABELS) this.#labels.clear();
      this.#labels.set(threshold, label);
    }
    return label;
  }
}

/** How many labels of thresholds are remembered, so that endless ones cost no memory. */
const MOST_LABELS = 1000;

/** Writes one line of a composite, such as its sum. */
export class TotalLine {
  readonly #frame: KeyFrame;

  constructor(name: string) {
    this.#frame = new KeyFrame(name);
  }

  /** @param end - what stands behind the value. */
  write(labels: string, value: string, end: string): string {
    return `${this.#frame.keyOf(labels)} ${countText(value)}${end}\n`;
  }
}
