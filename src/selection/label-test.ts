import { escapeLabelValue, MALFORMED } from '../model/key/index.ts';
import type { LabelMatcher } from './selector.ts';
import { literalAlternatives, type ValuePattern } from './value-pattern.ts';

/** Gives the compiled pattern of a matcher. */
export type PatternSource = (matcher: LabelMatcher) => ValuePattern;

/**
 * Whether the value of a label is what a matcher wants. A series without the label has an empty
 * value.
 */
export interface LabelTest {
  /** The name of the label. */
  readonly label: string;
  /**
   * The only value that passes, escaped as in lines; undefined if others pass, or the empty one.
   */
  readonly only: string | undefined;
  /** Whether all values pass but those that are named. */
  readonly isNegated: boolean;
  /** Whether a pattern is matched, which takes longer than anything else. */
  readonly isSlow: boolean;
  /** Tests a value that is escaped in a text, from `start` up to but without `end`. */
  passes(text: Buffer, start: number, end: number): boolean;
}

/** The test of a matcher. */
export function labelTest(matcher: LabelMatcher, patternOf: PatternSource): LabelTest {
  const { label, operator, value } = matcher;
  const isNegated = operator.startsWith('!');
  const literals = operator.endsWith('~') ? literalAlternatives(value) : [value];
  if (literals !== undefined) return literalTest(label, literals, isNegated);
  return {
    label,
    only: undefined,
    isNegated,
    isSlow: true,
    // Asked for each time: the source decides how long patterns are kept.
    passes: (text, start, end) => patternOf(matcher).matches(text, start, end) !== isNegated,
  };
}

function literalTest(label: string, values: readonly string[], isNegated: boolean): LabelTest {
  // Text that has no UTF-8 form is the value of no series.
  const escaped = values.map(escapeLabelValue).filter((text) => text !== MALFORMED);
  const texts = new Set(escaped.map((text) => Buffer.from(text).toString('latin1')));
  const lengths = new Set(Array.from(texts, ({ length }) => length));
  return {
    label,
    only: isNegated || escaped.length !== 1 || escaped[0] === '' ? undefined : escaped[0],
    isNegated,
    isSlow: false,
    passes(text, start, end) {
      const isOne = lengths.has(end - start) && texts.has(text.toString('latin1', start, end));
      return isOne !== isNegated;
    },
  };
}
