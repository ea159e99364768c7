import type { LabelMatcher, Selector } from './selector.ts';
import type { Shard } from './shard.ts';

/** One condition: any of several things of one kind. */
export type SelectionTerm =
  | { readonly kind: 'name'; readonly names: ReadonlySet<string> }
  | { readonly kind: 'prefix'; readonly prefixes: readonly string[] }
  | { readonly kind: 'match'; readonly selectors: readonly Selector[] }
  | { readonly kind: 'shard'; readonly shards: readonly Shard[] };

/** Which series are wanted: those that satisfy every term. Without a term: all series. */
export type Selection = readonly SelectionTerm[];

/** The matchers of a selection. */
export function matchersOf(selection: Selection): readonly LabelMatcher[] {
  return selection.flatMap((term) => (term.kind === 'match' ? term.selectors.flat() : []));
}
