import type { ExposedFamily, ExposedPoint } from './exposition.ts';
import type { FamilyCount, LintFinding } from './lint-report.ts';
import type { LintRule } from './lint-rules.ts';
import { SeriesSet } from './series-set.ts';

const MOST_VALUES = 1000;
const MOST_SERIES = 10_000;
const MOST_LABELS = 30;
const LONGEST_VALUE = 1024;
const COUNTED = 100_000;
const MINUTES = 60_000;

/** What is known of the points of one family, in memory that does not grow with their number. */
export class FamilyFacts {
  readonly name: string;
  family: ExposedFamily;
  /** The values of each label, as hashes. */
  readonly labels: Map<string, { readonly values: SeriesSet; count: number }> = new Map();
  #points = 0;
  #mostLabels = 0;
  #longestLabel: string | undefined;
  #timed = 0;
  #far: number | undefined;

  constructor(name: string) {
    this.name = name;
    this.family = { name, type: 'unknown' };
  }

  describe(family: ExposedFamily): void {
    this.family = family;
  }

  add({ labels, timestamp }: ExposedPoint): void {
    this.#points++;
    let count = 0;
    for (const [label, value] of Object.entries(labels)) {
      count++;
      if (value.length > LONGEST_VALUE) this.#longestLabel ??= label;
      let known = this.labels.get(label);
      if (known === undefined)
        this.labels.set(label, (known = { values: new SeriesSet(), count: 0 }));
      if (known.count >= COUNTED) continue;
      known.values.hash({}, '', value);
      if (!known.values.add()) known.count++;
    }
    this.#mostLabels = Math.max(this.#mostLabels, count);
    if (timestamp === undefined) return;
    this.#timed++;
    const now = Date.now();
    const isFar =
      timestamp <= 0 || timestamp > now + 10 * MINUTES || timestamp < now - 60 * MINUTES;
    if (isFar) this.#far ??= timestamp;
  }

  count(): FamilyCount {
    const labels: Record<string, number> = Object.create(null) as Record<string, number>;
    for (const [label, { count }] of this.labels) labels[label] = count;
    return { name: this.name, type: this.family.type, points: this.#points, labels };
  }

  /** What is unusual about the points. */
  *findings(of: (rule: LintRule, detail?: string) => LintFinding): Generator<LintFinding> {
    for (const [label, { count }] of this.labels) {
      const least = count >= COUNTED ? 'at least ' : '';
      if (count > MOST_VALUES) yield of('many_values', `${label} has ${least}${count}`);
    }
    if (this.#points > MOST_SERIES) yield of('many_series', `it has ${this.#points}`);
    if (this.#mostLabels > MOST_LABELS) yield of('many_labels', `one has ${this.#mostLabels}`);
    if (this.#longestLabel !== undefined) yield of('long_label', this.#longestLabel);
    if (this.#timed > 0) yield of('sample_timestamp', `${this.#timed} of ${this.#points}`);
    if (this.#far !== undefined) yield of('far_timestamp', `${this.#far} ms`);
  }
}
