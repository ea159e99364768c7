import type { SnapscrapeError } from '../model/errors.ts';
import {
  columnOf,
  type LabelMatcher,
  LONGEST_SELECTOR,
  type MatchOperator,
  MOST_MATCHERS,
  NAME_LABEL,
  type Selector,
  selectorError,
} from './selector.ts';
import { readStringLiteral, type StringLiteral } from './string-literal.ts';

// White space and comments, which may stand between any two tokens.
const BLANK = /(?:[ \t\n\r]|#[^\n\r]*)*/y;
const METRIC_NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL_NAME = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const OPERATOR = /=~|!~|!=|=/y;
const QUOTES = '"\'`';

/**
 * Reads a selector of series in Prometheus's syntax: `name`, `name{a="b",c!="d",e=~"x.*",f!~"y"}`,
 * `{__name__=~"x.*"}`, `{"name","a.b"="c"}`.
 *
 * What Prometheus's `/federate` takes as `match[]` is taken here, and means the same: a trailing
 * comma, comments, strings in any of the three quotes, and `{}`, which selects everything (only
 * queries reject that, to protect a whole database from a typo). Beyond it, the few words that
 * PromQL keeps for itself (`on`, `bool`, `inf` and their like) may be metric names. Patterns are
 * not looked into here. Throws `invalid_selector` with the column, in characters from 1, and what
 * was expected there.
 */
export function parseSelector(text: string): Selector {
  return new SelectorParser(text).parse();
}

class SelectorParser {
  readonly #text: string;
  readonly #matchers: LabelMatcher[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): Selector {
    if (this.#text.length > LONGEST_SELECTOR) {
      throw this.#error(`at most ${LONGEST_SELECTOR} characters`, LONGEST_SELECTOR);
    }
    this.#skip(BLANK);
    const start = this.#at;
    const name = this.#skip(METRIC_NAME);
    this.#skip(BLANK);
    const hasBraces = this.#take('{');
    if (hasBraces) this.#readMatchers();
    else if (name === '') throw this.#error('a metric name or "{"');
    if (name !== '') this.#add(NAME_LABEL, '=', name, start);
    this.#skip(BLANK);
    if (this.#at < this.#text.length) throw this.#trailing(hasBraces);
    return this.#matchers;
  }

  #readMatchers(): void {
    this.#skip(BLANK);
    while (!this.#take('}')) {
      this.#readMatcher();
      this.#skip(BLANK);
      if (this.#take(',')) this.#skip(BLANK);
      else if (this.#peek() !== '}') throw this.#error('"," or "}"');
    }
  }

  #readMatcher(): void {
    const start = this.#at;
    const quoted = this.#readString();
    const label = quoted?.value ?? this.#skip(LABEL_NAME);
    if (quoted === undefined && label === '') throw this.#error('a label name or "}"');
    this.#skip(BLANK);
    const operator = this.#skip(OPERATOR);
    if (operator === '') {
      // A string alone is the metric name, so that any name can be written.
      if (quoted === undefined) throw this.#error('one of =, !=, =~ and !~');
      this.#add(NAME_LABEL, '=', quoted.value, start);
      return;
    }
    this.#skip(BLANK);
    const valueAt = this.#at;
    const value = this.#readString();
    if (value === undefined) throw this.#error('a quoted value');
    // The form of OPERATOR lets nothing else through.
    this.#add(label, operator as MatchOperator, value.value, valueAt);
  }

  #add(label: string, operator: MatchOperator, value: string, at: number): void {
    if (this.#matchers.length >= MOST_MATCHERS) {
      throw this.#error(`at most ${MOST_MATCHERS} matchers`, at);
    }
    this.#matchers.push({ label, operator, value, column: columnOf(this.#text, at) });
  }

  #readString(): StringLiteral | undefined {
    const quote = this.#peek();
    if (quote === '' || !QUOTES.includes(quote)) return undefined;
    const literal = readStringLiteral(this.#text, this.#at);
    this.#at = literal.end;
    return literal;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  /** Moves behind the text that a form matches here, and returns it; empty if it does not match. */
  #skip(form: RegExp): string {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #error(expected: string, at: number = this.#at): SnapscrapeError {
    return selectorError(this.#text, at, expected);
  }

  #trailing(hasBraces: boolean): SnapscrapeError {
    const c = this.#peek();
    if (c === '[') return this.#error('no range: a scrape has the latest values only');
    if (c === '(') return this.#error('no function: only a selector may stand here');
    if (c === '@' || /^offset\b/i.test(this.#text.slice(this.#at, this.#at + 7))) {
      return this.#error('no other time: a scrape has the latest values only');
    }
    return this.#error(hasBraces ? 'the end of the selector' : '"{" or the end of the selector');
  }
}
