import { Random } from './random.ts';

/** How the values of labels look. */
export type NameStyle =
  /** Counted up, zero-padded: text that repeats a lot, so that it compresses well. */
  | 'regular'
  /** Pseudo-random words of the same lengths: about half as compressible. */
  | 'random';

/** How many different values each label has, and how they nest. */
export interface LabelCounts {
  readonly orgs: number;
  /** Repositories of each org. */
  readonly repos: number;
  /** Users of each repository. */
  readonly users: number;
}

/** How many contributors with random names there are. */
const POOL_SIZE = 5000;

/**
 * The label values of one family, nested and in the order of their names: counting the places up
 * gives series in the order of their ids, as every value of one label has the same length.
 */
export class LabelTables {
  readonly #counts: LabelCounts;
  readonly #orgs: readonly string[];
  readonly #repos: readonly string[];
  readonly #pool: readonly string[];
  /** The place in the pool of each user of each repository. */
  readonly #users: Uint16Array;

  constructor(counts: LabelCounts, style: NameStyle) {
    this.#counts = counts;
    const random = new Random(7);
    const { orgs, repos, users } = counts;
    const isRegular = style === 'regular';
    const names = (count: number, kind: string, length: number): string[] =>
      sortedNames(count, (i) => (isRegular ? padded(kind, i, length) : random.word(length)));
    this.#orgs = names(orgs, 'org', 6);
    this.#repos = Array.from({ length: orgs }, () => names(repos, 'repo', 12)).flat();
    // Real contributors are in several repositories each; regular ones are the same in all.
    const poolSize = isRegular ? users : POOL_SIZE;
    this.#pool = names(poolSize, 'user', 12);
    this.#users = new Uint16Array(orgs * repos * users);
    for (let repo = 0; repo < orgs * repos; repo++) {
      const chosen = isRegular ? firstPlaces(users) : somePlaces(users, poolSize, random);
      this.#users.set(chosen, repo * users);
    }
  }

  /** The labels of the series at a place of the family, as a new object. */
  labels(place: number): { org: string; repo: string; user: string } {
    const { users, repos } = this.#counts;
    const repo = Math.floor(place / users);
    return {
      org: this.#orgs[Math.floor(repo / repos)]!,
      repo: this.#repos[repo]!,
      user: this.#pool[this.#users[place]!]!,
    };
  }
}

function padded(kind: string, i: number, length: number): string {
  return `${kind}-${String(i).padStart(length - kind.length - 1, '0')}`;
}

function sortedNames(count: number, name: (i: number) => string): string[] {
  const names = new Set<string>();
  for (let i = 0; names.size < count; i++) names.add(name(i));
  return [...names].sort();
}

function firstPlaces(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function somePlaces(count: number, of: number, random: Random): number[] {
  const places = new Set<number>();
  while (places.size < count) places.add(random.below(of));
  return [...places].sort((a, b) => a - b);
}
