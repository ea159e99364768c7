import type { FamilyType } from '../model/family-metadata.ts';
import { openMetricsName, sampleNames } from '../model/projected-names.ts';
import type { Family } from '../snapshot/snapshot.ts';
import { type LabelTest, labelTest, type PatternSource } from './label-test.ts';
import type { LineConditions } from './line-filter.ts';
import type { Selection, SelectionTerm } from './selection.ts';
import { type LabelMatcher, NAME_LABEL, type Selector } from './selector.ts';
import type { Shard } from './shard.ts';

/** What decides whether a family may be wanted. */
type NamedFamily = Pick<Family, 'name' | 'metadata'>;

/** The label by which a composite's samples differ; it is no label of its series. */
const PART_LABELS: Readonly<Record<string, string>> = {
  histogram: 'le',
  gaugehistogram: 'le',
  summary: 'quantile',
};

/**
 * Decides by their names which families are wanted, and what is asked of their lines.
 *
 * A family has the names that its samples have in any format: a histogram `x` is also `x_bucket`,
 * `x_sum`, `x_count` and `x_created`. A composite is wanted as a whole or not at all, so what would
 * choose a part of it chooses all of it, and what would leave out a part leaves out nothing:
 *
 * - `=` and `=~` of `__name__` hold if one of the names passes; `!=` and `!~` ask for the family's
 *   own name alone.
 * - A matcher of `le` says nothing of histograms and gauge histograms, one of `quantile` nothing of
 *   summaries.
 */
export class FamilyFilter {
  readonly #selection: Selection;
  readonly #patternOf: PatternSource;
  readonly #tests = new Map<LabelMatcher, LabelTest>();

  constructor(selection: Selection, patternOf: PatternSource) {
    this.#selection = selection;
    this.#patternOf = patternOf;
  }

  /**
   * What is asked of the lines of a family: nothing, or conditions; undefined if none is wanted.
   */
  conditionsFor(family: NamedFamily): LineConditions | 'nothing' | undefined {
    const choices: (readonly (readonly LabelTest[])[])[] = [];
    const shards: (readonly Shard[])[] = [];
    const named = { name: family.name, type: family.metadata?.type ?? 'gauge' };
    for (const term of this.#selection) {
      if (term.kind === 'shard') shards.push(term.shards);
      else if (term.kind === 'match') {
        const lists = this.#testLists(term.selectors, named);
        if (lists.length === 0) return undefined;
        if (lists.every((list) => list.length > 0)) choices.push(lists);
      } else if (!isNamed(named, term)) return undefined;
    }
    return choices.length + shards.length === 0 ? 'nothing' : { choices, shards };
  }

  /** The tests of labels of each selector that the family's names satisfy. */
  #testLists(selectors: readonly Selector[], family: TypedFamily): (readonly LabelTest[])[] {
    const names = sampleNames(family.name, family.type).map((name) => Buffer.from(name));
    const part = PART_LABELS[family.type];
    const lists: (readonly LabelTest[])[] = [];
    for (const selector of selectors) {
      const tests = selector.map((matcher) => this.#testOf(matcher));
      const ofName = tests.filter(({ label }) => label === NAME_LABEL);
      if (ofName.every((test) => passesOne(test, names))) {
        lists.push(tests.filter(({ label }) => label !== NAME_LABEL && label !== part));
      }
    }
    return lists;
  }

  #testOf(matcher: LabelMatcher): LabelTest {
    const test = this.#tests.get(matcher) ?? labelTest(matcher, this.#patternOf);
    this.#tests.set(matcher, test);
    return test;
  }
}

interface TypedFamily {
  readonly name: string;
  readonly type: FamilyType;
}

type NamingTerm = Extract<SelectionTerm, { readonly kind: 'name' | 'prefix' }>;

function isNamed({ name, type }: TypedFamily, term: NamingTerm): boolean {
  if (term.kind === 'prefix') return term.prefixes.some((prefix) => name.startsWith(prefix));
  // In OpenMetrics the counter `x_total` is the family `x`, and clients ask by either
  // (client_java).
  const names = [openMetricsName(name, type) ?? name, ...sampleNames(name, type)];
  return names.some((each) => term.names.has(each));
}

function passesOne(test: LabelTest, [own, ...projected]: readonly Buffer[]): boolean {
  const passes = (name: Buffer): boolean => test.passes(name, 0, name.length);
  return passes(own!) || (!test.isNegated && projected.some(passes));
}
