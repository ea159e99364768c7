import type { FamilyType } from '../model/family-metadata.ts';
import { KeyWriter } from '../model/key/index.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { readNumber } from '../model/value/index.ts';
import { boundLabel, isCompositeType, type PartOfFamily, partsOf } from './composite-parts.ts';
import { type AssemblyFault, SampleGroup } from './sample-group.ts';

/** What became of the flat samples of histograms and summaries. */
export interface AssemblyStats {
  /** How many histograms and summaries were assembled. */
  readonly assembled: number;
  /** How many were not, so that their samples stayed as they were, by reason. */
  readonly leftFlat: Readonly<Record<AssemblyFault, number>>;
}

/** Makes composites of flat samples. Samples of one composite may come in any order. */
export class Assembler {
  readonly #parts: ReadonlyMap<string, PartOfFamily>;
  readonly #isCountLast: boolean;
  readonly #writer = new KeyWriter();
  readonly #groups = new Map<string, SampleGroup>();
  readonly #leftFlat: Record<AssemblyFault, number> = {
    incomplete: 0,
    contradictory: 0,
    invalid: 0,
  };
  #assembled = 0;
  #last: SampleGroup | undefined;
  #lastFamily = '';
  #whole: SampleGroup[] = [];

  /**
   * @param types - the declared types of families, by name.
   * @param isCountLast - whether the count is the last sample of each composite, so that it can be
   *   taken out at once. Otherwise all are taken out at the end.
   */
  constructor(types: Iterable<readonly [string, FamilyType]>, isCountLast: boolean) {
    const parts = new Map<string, PartOfFamily>();
    for (const [name, type] of types) {
      if (!isCompositeType(type)) continue;
      for (const [sample, part] of partsOf(name, type)) parts.set(sample, part);
    }
    this.#parts = parts;
    this.#isCountLast = isCountLast;
  }

  /** Takes a sample; false, and nothing is done, if it belongs to no composite. */
  take(given: unknown): boolean {
    try {
      return this.#take(given as MetricPoint);
    } catch {
      return false; // It is no point, or a getter of it threw; admission says so.
    }
  }

  #take(sample: MetricPoint): boolean {
    const { name, value } = sample;
    const part = this.#parts.get(name);
    if (part === undefined || typeof value !== 'number') return false;
    const labels = (sample.labels ?? {}) as Readonly<Record<string, unknown>>;
    const label = part.part === 'pair' ? boundLabel(part.type) : '';
    const bound = label === '' ? 0 : boundOf(labels[label]);
    if (bound === undefined) return false;
    const group = this.#groupOf(part, labels, label);
    if (group === undefined) return false;
    group.add(part.part, sample, bound);
    if (this.#isCountLast && part.part === 'count') {
      this.#groups.delete(group.key);
      this.#last = undefined;
      this.#whole.push(group);
    }
    return true;
  }

  #groupOf(
    { family, type }: PartOfFamily,
    labels: Readonly<Record<string, unknown>>,
    dropped: string,
  ): SampleGroup | undefined {
    // Samples of one composite mostly follow each other.
    const last = this.#last;
    if (
      last !== undefined &&
      family === this.#lastFamily &&
      areSame(last.labels, labels, dropped)
    ) {
      return last;
    }
    const own = Object.fromEntries(Object.entries(labels).filter(([name]) => name !== dropped));
    if (!this.#writer.write(family, own)) return undefined;
    const { key } = this.#writer;
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new SampleGroup({ key, labels: own }, family, type);
      this.#groups.set(key, group);
    }
    this.#last = group;
    this.#lastFamily = family;
    return group;
  }

  /** Takes out what is whole: composites, and samples of what could not be assembled. */
  *takeWhole(): Generator<MetricPoint, void, undefined> {
    const whole = this.#whole;
    if (whole.length === 0) return;
    this.#whole = [];
    for (const group of whole) yield* this.#pointsOf(group);
  }

  /** Takes out all that is left. */
  *takeRest(): Generator<MetricPoint, void, undefined> {
    for (const group of this.#groups.values()) yield* this.#pointsOf(group);
    this.#groups.clear();
  }

  /** What became of the samples that were taken out. */
  stats(): AssemblyStats {
    return { assembled: this.#assembled, leftFlat: { ...this.#leftFlat } };
  }

  #pointsOf(group: SampleGroup): readonly MetricPoint[] {
    const point = group.point();
    if (typeof point !== 'string') {
      this.#assembled++;
      return [point];
    }
    this.#leftFlat[point]++;
    return group.samples;
  }
}

function boundOf(label: unknown): number | undefined {
  if (typeof label === 'number') return label;
  // Registries write a bucket of their own for infinity so.
  if (label === 'Infinity') return Number.POSITIVE_INFINITY;
  const bound = typeof label === 'string' ? readNumber(label) : undefined;
  return Number.isNaN(bound) ? undefined : bound;
}

function areSame(
  own: Readonly<Record<string, unknown>>,
  labels: Readonly<Record<string, unknown>>,
  dropped: string,
): boolean {
  let rest = Object.keys(own).length;
  for (const name of Object.keys(labels)) {
    if (name === dropped) continue;
    if (!Object.hasOwn(own, name) || own[name] !== labels[name]) return false;
    rest--;
  }
  return rest === 0;
}
