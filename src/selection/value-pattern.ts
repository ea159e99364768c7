import { SnapscrapeError } from '../model/errors.ts';
import { unescapeLabelValue } from '../model/key/index.ts';
import type { LabelMatcher } from './selector.ts';

/**
 * What is used of the package `re2js`: sets of patterns, as only they have a bound for their
 * memory.
 */
export interface Re2Library {
  readonly RE2Set: {
    readonly ANCHOR_BOTH: number;
    new (
      anchor: number,
      flags: number,
      maxMemory: number,
    ): { add(pattern: string): number; compile(): void; match(value: string): readonly number[] };
  };
}

/** The package, or what loads it, such as `() => import('re2js')`. */
export type Re2Source = Re2Library | (() => Promise<Re2Library>);

/** The library's flag for a `.` that matches line feeds. */
const DOTALL = 2;
/** How much memory the states of one pattern may take, in bytes; with more states it is slower. */
const STATE_BYTES = { fixed: 256 * 1024, query: 64 * 1024 } as const;
/** For how many values a pattern keeps its result, and how long they may be, in bytes. */
const MOST_RESULTS = 256;
const LONGEST_ANSWERED = 128;
/** How many patterns of queries stay compiled. */
const MOST_RECENT = 128;

const META = /[\\.+*?()[\]{}^$]/;

/**
 * The values of a pattern that has only literals with `|` between them; undefined for any other.
 */
export function literalAlternatives(pattern: string): readonly string[] | undefined {
  return META.test(pattern) ? undefined : pattern.split('|');
}

/** Whether a matcher needs the regex engine. */
export function needsEngine({ operator, value }: LabelMatcher): boolean {
  return operator.endsWith('~') && literalAlternatives(value) === undefined;
}

/** A compiled pattern for whole label values. */
export class ValuePattern {
  readonly #set: { match(value: string): readonly number[] };
  readonly #longest: number;
  // Values repeat from series to series. Looking one up costs less than matching it.
  readonly #results = new Map<string, boolean>();

  /** @param longest - a longer value, in bytes, matches nothing. */
  constructor(set: { match(value: string): readonly number[] }, longest: number) {
    this.#set = set;
    this.#longest = longest;
  }

  /** Whether the pattern matches a value, which is escaped in a text from `start` to `end`. */
  matches(text: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (length > this.#longest) return false;
    if (length > LONGEST_ANSWERED) return this.#match(text, start, end);
    const key = text.toString('latin1', start, end);
    let result = this.#results.get(key);
    if (result === undefined) {
      result = this.#match(text, start, end);
      if (this.#results.size >= MOST_RESULTS) this.#results.clear();
      this.#results.set(key, result);
    }
    return result;
  }

  #match(text: Buffer, start: number, end: number): boolean {
    return this.#set.match(unescapeLabelValue(text.toString('utf8', start, end))).length > 0;
  }
}

/** Compiles patterns in the syntax of RE2, as Prometheus does (`model/labels/regexp.go`). */
export class PatternEngine {
  readonly #library: Re2Library;
  // In the order of their last use.
  readonly #recent = new Map<string, ValuePattern>();

  private constructor(library: Re2Library) {
    this.#library = library;
  }

  /**
   * Makes an engine. Rejects with `dependency_missing`.
   *
   * @param given - the package, or what loads it; without it, it is loaded by its name.
   */
  static async of(given: Re2Source | undefined): Promise<PatternEngine> {
    return new PatternEngine(typeof given === 'object' ? given : await loadLibrary(given));
  }

  /**
   * Compiles the pattern of a matcher. Throws `invalid_selector` for a pattern that RE2 rejects.
   */
  compile(matcher: LabelMatcher): ValuePattern {
    return this.#compile(matcher, STATE_BYTES.fixed, Number.POSITIVE_INFINITY);
  }

  #compile({ value, column }: LabelMatcher, stateBytes: number, longest: number): ValuePattern {
    const { RE2Set } = this.#library;
    if (!value.isWellFormed()) throw patternError(column, 'is not Unicode');
    try {
      const set = new RE2Set(RE2Set.ANCHOR_BOTH, DOTALL, stateBytes);
      set.add(value);
      set.compile();
      return new ValuePattern(set, longest);
    } catch (error) {
      const { getDescription }: { getDescription?: unknown } = Object(error);
      // Any other error is not about the syntax.
      if (typeof getDescription !== 'function') throw error;
      throw patternError(column, `is invalid (RE2: ${getDescription.call(error)})`, error);
    }
  }

  /** The same for a query. The last {@link MOST_RECENT} patterns of all queries stay compiled. */
  compileQuery(matcher: LabelMatcher): ValuePattern {
    const compiled = this.#recent.get(matcher.value) ?? this.#compileLimited(matcher);
    this.#recent.delete(matcher.value);
    this.#recent.set(matcher.value, compiled);
    if (this.#recent.size > MOST_RECENT) this.#recent.delete(this.#recent.keys().next().value!);
    return compiled;
  }

  #compileLimited(matcher: LabelMatcher): ValuePattern {
    const problem = queryProblem(matcher.value);
    if (problem !== undefined) throw patternError(matcher.column, `${problem} in a query`);
    return this.#compile(matcher, STATE_BYTES.query, LONGEST_QUERY_VALUE);
  }
}

/** The longest pattern of a query, in UTF-16 code units. */
const LONGEST_QUERY_PATTERN = 128;
/** The longest value that a pattern of a query matches, in bytes. */
const LONGEST_QUERY_VALUE = 1024;
/** The most that the numbers in braces may be together. */
const MOST_REPEATED = 100;

const FOLDING = /\(\?[a-zA-Z-]*i/;
const BEYOND_ASCII = /[\u0080-\uffff]|\\[xpP]/;

/**
 * Why a pattern may cost too much for a query. The rules keep each step below some milliseconds.
 */
function queryProblem(pattern: string): string | undefined {
  if (pattern.length > LONGEST_QUERY_PATTERN) {
    return `must have at most ${LONGEST_QUERY_PATTERN} characters`;
  }
  if (pattern.includes('){')) return 'must not repeat a group a number of times: "){"';
  let repeated = 0;
  for (const [, least, most] of pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)) {
    repeated += Math.max(Number(least), Number(most ?? 0));
  }
  if (repeated > MOST_REPEATED) {
    return `must have at most ${MOST_REPEATED} repetitions, all numbers in braces together,`;
  }
  if (FOLDING.test(pattern) && BEYOND_ASCII.test(pattern)) {
    return 'must use (?i) with ASCII characters only';
  }
  return undefined;
}

async function loadByName(): Promise<Re2Library> {
  // The name is no literal, so that bundlers leave the package out of programs without patterns.
  const name = ['re2', 'js'].join('');
  return (await import(/* webpackIgnore: true */ /* @vite-ignore */ name)) as Re2Library;
}

async function loadLibrary(load: () => Promise<Re2Library> = loadByName): Promise<Re2Library> {
  try {
    return await load();
  } catch (cause) {
    throw new SnapscrapeError(
      'dependency_missing',
      "Patterns (=~, !~) need the package re2js, which cannot be loaded; run npm install re2js where the program runs, or put it into the bundle by the handler's option re2js: () => import('re2js')",
      { cause },
    );
  }
}

function patternError(column: number, problem: string, cause?: unknown): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_selector',
    `The selector is wrong at column ${column}: the pattern ${problem}`,
    cause === undefined ? undefined : { cause },
  );
}
