import type { SnapshotPoint } from '../../src/index.ts';

// What follows shares no code with what it judges.

/** A condition of a selector as a test writes it. */
export interface NaiveMatcher {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** Whether a point satisfies every matcher; patterns must mean the same in JavaScript as in RE2. */
export function naiveMatch(point: SnapshotPoint, matchers: readonly NaiveMatcher[]): boolean {
  return matchers.every(({ label, operator, value }) => {
    const own = Object.hasOwn(point.labels, label) ? point.labels[label]! : '';
    const actual = label === '__name__' ? point.name : own;
    const isEqual = operator.endsWith('~')
      ? new RegExp(`^(?:${value})$`, 'su').test(actual)
      : actual === value;
    return isEqual !== operator.startsWith('!');
  });
}

/** The text of a selector. */
export function naiveSelector(matchers: readonly NaiveMatcher[]): string {
  const texts = matchers.map(({ label, operator, value }) => {
    const name = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : quoted(label);
    return `${name}${operator}${quoted(value)}`;
  });
  return `{${texts.join(',')}}`;
}

function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\ufffd', '\\ufffd')}"`;
}
