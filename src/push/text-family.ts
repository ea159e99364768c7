import { parseGoFloat } from '../parse/go-number.ts';
import { goQuotedText } from './go-quote.ts';
import type { PushedFamily, PushedMetric, PushedType } from './pushed-families.ts';

const TYPES: ReadonlyMap<string, PushedType> = new Map([
  ['counter', 'counter'],
  ['gauge', 'gauge'],
  ['summary', 'summary'],
  ['untyped', 'unknown'],
  ['histogram', 'histogram'],
  ['gaugehistogram', 'histogram'],
  ['gauge_histogram', 'histogram'],
]);

/** The label that tells the samples of a metric apart, by the type. */
const BOUND_LABELS = { histogram: 'le', summary: 'quantile' } as const;

/** A histogram or summary while its lines are read. */
interface Composite {
  readonly labels: ReadonlyMap<string, string>;
  readonly pairs: [number, number][];
  readonly line: number;
  count: number;
  sum: number;
  hasTimestamp: boolean;
}

/** A family while its lines are read. */
export class TextFamily {
  readonly name: string;
  type: PushedType | undefined;
  help: string | undefined;
  readonly #metrics: PushedMetric[] = [];
  readonly #composites = new Map<string, Composite>();

  constructor(name: string) {
    this.name = name;
  }

  /** How many metrics it has so far. */
  get size(): number {
    return this.#metrics.length + this.#composites.size;
  }

  /** Sets the type by its word, in any case; false if there is no such type. */
  setType(word: string): boolean {
    this.type = TYPES.get(word.toLowerCase());
    return this.type !== undefined;
  }

  /** Whether samples with a suffix belong to this family. */
  hasPart(suffix: string): boolean {
    return this.type === 'histogram' || (this.type === 'summary' && suffix !== '_bucket');
  }

  /** Whether a label tells the samples of a metric apart; then it is none of the metric itself. */
  isBound(label: string): boolean {
    const { type } = this;
    return (type === 'histogram' || type === 'summary') && BOUND_LABELS[type] === label;
  }

  /**
   * Takes a sample; returns what is wrong with it.
   *
   * @param part - the suffix of the sample's name.
   * @param timestamp - reads whether the line has a timestamp, which comes behind the value.
   */
  add(
    part: string,
    labels: Map<string, string>,
    value: number,
    line: number,
    timestamp: () => boolean,
  ): string | undefined {
    if (this.type !== 'histogram' && this.type !== 'summary') {
      this.#metrics.push({ labels, value, hasTimestamp: timestamp(), line });
      return undefined;
    }
    const label = BOUND_LABELS[this.type];
    const bound = parseGoFloat(labels.get(label) ?? '') ?? Number.NaN;
    labels.delete(label);
    const composite = this.#compositeOf(labels, line);
    const isCount = part === '_count' || (part !== '_sum' && this.type === 'histogram');
    if (isCount && !(value >= 0) && !(part === '' && Number.isNaN(bound))) {
      const what = part === '_count' ? 'count' : 'bucket population';
      return `negative ${what} for ${this.type} ${goQuotedText(this.name)}`;
    }
    if (part === '_count') composite.count = this.type === 'summary' ? Math.trunc(value) : value;
    else if (part === '_sum') composite.sum = value;
    else if (!Number.isNaN(bound)) composite.pairs.push([bound, value]);
    if (timestamp()) composite.hasTimestamp = true;
    return undefined;
  }

  #compositeOf(labels: Map<string, string>, line: number): Composite {
    const key = JSON.stringify([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
    let composite = this.#composites.get(key);
    if (composite === undefined) {
      composite = { labels, pairs: [], line, count: 0, sum: 0, hasTimestamp: false };
      this.#composites.set(key, composite);
    }
    return composite;
  }

  /** The family as it was pushed. */
  pushed(): PushedFamily {
    const { name, help = '' } = this;
    const type = this.type!;
    const composites = [...this.#composites.values()].map(
      ({ labels, pairs, count, sum, hasTimestamp, line }): PushedMetric => {
        const value =
          type === 'summary'
            ? { count, sum, quantiles: pairs }
            : { count, sum, buckets: withInfinity(pairs, count) };
        return { labels, value, hasTimestamp, line };
      },
    );
    return { name, type, help, metrics: [...this.#metrics, ...composites] };
  }
}

/** Buckets as the original shows them: with one for infinity, which is the count if it is missing. */
export function withInfinity(
  pairs: readonly [number, number][],
  count: number,
): [number, number][] {
  return pairs.some(([bound]) => bound === Infinity) ? [...pairs] : [...pairs, [Infinity, count]];
}
