import type { Selection, SelectionTerm } from '../selection/selection.ts';

/** Whether a page has one of the exporter's own metrics, by its name. */
export type OwnShare = (name: string) => boolean;

/**
 * Which of the exporter's own metrics the pages of a selection have.
 *
 * Names and prefixes select them like any others. Of shards only the first has them, so that a sum
 * over shards counts them once; but each shard counts its own series. Selectors select none of
 * them.
 *
 * @param series - the name of the metric that counts the series of a page.
 */
export function ownShare(selection: Selection, series: string): OwnShare {
  return (name) => selection.every((term) => isSelected(term, name, series));
}

function isSelected(term: SelectionTerm, name: string, series: string): boolean {
  switch (term.kind) {
    case 'name':
      return term.names.has(name) || (name.endsWith('_total') && term.names.has(name.slice(0, -6)));
    case 'prefix':
      return term.prefixes.some((prefix) => name.startsWith(prefix));
    case 'match':
      return false;
    case 'shard':
      return name === series || term.shards.some(({ index }) => index === 1);
  }
}
