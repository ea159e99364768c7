import { SnapscrapeError } from '../model/errors.ts';
import { checkOptions, type OptionCheck } from '../model/options.ts';
import { isPattern, Selection, type SelectionTerm } from './selection.ts';
import type { Selector } from './selector.ts';
import { parseSelector } from './selector-parser.ts';
import { parseShard } from './shard.ts';

/** How long the values of a query may be together, in UTF-16 code units. */
const LONGEST_QUERY = 65_536;
/** How many values of one kind a query may have; names cost next to nothing, selectors a look at lines. */
const MOST_VALUES = { name: 1024, prefix: 64, match: 64, shard: 64 } as const;
/** How many patterns a selection may have. */
const MOST_PATTERNS = 16;
/** How many matchers all selectors may have together. */
const MOST_MATCHERS_TOGETHER = 128;

/** What to select, by kind: a series must satisfy every kind that is given, and any value of a kind. */
export interface SelectionOptions {
  /** Names of families; a counter `x_total` answers to `x` too. Up to 1024. */
  readonly names?: readonly string[] | undefined;
  /** What names of families begin with. Up to 64. */
  readonly prefixes?: readonly string[] | undefined;
  /** Selectors in Prometheus's syntax, such as `{org="a",repo=~"x.*"}`. Up to 64, with 16 patterns. */
  readonly match?: string | readonly string[] | undefined;
  /** A share of the series, such as `1/4`; all shards together have each series once. */
  readonly shard?: string | undefined;
}

/** The values of a selection as text, by kind. */
type Values = { readonly [K in SelectionTerm['kind']]: readonly string[] };

/**
 * What a query selects by `name[]`, `prefix[]`, `match[]` and `shard`; undefined for everything.
 *
 * Values of one kind add to each other and kinds restrict each other: `name[]=a&name[]=b&shard=1/2` is
 * half of the series of `a` and `b`. An empty value is as if it were not there, so a template that
 * leaves one empty filters nothing rather than everything away. Other parameters are of no concern.
 * Throws `invalid_selector`, with the column within the value. Patterns are checked by
 * {@link Selection.prepare}.
 */
export function selectionOf(query: URLSearchParams | string): Selection | undefined {
  // Percent escapes are three characters for a byte.
  if (typeof query === 'string' && query.length > LONGEST_QUERY * 3) throw tooMuch(LONGEST_QUERY);
  const params = typeof query === 'string' ? new URLSearchParams(query) : query;
  return selectionOfValues({
    name: params.getAll('name[]'),
    prefix: params.getAll('prefix[]'),
    match: params.getAll('match[]'),
    shard: params.getAll('shard'),
  });
}

/**
 * A selection that is fixed in code or configuration; undefined where no option is given.
 *
 * An empty text or list is refused, unlike in a query: a view for a tenant whose list turns out empty must
 * not show everything. Throws `invalid_options` with every fault. Patterns are checked by
 * {@link Selection.prepare}.
 *
 * @param owner - whose options they are, named in the error.
 */
export function selection(options: SelectionOptions, owner = 'selection'): Selection | undefined {
  const { names, prefixes, match, shard } = checkOptions<SelectionOptions>(
    owner,
    options,
    DEFAULTS,
    SELECTION_CHECKS,
  );
  return selectionOfValues({
    name: names ?? [],
    prefix: prefixes ?? [],
    match: typeof match === 'string' ? [match] : (match ?? []),
    shard: shard === undefined ? [] : [shard],
  });
}

const DEFAULTS: SelectionOptions = {};

/** What is wrong with each of the {@link SelectionOptions}, for options that these are a part of. */
export const SELECTION_CHECKS: { readonly [K in keyof SelectionOptions]-?: OptionCheck } = {
  names: listThat('name', () => undefined),
  prefixes: listThat('prefix', () => undefined),
  match: (value) => listThat('match', parseSelector)(typeof value === 'string' ? [value] : value),
  shard: (value) => listThat('shard', parseShard)([value]),
};

/** Checks a list of texts, each by a function that throws at what is wrong. */
function listThat(kind: keyof typeof MOST_VALUES, parse: (text: string) => unknown): OptionCheck {
  return (list) => {
    const most = MOST_VALUES[kind];
    const isList = Array.isArray(list) && list.length > 0 && list.length <= most;
    if (!isList || !list.every((text) => typeof text === 'string' && text !== '')) {
      return `must be 1 to ${most} texts that are not empty; leave it out to select everything`;
    }
    try {
      list.forEach(parse);
      return undefined;
    } catch (error) {
      return error instanceof SnapscrapeError ? `is wrong: ${error.message}` : String(error);
    }
  };
}

function selectionOfValues(values: Values): Selection | undefined {
  const { name, prefix, match, shard } = given(values);
  const terms: SelectionTerm[] = [];
  if (name.length > 0) terms.push({ kind: 'name', names: name });
  if (prefix.length > 0) terms.push({ kind: 'prefix', prefixes: prefix });
  if (match.length > 0) terms.push(matchTerm(match.map(parseSelector)));
  const shards = shard.map(parseShard);
  // The only shard there is has everything.
  if (shards.length > 0 && shards.every(({ of }) => of > 1)) terms.push({ kind: 'shard', shards });
  return terms.length === 0 ? undefined : new Selection(terms);
}

/** The values that are not empty, if they are not too many or too long. */
function given(values: Values): Values {
  let length = 0;
  const left = (kind: keyof typeof MOST_VALUES): readonly string[] => {
    const list = values[kind].filter((value) => value !== '');
    if (list.length > MOST_VALUES[kind]) {
      throw new SnapscrapeError(
        'invalid_selector',
        `There are ${list.length} values of ${kind}, and ${MOST_VALUES[kind]} are allowed; ask for less at a time`,
      );
    }
    for (const value of list) length += value.length;
    return list;
  };
  const all = {
    name: left('name'),
    prefix: left('prefix'),
    match: left('match'),
    shard: left('shard'),
  };
  if (length > LONGEST_QUERY) throw tooMuch(LONGEST_QUERY);
  return all;
}

function matchTerm(selectors: readonly Selector[]): SelectionTerm {
  // Each line may have to be asked all of them.
  const matchers = selectors.flat().length;
  if (matchers > MOST_MATCHERS_TOGETHER) {
    throw new SnapscrapeError(
      'invalid_selector',
      `The selectors have ${matchers} matchers, and ${MOST_MATCHERS_TOGETHER} are allowed; write fewer`,
    );
  }
  const patterns = selectors.flat().filter(isPattern).length;
  if (patterns > MOST_PATTERNS) {
    throw new SnapscrapeError(
      'invalid_selector',
      `The selectors have ${patterns} patterns, and ${MOST_PATTERNS} are allowed; write fewer`,
    );
  }
  return { kind: 'match', selectors };
}

function tooMuch(most: number): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_selector',
    `The values that select are longer than ${most} characters together; ask for less at a time`,
  );
}
