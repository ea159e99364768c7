import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naiveId, naiveOrder } from '../../../test/support/naive-page.ts';
import { tries } from '../../../test/support/tries.ts';
import {
  compareKeys,
  isNamed,
  KeyReader,
  KeyWriter,
  LabelColumns,
  labelIn,
  labelNameText,
  labelNeedle,
  metricNameText,
  nameOf,
  parseKey,
  rangeOf,
} from './index.ts';

// Text where UTF-8 and UTF-16 sort differently, and pieces of the grammar.
const PIECES = [
  'a',
  '~',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{10ffff}',
];
const GRAMMAR = ['"', '\\', '\n', '\\n', '{', '}', ',', '=', '="', '",b="', ' ', '|'];
const text = (pieces: readonly string[]): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((parts) => parts.join(''));

const classicName = fc.constantFrom('a', 'a:', 'aA', 'a_', 'a0', 'aa', 'ab', 'A', '_', ':', 'z');
const classicLabel = fc.constantFrom('a', 'aa', 'b', 'B', '_', 'a_', '__proto__', 'constructor');
/** A name that mostly needs quotes. */
const anyText = fc
  .oneof(
    text([...PIECES, ...GRAMMAR]),
    fc.constantFrom(
      'a.b',
      'a b',
      'a"',
      'a\\',
      '9',
      '10',
      '花火',
      '\0',
      'a:',
      'a{b="c"}',
      'a",b="c',
    ),
  )
  .filter((given) => given !== '' && given.isWellFormed());
const name = fc.oneof(classicName, anyText);
const label = fc.oneof(classicLabel, anyText);
const value = fc.oneof(
  text([...PIECES, ...GRAMMAR]),
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('x', 'y'),
);
const series = fc.record({ name, labels: fc.dictionary(label, value, { maxKeys: 4 }) });

const writer = new KeyWriter();
function keyOf(given: { readonly name: string; readonly labels: object }): string {
  expect(writer.write(given.name, given.labels)).toBe(true);
  return writer.key;
}

describe('the order of keys', () => {
  it('is that of their bytes in UTF-8', () => {
    const any = fc.oneof(text(PIECES), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(any, any, any, (start, a, b) => {
        for (const [one, other] of [
          [a, b],
          [start + a, start + b],
        ] as const) {
          expect(Math.sign(compareKeys(one, other))).toBe(naiveOrder(one, other));
        }
        expect(compareKeys(a, a)).toBe(0);
      }),
      { numRuns: tries(1000) },
    );
  });

  it('has all keys of a name in its range, and no others', () => {
    fc.assert(
      fc.property(name, fc.array(series, { maxLength: 40 }), (wanted, all) => {
        const { bare, start, end } = rangeOf(wanted);
        const isWithin = (key: string): boolean =>
          key === bare || (compareKeys(key, start) >= 0 && compareKeys(key, end) < 0);
        for (const each of all) {
          const key = keyOf(each);
          expect(nameOf(key)).toBe(each.name);
          expect(isWithin(key), `${key} in the range of ${wanted}`).toBe(each.name === wanted);
          expect(key.startsWith(start)).toBe(each.name === wanted && key !== bare);
        }
      }),
      { numRuns: tries(300) },
    );
  });
});

interface NameRow {
  readonly kind: string;
  readonly name: string;
  readonly quotedMetric: string;
  readonly quotedLabel: string;
}

const NAMES = readFileSync(
  new URL('../../../test/conformance/vectors/utf8-escaping.jsonl', import.meta.url),
  'utf8',
)
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as NameRow)
  .filter(({ kind }) => kind === 'name');

it.each(NAMES)('the name $name is written as in text that may have UTF-8', (row) => {
  expect(metricNameText(row.name)).toBe(row.quotedMetric);
  expect(labelNameText(row.name)).toBe(row.quotedLabel);
});

