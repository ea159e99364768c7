import type { Family, Snapshot } from '../cache/snapshot.ts';
import { counterFamilyName } from '../model/family-metadata.ts';
import type { LineConditions } from './line-filter.ts';
import type { Selection, SelectionTerm } from './selection.ts';
import { type LabelMatcher, NAME_LABEL, type Selector } from './selector.ts';
import type { Shard } from './shard.ts';
import type { PatternEngine } from './value-pattern.ts';
import { type PatternWork, type ValueTest, valueTest } from './value-test.ts';

/** Decides by the names of families which are wanted, and what is asked of their lines. For one run. */
export class FamilyFilter {
  readonly #terms: readonly SelectionTerm[];
  readonly #engine: PatternEngine | undefined;
  readonly #work: PatternWork;
  // One for each matcher, so that what it learnt of values serves all families.
  readonly #tests = new Map<LabelMatcher, ValueTest>();

  constructor(selection: Selection, engine: PatternEngine | undefined, work: PatternWork) {
    this.#terms = selection.terms;
    this.#engine = engine;
    this.#work = work;
  }

  /** The families that may be wanted, in order: all, or those that the selection names. */
  candidates(snapshot: Snapshot): readonly Family[] {
    let fewest: ReadonlySet<string> | undefined;
    for (const term of this.#terms) {
      const names = namesOf(term);
      if (names !== undefined && !(fewest !== undefined && fewest.size <= names.size)) {
        fewest = names;
      }
    }
    // A look-up costs about as much as ten steps through the list.
    if (fewest === undefined || fewest.size * 10 > snapshot.families.length) {
      return snapshot.families;
    }
    return [...fewest].sort().flatMap((name) => familyNamed(snapshot, name) ?? []);
  }

  /** What is asked of the lines of a family; undefined when none of them is wanted. */
  conditionsFor(family: Family): LineConditions | undefined {
    const choices: (readonly (readonly ValueTest[])[])[] = [];
    const shards: (readonly Shard[])[] = [];
    for (const term of this.#terms) {
      if (term.kind === 'shard') shards.push(term.shards);
      else if (term.kind === 'match') {
        const lists = this.#testLists(term.selectors, family.name);
        if (lists.length === 0) return undefined;
        if (lists.every((list) => list.length > 0)) choices.push(lists);
      } else if (!isNamed(family, term)) return undefined;
    }
    return { choices, shards };
  }

  /** The tests of labels of each selector whose conditions for the metric name are met. */
  #testLists(selectors: readonly Selector[], name: string): (readonly ValueTest[])[] {
    const lists: (readonly ValueTest[])[] = [];
    for (const selector of selectors) {
      const tests = selector.map((matcher) => this.#testOf(matcher));
      const isWanted = tests.every((test) => test.label !== NAME_LABEL || test.passes(name));
      if (isWanted) lists.push(tests.filter(({ label }) => label !== NAME_LABEL));
    }
    return lists;
  }

  #testOf(matcher: LabelMatcher): ValueTest {
    let test = this.#tests.get(matcher);
    if (test === undefined) {
      test = valueTest(matcher, this.#engine, this.#work);
      this.#tests.set(matcher, test);
    }
    return test;
  }
}

/** The names that families must have to satisfy a term; undefined where it does not name them. */
function namesOf(term: SelectionTerm): ReadonlySet<string> | undefined {
  if (term.kind === 'name') {
    return new Set(term.names.flatMap((name) => [name, `${name}_total`]));
  }
  if (term.kind !== 'match') return undefined;
  const names = new Set<string>();
  for (const selector of term.selectors) {
    const named = selector.find(({ label, operator }) => label === NAME_LABEL && operator === '=');
    if (named === undefined) return undefined;
    names.add(named.value);
  }
  return names;
}

type NamingTerm = Extract<SelectionTerm, { readonly kind: 'name' | 'prefix' }>;

function isNamed({ name, metadata }: Family, term: NamingTerm): boolean {
  if (term.kind === 'prefix') return term.prefixes.some((prefix) => name.startsWith(prefix));
  if (term.names.includes(name)) return true;
  // In OpenMetrics the counter `x_total` is the family `x`, and clients ask by either (client_java).
  return metadata?.type === 'counter' && term.names.includes(counterFamilyName(name));
}

/** The family of a name, if a snapshot has it. */
export function familyNamed({ families }: Snapshot, name: string): Family | undefined {
  // Families are in the order of their names: a binary search.
  let low = 0;
  let high = families.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (families[middle]!.name < name) low = middle + 1;
    else high = middle;
  }
  const family = families[low];
  return family?.name === name ? family : undefined;
}
