import { SnapscrapeError } from '../model/errors.ts';
import { patternCost } from './pattern-cost.ts';

/** A pattern for whole label values. */
export interface ValuePattern {
  /** Whether the pattern matches all of a value. */
  matches(value: string): boolean;
}

/** Compiles patterns. */
export interface PatternEngine {
  /**
   * Compiles a pattern in the syntax of RE2, to match whole values, with `.` matching line feeds too: what
   * Prometheus makes of it (`model/labels/regexp.go`). Throws `invalid_selector` for what is no pattern
   * of RE2's, and for one that is too large.
   *
   * @param column - where the pattern stands in its selector, for the error.
   */
  compile(pattern: string, column: number): ValuePattern;
}

/** How much work the compilation of a pattern may be, about one for each of its characters. */
const MOST_PATTERN_COST = 2000;

/**
 * How large a compiled pattern may be, in RE2's instructions. Matching takes time that grows with the
 * value's length, and at worst with this too: some 2 us for a character.
 */
const LARGEST_PROGRAM = 1000;

/** How much memory the states of one pattern may take, in bytes as RE2 reckons them; beyond, it slows. */
const PATTERN_MEMORY = 256 * 1024;

/** How many compiled patterns are kept, so that refreshes do not compile them again and again. */
const KEPT = 32;

const META = /[\\.+*?()[\]{}^$]/;

/**
 * The values that a pattern stands for which is nothing but literals with `|` between them, as
 * dashboards write them; undefined for any other pattern.
 */
export function literalAlternatives(pattern: string): readonly string[] | undefined {
  return META.test(pattern) ? undefined : pattern.split('|');
}

let loading: Promise<PatternEngine> | undefined;

/** The engine, loaded when it is needed first: most selections have no pattern. */
export function loadPatternEngine(): Promise<PatternEngine> {
  loading ??= import('re2js').then(
    (re2) => new Re2Engine(re2),
    (error: unknown) => {
      loading = undefined;
      throw error;
    },
  );
  return loading;
}

class Re2Engine implements PatternEngine {
  readonly #re2: typeof import('re2js');
  readonly #kept = new Map<string, ValuePattern>();

  constructor(re2: typeof import('re2js')) {
    this.#re2 = re2;
  }

  compile(pattern: string, column: number): ValuePattern {
    const compiled = this.#kept.get(pattern) ?? this.#compileAnew(pattern, column);
    this.#kept.delete(pattern);
    this.#kept.set(pattern, compiled);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return compiled;
  }

  #compileAnew(pattern: string, column: number): ValuePattern {
    const { RE2JS, RE2JSSyntaxException, RE2Set } = this.#re2;
    if (!pattern.isWellFormed()) throw patternError(column, 'is not Unicode');
    // The length first: reckoning the cost takes time too.
    if (pattern.length > MOST_PATTERN_COST || patternCost(pattern) > MOST_PATTERN_COST) {
      throw patternError(column, TOO_LARGE);
    }
    try {
      const size = RE2JS.compile(pattern, RE2JS.DOTALL).programSize();
      if (size > LARGEST_PROGRAM) throw patternError(column, TOO_LARGE);
      // A set of one, for a set lets its memory be bounded.
      const set = new RE2Set(RE2Set.ANCHOR_BOTH, RE2JS.DOTALL, PATTERN_MEMORY);
      set.add(pattern);
      set.compile();
      return { matches: (value) => set.match(value).length > 0 };
    } catch (error) {
      if (!(error instanceof RE2JSSyntaxException)) throw error;
      throw patternError(column, `is none of RE2's (${error.getDescription()})`, error);
    }
  }
}

const TOO_LARGE = `is too large; ${LARGEST_PROGRAM} instructions of RE2's are allowed`;

function patternError(column: number, fault: string, cause?: unknown): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_selector',
    `The selector is wrong at column ${column}: the pattern ${fault}`,
    cause === undefined ? undefined : { cause },
  );
}
