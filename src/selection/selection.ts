import { type LabelMatcher, NAME_LABEL, type Selector } from './selector.ts';
import type { Shard } from './shard.ts';
import { literalAlternatives, loadPatternEngine } from './value-pattern.ts';

/** One condition: any of several things of one kind. */
export type SelectionTerm =
  | { readonly kind: 'name'; readonly names: readonly string[] }
  | { readonly kind: 'prefix'; readonly prefixes: readonly string[] }
  | { readonly kind: 'match'; readonly selectors: readonly Selector[] }
  | { readonly kind: 'shard'; readonly shards: readonly Shard[] };

/**
 * Which series are wanted: those that satisfy every term. Immutable.
 *
 * Two selections with the same `text` select the same, whatever the order they were written in.
 */
export class Selection {
  /** The terms; at least one. */
  readonly terms: readonly SelectionTerm[];
  /** The same as text: a key for what is kept for a selection. */
  readonly text: string;
  /** Whether matchers have patterns that are more than literals. */
  readonly hasPatterns: boolean;
  #prepared: Promise<void> | undefined;

  constructor(terms: readonly SelectionTerm[]) {
    const byText = new Map(terms.map((term) => [textOf(term), term]));
    const texts = [...byText.keys()].sort();
    this.text = texts.join('\n');
    this.terms = texts.map((text) => byText.get(text)!);
    this.hasPatterns = this.terms.some((term) => patternsOf(term).length > 0);
  }

  /**
   * Loads what patterns need and checks each; without any there is nothing to do. Rejects with
   * `invalid_selector`, and the column, for a pattern that is none of RE2's or too large.
   */
  prepare(): Promise<void> {
    this.#prepared ??= this.#prepare();
    return this.#prepared;
  }

  async #prepare(): Promise<void> {
    if (!this.hasPatterns) return;
    const engine = await loadPatternEngine();
    for (const { value, column } of this.terms.flatMap(patternsOf)) {
      engine.compile(value, column);
      // Compiling takes up to some 30 ms for each.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** What both selections select; one that is absent selects everything. */
export function bothSelections(
  a: Selection | undefined,
  b: Selection | undefined,
): Selection | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return new Selection([...a.terms, ...b.terms]);
}

/** The matchers that need the engine of patterns. */
function patternsOf(term: SelectionTerm): readonly LabelMatcher[] {
  if (term.kind !== 'match') return [];
  return term.selectors.flat().filter(isPattern);
}

/** Whether a matcher has a pattern that is more than literals. */
export function isPattern({ operator, value }: LabelMatcher): boolean {
  return operator.endsWith('~') && literalAlternatives(value) === undefined;
}

function textOf(term: SelectionTerm): string {
  switch (term.kind) {
    case 'name':
      return `name ${listOf(term.names.map((name) => JSON.stringify(name)))}`;
    case 'prefix':
      return `prefix ${listOf(term.prefixes.map((prefix) => JSON.stringify(prefix)))}`;
    case 'match':
      return `match ${listOf(term.selectors.map((selector) => `{${listOf(selector.map(matcherText))}}`))}`;
    case 'shard':
      return `shard ${listOf(term.shards.map(({ index, of }) => `${index}/${of}`))}`;
  }
}

/** JSON's strings are unambiguous, and have an escape for what is not well-formed. */
function matcherText({ label, operator, value }: LabelMatcher): string {
  const name = label === NAME_LABEL ? label : JSON.stringify(label);
  return `${name}${operator}${JSON.stringify(value)}`;
}

function listOf(texts: readonly string[]): string {
  return [...new Set(texts)].sort().join(',');
}
