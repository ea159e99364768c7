import { SnapscrapeError } from '../model/errors.ts';

/**
 * How a matcher compares a label's value: equal, not equal, or by a pattern that matches, or not.
 */
export type MatchOperator = '=' | '!=' | '=~' | '!~';

/**
 * One condition of a selector. A series without the label has the empty value, as in Prometheus.
 */
export interface LabelMatcher {
  /**
   * The label's name; `__name__` is the metric name. Any text may be written; only labels are
   * found.
   */
  readonly label: string;
  /** How the value is compared. */
  readonly operator: MatchOperator;
  /**
   * The value or pattern. What was written with `\x` or octal escapes and is not UTF-8 stands here
   * as a text with lone surrogates, so that it is equal to no label's value, as in Prometheus.
   */
  readonly value: string;
  /** Where the value begins in the selector, in characters from 1. */
  readonly column: number;
}

/** Series that satisfy every one of some matchers; without any, all series. */
export type Selector = readonly LabelMatcher[];

/** The label that stands for the metric name. */
export const NAME_LABEL = '__name__';

/** The longest selector, in UTF-16 code units. */
export const LONGEST_SELECTOR = 8192;

/** How many matchers one selector may have. */
export const MOST_MATCHERS = 64;

/** How much of a selector an error may quote, in characters. */
const LONGEST_EXCERPT = 24;

/**
 * The error for a selector that cannot be read. It says where, what was expected there and what
 * stands there, the latter cut short; a client may be shown its message, for it has nothing but
 * what it sent.
 *
 * @param at - the place, in UTF-16 code units from 0.
 */
export function selectorError(
  text: string,
  at: number,
  expected: string,
  cause?: unknown,
): SnapscrapeError {
  const characters = Array.from(text.slice(at, at + 2 * LONGEST_EXCERPT));
  const rest = characters.slice(0, LONGEST_EXCERPT).join('');
  const found = rest === '' ? 'its end' : JSON.stringify(rest);
  return new SnapscrapeError(
    'invalid_selector',
    `The selector is wrong at column ${columnOf(text, at)}: expected ${expected}, found ${found}`,
    cause === undefined ? undefined : { cause },
  );
}

/** The column of a place, in characters from 1. */
export function columnOf(text: string, at: number): number {
  let column = 1;
  for (let i = 0; i < at; column++) i += text.codePointAt(i)! > 0xffff ? 2 : 1;
  return column;
}
