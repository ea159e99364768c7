import fc from 'fast-check';
import type { SnapshotPoint } from '../../src/index.ts';

/**
 * Pieces of text that have broken an encoder or a parser somewhere: what must be escaped and what
 * looks like it, what ends a label, a line or an exposition, what some languages take for a line
 * end or trim as white space, and what takes one to four bytes or two UTF-16 units.
 */
export const HOSTILE_PIECES: readonly string[] = [
  '\\',
  '\\\\',
  '"',
  '\\"',
  '\n',
  '\\n',
  '\\\n',
  '\r',
  '\r\n',
  '\0',
  '\t',
  ' ',
  '  ',
  '\u2028',
  '\u2029',
  '\u0085',
  '\u000b',
  '\u000c',
  '\u001c',
  '\u00a0',
  '\ufeff',
  '\u200b',
  '\u2066',
  '}',
  '{',
  '#',
  ' # ',
  '# EOF',
  '\n# EOF\n',
  ',',
  '=',
  '",b="',
  '} 1',
  '%',
  '$',
  "'",
  '`',
  '\u05d0\u05d1\u202e',
  'e\u0301',
  '\u00e9',
  '\u82b1\u706b',
  '\u{1f600}',
  '\u{10ffff}',
  '\uffff',
  '__proto__',
  'constructor',
  'NaN',
  '+Inf',
  'a',
];

const hostilePiece = fc.oneof(
  fc.constantFrom(...HOSTILE_PIECES),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** Text that is well-formed Unicode and nothing else; empty at times. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(hostilePiece, { maxLength: 6 })
  .map((pieces) => pieces.join(''));

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,12}$/);

/** Legal label names that a parser does not reserve for itself. */
const labelName = fc
  .stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/)
  .filter((label) => !label.startsWith('__'));

const value = fc.oneof(
  fc.double(),
  fc.constantFrom(0, -0, 1, -1, 1e21, 1e-7, 5e-324, Number.MAX_VALUE, NaN, Infinity, -Infinity),
  fc.maxSafeInteger(),
);

/** One point of any series. */
const point: fc.Arbitrary<SnapshotPoint> = fc.record({
  name,
  labels: fc.dictionary(labelName, hostileText, { maxKeys: 5, noNullPrototype: true }),
  value,
  updatedAt: fc.constant(1_700_000_000_000),
});

/** Points of different series, some of one family. */
export const hostilePoints: fc.Arbitrary<SnapshotPoint[]> = fc
  .tuple(fc.uniqueArray(point, { selector: seriesOf, maxLength: 12 }), fc.array(hostileText))
  .map(([points, texts]) => [...points, ...siblings(points, texts)]);

/** More series of the family of the first point, so that families have several lines. */
function siblings(points: readonly SnapshotPoint[], texts: readonly string[]): SnapshotPoint[] {
  const [first] = points;
  if (first === undefined) return [];
  const made = [...new Set(texts)].map((text) => ({ ...first, labels: { sibling: text } }));
  const taken = new Set(points.map(seriesOf));
  return made.filter((sibling) => !taken.has(seriesOf(sibling)));
}

/** Tells series apart without the code under test: a label with an empty value is no label. */
function seriesOf({ name, labels }: SnapshotPoint): string {
  const pairs = Object.entries(labels).filter(([, text]) => text !== '');
  return JSON.stringify([name, ...pairs.sort(([a], [b]) => (a < b ? -1 : 1))]);
}
