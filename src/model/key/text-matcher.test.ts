import fc from 'fast-check';
import { expect, it } from 'vitest';
import { KeyWriter, type KnownKey, nameOf, TextMatcher } from './index.ts';

const matcher = new TextMatcher();

function matches(key: string, labels: unknown, name: unknown = nameOf(key)): boolean {
  return matcher.matches({ key, form: 0 }, name, labels);
}

it.each([
  ['a{b="x"}', { b: 'x' }],
  ['a{b="x",c="y"}', { c: 'y', b: 'x' }],
  ['a{b="é"}', { b: 'é' }],
  ['a', {}],
  ['a', undefined],
  ['{"a.b"}', {}],
  ['{"a.b","é"="x"}', { é: 'x' }],
  ['a{__proto__="x"}', JSON.parse('{"__proto__":"x"}')],
])('%s is told from its name and labels', (key, labels) => {
  expect(matches(key, labels)).toBe(true);
});

it.each([
  ['another name', 'a{b="x"}', { b: 'x' }, 'c'],
  ['a shorter name', 'ab{b="x"}', { b: 'x' }, 'a'],
  ['no name', 'a{b="x"}', { b: 'x' }, 1],
  ['another value', 'a{b="x"}', { b: 'y' }, 'a'],
  ['a longer value', 'a{b="x"}', { b: 'xy' }, 'a'],
  ['a shorter value', 'a{b="xy"}', { b: 'x' }, 'a'],
  ['another label', 'a{b="x"}', { c: 'x' }, 'a'],
  ['a label more', 'a{b="x"}', { b: 'x', c: 'y' }, 'a'],
  ['a label less', 'a{b="x",c="y"}', { b: 'x' }, 'a'],
  ['no labels', 'a{b="x"}', {}, 'a'],
  ['labels of none', 'a', { b: 'x' }, 'a'],
  ['a quote in a value', 'a{b="x",c="y"}', { b: 'x",c="y' }, 'a'],
  ['a backslash', 'a{b="x\\\\"}', { b: 'x\\\\' }, 'a'],
  ['an escaped line feed', 'a{b="x\\n"}', { b: 'x\\n' }, 'a'],
  ['a quote that is escaped', 'a{b="x\\""}', { b: 'x\\' }, 'a'],
  ['an inherited label', 'a{b="x"}', Object.create({ b: 'x' }), 'a'],
  ['a map', 'a', new Map(), 'a'],
  ['a list', 'a{0="x"}', ['x'], 'a'],
  ['null', 'a', null, 'a'],
])('%s is not taken for it', (_, key, labels, name) => {
  expect(matches(key, labels, name)).toBe(false);
});

it('what is told from a key is what would be written, whether its form is known or not', () => {
  const label = fc.constantFrom('a', 'b', 'é', '__proto__', 'a.b', '1');
  const piece = fc.constantFrom('x', 'é', 'Ã', '"', '\\', '\n', 'n', ',', '=', '}', 'a="', '",b="');
  const text = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(''));
  const labels = fc.dictionary(label, fc.oneof(text, fc.constantFrom('x', 1, true, undefined)), {
    maxKeys: 3,
  });
  const name = fc.constantFrom('m', 'm.n');
  const writer = new KeyWriter();
  let count = 0;
  fc.assert(
    fc.property(name, labels, name, labels, (ownName, own, otherName, other) => {
      expect(writer.write(ownName, own)).toBe(true);
      const known: KnownKey = { key: writer.key, form: 0 };
      for (let round = 0; round < 2; round++) {
        if (matcher.matches(known, ownName, own)) count++;
        writer.write(otherName, other);
        if (writer.key !== known.key) {
          expect(matcher.matches(known, otherName, other)).toBe(false);
        }
      }
    }),
    { numRuns: 3000 },
  );
  expect(count).toBeGreaterThan(100);
});

it('knows the form of a key from its first match on, and no other form', () => {
  const known: KnownKey = { key: 'a{b="x",c="y"}', form: 0 };
  expect(matcher.matches(known, 'a', { b: 'x', c: 'z' })).toBe(false);
  expect(known.form).toBe(0);
  matcher.matches(known, 'a', { c: 'y', b: 'x' });
  const { form } = known;
  expect(form).toBeGreaterThan(0);
  for (const labels of [{ b: 'x', d: 'y' }, { b: 'x' }, { b: 'x', c: 'y', d: 'z' }]) {
    expect(matcher.matches(known, 'a', labels)).toBe(false);
  }
  expect(matcher.matches(known, 'b', { b: 'x', c: 'y' })).toBe(false);
  expect(matcher.matches(known, 'a', { b: 'x', c: 'y' })).toBe(true);
});
