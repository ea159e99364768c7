import { escapeLabelValue, MALFORMED, unescapeLabelValue } from '../model/label-text.ts';
import type { LabelMatcher } from './selector.ts';
import { literalAlternatives, type PatternEngine, type ValuePattern } from './value-pattern.ts';

/** How many values a test remembers the answer for, and how long they may be, in bytes. */
const KEPT = 8192;
const LONGEST_KEPT = 256;

/** How many values a test may look for in a text of lines, each for itself. */
const MOST_SOUGHT = 8;

/** Whether a label's value is what a matcher wants. Not for longer than one run: it remembers values. */
export interface ValueTest {
  /** The name of the label. */
  readonly label: string;
  /**
   * The values, as they stand escaped in lines, of which a line that passes has one; undefined where they
   * are not known, too many to look for, or where a line without the label passes.
   */
  readonly sought: readonly string[] | undefined;
  /** Whether a value passes. A series without the label has the empty one. */
  passes(value: string): boolean;
  /** The same for an escaped value in a text, from `start` up to but without `end`. */
  passesBytes(text: Buffer, start: number, end: number): boolean;
}

/** Counts how often patterns were asked, which may take long. */
export interface PatternWork {
  /** Values that patterns were matched with. */
  patternsMatched: number;
}

/** The test that a matcher stands for. */
export function valueTest(
  matcher: LabelMatcher,
  engine: PatternEngine | undefined,
  work: PatternWork,
): ValueTest {
  const { label, operator, value, column } = matcher;
  const isNegated = operator.startsWith('!');
  const literals = operator.endsWith('~') ? literalAlternatives(value) : [value];
  if (literals !== undefined) return new LiteralTest(label, literals, isNegated);
  // Whoever makes tests has loaded the engine for selections with patterns.
  return new PatternTest(label, engine!.compile(value, column), isNegated, work);
}

/** Wants one of some values, or none of them. */
class LiteralTest implements ValueTest {
  readonly label: string;
  readonly sought: readonly string[] | undefined;
  readonly #values: ReadonlySet<string>;
  readonly #isNegated: boolean;
  /** The escaped values, a character for each byte. */
  readonly #texts = new Set<string>();
  readonly #lengths = new Set<number>();

  constructor(label: string, values: readonly string[], isNegated: boolean) {
    this.label = label;
    this.#values = new Set(values);
    this.#isNegated = isNegated;
    const escaped: string[] = [];
    for (const value of this.#values) {
      const text = escapeLabelValue(value);
      // What has no UTF-8 form is no series' value.
      if (text === MALFORMED) continue;
      const bytes = Buffer.from(text);
      escaped.push(text);
      this.#texts.add(bytes.toString('latin1'));
      this.#lengths.add(bytes.length);
    }
    const isSought = !isNegated && escaped.length <= MOST_SOUGHT && !escaped.includes('');
    this.sought = isSought ? escaped : undefined;
  }

  passes(value: string): boolean {
    return this.#values.has(value) !== this.#isNegated;
  }

  passesBytes(text: Buffer, start: number, end: number): boolean {
    const isOne =
      this.#lengths.has(end - start) && this.#texts.has(text.toString('latin1', start, end));
    return isOne !== this.#isNegated;
  }
}

/** Wants values that a pattern matches, or those that it does not. */
class PatternTest implements ValueTest {
  readonly label: string;
  readonly sought: undefined;
  readonly #pattern: ValuePattern;
  readonly #isNegated: boolean;
  readonly #work: PatternWork;
  // Values of labels repeat from series to series, and a look-up costs less than a match.
  readonly #answers = new Map<string, boolean>();

  constructor(label: string, pattern: ValuePattern, isNegated: boolean, work: PatternWork) {
    this.label = label;
    this.#pattern = pattern;
    this.#isNegated = isNegated;
    this.#work = work;
  }

  passes(value: string): boolean {
    this.#work.patternsMatched++;
    return this.#pattern.matches(value) !== this.#isNegated;
  }

  passesBytes(text: Buffer, start: number, end: number): boolean {
    if (end - start > LONGEST_KEPT) return this.#decode(text, start, end);
    const key = text.toString('latin1', start, end);
    let answer = this.#answers.get(key);
    if (answer === undefined) {
      answer = this.#decode(text, start, end);
      if (this.#answers.size >= KEPT) this.#answers.clear();
      this.#answers.set(key, answer);
    }
    return answer;
  }

  #decode(text: Buffer, start: number, end: number): boolean {
    return this.passes(unescapeLabelValue(text.toString('utf8', start, end)));
  }
}
