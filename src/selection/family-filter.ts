import { counterFamilyName } from '../model/family-metadata.ts';
import type { Family } from '../snapshot/snapshot.ts';
import { type LabelTest, labelTest, type PatternSource } from './label-test.ts';
import type { LineConditions } from './line-filter.ts';
import type { Selection, SelectionTerm } from './selection.ts';
import { type LabelMatcher, NAME_LABEL, type Selector } from './selector.ts';
import type { Shard } from './shard.ts';

/** What decides whether a family may be wanted. */
type NamedFamily = Pick<Family, 'name' | 'metadata'>;

/** Decides by their names which families are wanted, and what is asked of their lines. */
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
    for (const term of this.#selection) {
      if (term.kind === 'shard') shards.push(term.shards);
      else if (term.kind === 'match') {
        const lists = this.#testLists(term.selectors, Buffer.from(family.name));
        if (lists.length === 0) return undefined;
        if (lists.every((list) => list.length > 0)) choices.push(lists);
      } else if (!isNamed(family, term)) return undefined;
    }
    return choices.length + shards.length === 0 ? 'nothing' : { choices, shards };
  }

  /** The tests of labels of each selector that the family's name satisfies. */
  #testLists(selectors: readonly Selector[], name: Buffer): (readonly LabelTest[])[] {
    const lists: (readonly LabelTest[])[] = [];
    for (const selector of selectors) {
      const tests = selector.map((matcher) => this.#testOf(matcher));
      const ofName = tests.filter(({ label }) => label === NAME_LABEL);
      if (ofName.every((test) => test.passes(name, 0, name.length))) {
        lists.push(tests.filter(({ label }) => label !== NAME_LABEL));
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

type NamingTerm = Extract<SelectionTerm, { readonly kind: 'name' | 'prefix' }>;

function isNamed({ name, metadata }: NamedFamily, term: NamingTerm): boolean {
  if (term.kind === 'prefix') return term.prefixes.some((prefix) => name.startsWith(prefix));
  if (term.names.has(name)) return true;
  // In OpenMetrics the counter `x_total` is the family `x`, and clients ask by either
  // (client_java).
  return metadata?.type === 'counter' && term.names.has(counterFamilyName(name));
}
