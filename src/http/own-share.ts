import type { Selection, SelectionTerm } from '../selection/selection.ts';

/** Whether a subset has one of the exporter's own metrics, by its name. */
export type OwnShare = (name: string) => boolean;

/**
 * Which of the exporter's own metrics the pages of a selection have.
 *
 * Names and prefixes select them like any others. Of shards only the first has them, as each tells of the
 * whole exporter and a sum over shards would have it several times; but each shard counts its own series.
 * A selector of labels is asked for what the source says: its pages have none.
 *
 * @param series - the name of the metric that counts the series of a page.
 */
export function ownShare(selection: Selection | undefined, series: string): OwnShare {
  const terms = selection?.terms ?? [];
  return (name) => terms.every((term) => isSelected(term, name, series));
}

function isSelected(term: SelectionTerm, name: string, series: string): boolean {
  switch (term.kind) {
    case 'name':
      return term.names.some((asked) => asked === name || `${asked}_total` === name);
    case 'prefix':
      return term.prefixes.some((prefix) => name.startsWith(prefix));
    case 'match':
      return false;
    case 'shard':
      return name === series || term.shards.some(({ index }) => index === 1);
  }
}
