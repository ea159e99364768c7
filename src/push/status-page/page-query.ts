import type { ListedGroup } from './listed-group.ts';

/** How many groups a page shows. */
export const GROUPS_A_PAGE = 50;
// A longer one finds nothing that is worth it.
const LONGEST_SEARCH = 256;

/** What a reader asks for: the words that groups must have, and which page of them. */
export interface PageQuery {
  readonly search: string;
  /** From 1. */
  readonly page: number;
}

/** The groups of a page, and how many there are in all. */
export interface ChosenGroups {
  readonly groups: readonly ListedGroup[];
  readonly found: number;
  /** From 1, and not beyond `pages`. */
  readonly page: number;
  /** At least 1. */
  readonly pages: number;
}

/** Reads the query of a URL. What is no number of a page is the first one. */
export function readPageQuery(query: URLSearchParams): PageQuery {
  const search = (query.get('q') ?? '').trim().slice(0, LONGEST_SEARCH);
  const page = Number(query.get('page'));
  return { search, page: Number.isSafeInteger(page) && page > 0 ? page : 1 };
}

/**
 * Chooses the groups that have each word of the search in a label, in the order of their
 * labels. A word is written `name=value`, or `name="value"` as the page shows it: case, quotes,
 * braces and commas do not matter. The word `failed` alone chooses those whose last push
 * failed.
 */
export function chooseGroups(
  all: readonly ListedGroup[],
  { search, page: wanted }: PageQuery,
): ChosenGroups {
  const words = plainText(search).split(/\s+/).filter(Boolean);
  const found = all
    .map((group) => ({ group, text: textOf(group) }))
    .filter((candidate) => hasWords(candidate, words))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
  const pages = Math.max(1, Math.ceil(found.length / GROUPS_A_PAGE));
  const page = Math.min(wanted, pages);
  const shown = found.slice((page - 1) * GROUPS_A_PAGE, page * GROUPS_A_PAGE);
  return { groups: shown.map(({ group }) => group), found: found.length, page, pages };
}

interface Candidate {
  readonly group: ListedGroup;
  readonly text: string;
}

/** A line for each label, so that no word is found across two. */
function textOf({ labels }: ListedGroup): string {
  return labels.map(([name, value]) => plainText(`${name}=${value}`)).join('\n');
}

function plainText(text: string): string {
  return text.toLowerCase().replaceAll('"', '').replaceAll(/[{},]/g, ' ');
}

function hasWords({ group, text }: Candidate, words: readonly string[]): boolean {
  if (words.length === 1 && words[0] === 'failed' && group.failedAt !== undefined) return true;
  return words.every((word) => text.includes(word));
}
