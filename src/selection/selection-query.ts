import { SnapscrapeError } from '../model/errors.ts';
import type { OptionCheck } from '../model/options.ts';
import { matchersOf, type Selection, type SelectionTerm } from './selection.ts';
import { parseSelector } from './selector-parser.ts';
import { parseShard } from './shard.ts';
import { needsEngine } from './value-pattern.ts';

/** How many values of one kind a selection may have. */
const MOST_VALUES = { name: 1024, prefix: 64, match: 64, shard: 64 } as const;
/** How long the values of a query may be together, in UTF-16 code units. */
const LONGEST_QUERY = 65_536;
/**
 * How many matchers all selectors of a query may have together: each line may be asked all of them.
 */
const MOST_MATCHERS = 128;
/** How many patterns a query may have. */
const MOST_PATTERNS = 8;

type Kind = keyof typeof MOST_VALUES;

/** The parameter of each kind. */
const PARAMETERS: { readonly [K in Kind]: string } = {
  name: 'name[]',
  prefix: 'prefix[]',
  match: 'match[]',
  shard: 'shard',
};
/**
 * A misspelt parameter, such as `names`, `match`, `shard[]`, `Prefix[0]`, `match{}`, `"match"[]`.
 */
const LOOKALIKE = /^[^a-z]*(name|prefix|match|shard)(?:e?[rs]+)?(?:[^a-z]*|[^a-z]*\[.*)$/is;
/** A bracket or space that was escaped twice. */
const ESCAPED_TWICE = /%(?:25)*(?:5[bd]|20)/gi;

/**
 * What to select, by kind: a series must satisfy each kind that is given, and one value of a kind.
 */
export interface SelectionOptions {
  /**
   * Names of families or of their samples in any format: a histogram `x` is also `x_bucket`, a
   * counter `x_total` is also `x`. Up to 1024.
   */
  readonly names?: readonly string[] | undefined;
  /** What names of families begin with. Up to 64. */
  readonly prefixes?: readonly string[] | undefined;
  /**
   * Selectors in Prometheus's syntax, such as `{org="a",repo=~"x.*"}`. Up to 64. A composite is
   * chosen whole: `x_bucket{le="1"}` chooses the histograms of `x` with all that they have.
   */
  readonly match?: string | readonly string[] | undefined;
  /** A share of the series, such as `1/4`; all shards together have each series once. */
  readonly shard?: string | undefined;
}

/** What queries may ask for. */
export interface SubsetOptions {
  /**
   * Whether `match[]` may have patterns (`=~`, `!~`): up to 8, of up to 128 characters; a value
   * over 1024 bytes matches none of them. Default false: such a query gets 400.
   */
  readonly patterns?: boolean | undefined;
}

/**
 * What a query selects by `name[]`, `prefix[]`, `match[]` and `shard`; undefined for everything.
 *
 * Values of one kind add to each other and kinds restrict each other: `name[]=a&name[]=b&shard=1/2`
 * is half of the series of `a` and `b`. An empty value counts as absent. A parameter that looks
 * like one of ours is rejected; others are ignored. Throws `invalid_selector`, for a selector with
 * the column.
 */
export function selectionOf(
  query: URLSearchParams | string,
  { patterns = false }: SubsetOptions = {},
): Selection | undefined {
  // Percent escapes are three characters for a byte.
  const isLong = typeof query === 'string' && query.length > LONGEST_QUERY * 3;
  const params = new URLSearchParams(isLong ? '' : query);
  const values: Record<Kind, string[]> = { name: [], prefix: [], match: [], shard: [] };
  let length = isLong ? Number.POSITIVE_INFINITY : 0;
  for (const [parameter, value] of params) {
    const kind = kindOf(parameter);
    if (kind === undefined || value === '') continue;
    values[kind].push(value);
    length += value.length;
  }
  if (length > LONGEST_QUERY) {
    throw invalid(`The values of the query have more than ${LONGEST_QUERY} characters together`);
  }
  for (const [kind, most] of Object.entries(MOST_VALUES)) {
    atMost(most, `values of ${PARAMETERS[kind as Kind]}`, values[kind as Kind].length);
  }
  const selection = selectionOfValues(values);
  if (selection !== undefined) checkQuery(selection, patterns);
  return selection;
}

function kindOf(parameter: string): Kind | undefined {
  const kind = LOOKALIKE.exec(parameter.replace(ESCAPED_TWICE, ' '))?.[1]?.toLowerCase() as
    | Kind
    | undefined;
  if (kind === undefined || parameter === PARAMETERS[kind]) return kind;
  const given = JSON.stringify(parameter.slice(0, 24));
  throw invalid(`Unknown parameter ${given}; write ${PARAMETERS[kind]}`);
}

function checkQuery(selection: Selection, mayHavePatterns: boolean): void {
  const matchers = matchersOf(selection);
  const pattern = matchers.find(({ operator }) => operator.endsWith('~'));
  if (pattern !== undefined && !mayHavePatterns) {
    throw invalid(
      `The selector is wrong at column ${pattern.column}: the pattern is not allowed in queries here; use = or !=, or allow it by the option subsets: { patterns: true }`,
    );
  }
  atMost(MOST_MATCHERS, 'matchers', matchers.length);
  atMost(MOST_PATTERNS, 'patterns', matchers.filter(needsEngine).length);
}

function atMost(most: number, what: string, count: number): void {
  if (count > most) throw invalid(`The query has ${count} ${what}; at most ${most} are allowed`);
}

function invalid(message: string): SnapscrapeError {
  return new SnapscrapeError('invalid_selector', message);
}

/** The selection of options that passed {@link SELECTION_CHECKS}; undefined if none is given. */
export function fixedSelection(options: SelectionOptions): Selection | undefined {
  const { names = [], prefixes = [], match = [], shard } = options;
  return selectionOfValues({
    name: names,
    prefix: prefixes,
    match: typeof match === 'string' ? [match] : match,
    shard: shard === undefined ? [] : [shard],
  });
}

/**
 * What is wrong with each of the {@link SelectionOptions}. An empty text or list is an error,
 * unlike in a query: a view for a tenant with an empty list must not show everything.
 */
export const SELECTION_CHECKS: { readonly [K in keyof SelectionOptions]-?: OptionCheck } = {
  names: listThat('name', () => undefined),
  prefixes: listThat('prefix', () => undefined),
  match: (value) => listThat('match', parseSelector)(typeof value === 'string' ? [value] : value),
  shard: (value) => listThat('shard', parseShard)([value]),
};

/** Checks a list of texts, each by a function that throws at an error. */
function listThat(kind: Kind, parse: (text: string) => unknown): OptionCheck {
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

function selectionOfValues(
  values: { readonly [K in Kind]: readonly string[] },
): Selection | undefined {
  const { name, prefix, match, shard } = values;
  const terms: SelectionTerm[] = [];
  if (name.length > 0) terms.push({ kind: 'name', names: new Set(name) });
  if (prefix.length > 0) terms.push({ kind: 'prefix', prefixes: [...prefix] });
  if (match.length > 0) terms.push({ kind: 'match', selectors: match.map(parseSelector) });
  const shards = shard.map(parseShard);
  // 1/1 is everything.
  if (shards.length > 0 && shards.every(({ of }) => of > 1)) terms.push({ kind: 'shard', shards });
  return terms.length === 0 ? undefined : terms;
}