it.each([
  ['a', true],
  ['a{b', true],
  ['{"a.b"}', true],
  ['{"a.b",x', true],
  ['', false],
  ['a b', false],
  ['9a{b="1"}', false],
  ['{a="1"}', false],
  ['{"a",b="1"}', false],
  ['{"a.b"b', false],
])('whether %j begins with a name: %s', (given, isOne) => {
  expect(isNamed(given)).toBe(isOne);
});

describe('a key', () => {
  it('is read as it was written, whatever the one before it was', () => {
    fc.assert(
      fc.property(fc.array(series), (all) => {
        const reader = new KeyReader();
        for (const each of all.flatMap((one) => [one, one])) {
          const key = keyOf(each);
          expect(key).toBe(naiveId(each));
          const kept = Object.entries(each.labels).filter(([, text]) => text !== '');
          const labels = reader.read(key)!;
          const sorted = kept.sort(([a], [b]) => naiveOrder(a, b));
          // An object puts names that are numbers first.
          expect(Object.entries(labels)).toEqual(Object.entries(Object.fromEntries(sorted)));
          for (const [own, held] of kept) expect(labelIn(key, own)).toBe(held);
          expect(labelIn(key, 'other')).toBeUndefined();
          expect(reader.name).toBe(each.name);
          expect(parseKey(key)).toEqual({ name: each.name, labels });
          expect(isNamed(key)).toBe(true);
        }
      }),
      { numRuns: tries(300) },
    );
  });

  it('with a lone surrogate is not read, whatever the one before it was', () => {
    const reader = new KeyReader();
    expect(reader.read('a{b="x"}')).toEqual({ b: 'x' });
    expect(reader.read('a{b="\ud800"}')).toBeUndefined();
  });

  it('is read only if a writer would write it so', () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '1',
      '',
      '{',
      '="',
      '"',
      ',',
      '}',
      '\\',
      '\\n',
      '\n',
      '"}',
    );
    const broken = fc.tuple(series, fc.nat(), fc.nat({ max: 2 }), part);
    fc.assert(
      fc.property(fc.array(broken), (all) => {
        const reader = new KeyReader();
        const judge = new KeyReader();
        for (const [each, place, cut, inserted] of all) {
          const key = keyOf(each);
          reader.read(key);
          expect(judge.isKey(key), key).toBe(true);
          const at = place % (key.length + 1);
          const other = key.slice(0, at) + inserted + key.slice(at + cut);
          const parsed = parseKey(other);
          const isKey = parsed !== undefined && other.isWellFormed() && naiveId(parsed) === other;
          expect(reader.read(other), other).toEqual(isKey ? parsed.labels : undefined);
          expect(judge.isKey(other), other).toBe(isKey);
        }
      }),
      { numRuns: tries(400) },
    );
  });

  it('has the columns that are read from it', () => {
    fc.assert(
      fc.property(fc.array(series), fc.uniqueArray(label), text(PIECES), (all, wanted, before) => {
        const columns = new LabelColumns(wanted);
        expect(columns.names).toEqual([...wanted].sort(naiveOrder));
        for (const each of all) {
          const key = keyOf(each);
          const { labels } = parseKey(key)!;
          const line = Buffer.from(`${before}${key} 1\n`);
          const start = Buffer.byteLength(before);
          columns.read(line, start, start + Buffer.byteLength(key));
          for (const [i, column] of columns.names.entries()) {
            const found = line.toString('utf8', columns.starts[i], columns.ends[i]);
            const own = Object.hasOwn(labels, column) ? labels[column]! : '';
            const alone = new LabelColumns([column]);
            const only = Buffer.from(keyOf({ name: 'm', labels: { [column]: own } }));
            alone.read(only, 0, only.length);
            expect(found).toBe(only.toString('utf8', alone.starts[0], alone.ends[0]));
            if (own !== '') expect(line.includes(labelNeedle(column, found))).toBe(true);
          }
        }
      }),
      { numRuns: tries(100) },
    );
  });
});
