import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tries } from '../../../test/support/tries.ts';
import { type KeyLines, KeyMatcher, KeyWriter, nameOf } from './index.ts';

const matcher = new KeyMatcher();

/** Whether a key, in the middle of a text, is told to be that of its name with labels. */
function matches(key: string, labels: unknown): boolean {
  return matcher.matches({ name: nameOf(key), lines: linesOf(['a', key]), line: 1 }, labels);
}

function linesOf(keys: readonly string[]): KeyLines {
  const idEnd: number[] = [];
  const lineEnd: number[] = [];
  for (const key of keys) {
    idEnd.push((lineEnd.at(-1) ?? 0) + Buffer.byteLength(key));
    lineEnd.push(idEnd.at(-1)! + ' 1\n'.length);
  }
  const text = Buffer.from(keys.map((key) => `${key} 1\n`).join(''));
  return { text, lineEnd: Uint32Array.from(lineEnd), idEnd: Uint32Array.from(idEnd), ids: {} };
}

it.each([
  ['a{b="x"}', { b: 'x' }],
  ['a{b="x",c="y"}', { c: 'y', b: 'x' }],
  ['a', {}],
  ['a', undefined],
  ['{"a.b"}', {}],
  ['{"a.b","é"="x"}', { é: 'x' }],
  ['a{__proto__="x"}', JSON.parse('{"__proto__":"x"}')],
])('%s is told from bytes', (key, labels) => {
  expect(matches(key, labels)).toBe(true);
});

it.each([
  ['another value', 'a{b="x"}', { b: 'y' }],
  ['a longer value', 'a{b="x"}', { b: 'xy' }],
  ['a shorter value', 'a{b="xy"}', { b: 'x' }],
  ['another label', 'a{b="x"}', { c: 'x' }],
  ['a label more', 'a{b="x"}', { b: 'x', c: 'y' }],
  ['a label less', 'a{b="x",c="y"}', { b: 'x' }],
  ['no labels', 'a{b="x"}', {}],
  ['labels of none', 'a', { b: 'x' }],
  ['labels of none, quoted', '{"a.b"}', { '1"}': 'x' }],
  ['a quote in a value', 'a{b="x",c="y"}', { b: 'x",c="y' }],
  ['the bytes of another text', 'a{b="é"}', { b: 'Ã©' }],
  ['a backslash', 'a{b="x\\\\"}', { b: 'x\\\\' }],
  ['a quote that is escaped', 'a{b="x\\""}', { b: 'x\\' }],
  ['an inherited label', 'a{b="x"}', Object.create({ b: 'x' })],
  ['the prototype', 'a{__proto__="x"}', {}],
  ['a map', 'a', new Map()],
  ['a list', 'a{0="x"}', ['x']],
  ['null', 'a', null],
])('%s is not taken for it', (_, key, labels) => {
  expect(matches(key, labels)).toBe(false);
});

it('what is told from bytes is what would be written', () => {
  const label = fc.constantFrom('a', 'b', 'é', '__proto__', 'a.b', '1');
  const piece = fc.constantFrom('x', 'é', 'Ã', '©', '"', '\\', '\n', 'n', ',', '=', '}', 'a="');
  const text = fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join(''));
  const labels = fc.dictionary(label, fc.oneof(text, fc.constantFrom('x', 1, true, undefined)), {
    maxKeys: 3,
  });
  const writer = new KeyWriter();
  let count = 0;
  fc.assert(
    fc.property(fc.constantFrom('m', 'm.n'), labels, labels, (name, one, other) => {
      expect(writer.write(name, one)).toBe(true);
      const { key } = writer;
      if (matches(key, one)) count++;
      writer.write(name, other);
      if (writer.key !== key) expect(matches(key, other)).toBe(false);
    }),
    { numRuns: tries(1000) },
  );
  expect(count).toBeGreaterThan(100);
});

const LABELS = [
  { b: 'x', c: 'y' },
  { b: 'xy', c: 'y' },
  { b: 'x', c: 'yz' },
  { b: 'y', c: 'x' },
  { b: 'x",c="y', c: 'z' },
  { b: 'x', c: 'y",c="z' },
  { b: 'é', c: 'y' },
  { b: 'Ã©', c: 'y' },
  { b: 'x\\', c: 'y' },
  { b: 'x', c: 'y', d: 'z' },
  { c: 'y', b: 'x' },
  { b: 'x' },
  Object.create({ b: 'x', c: 'y' }),
];

it.each([
  ['the same plain labels', LABELS.slice(0, 4)],
  ['a quote in a value', LABELS.slice(0, 6)],
  ['a value beyond ASCII', LABELS.slice(0, 8)],
  ['a backslash', LABELS.filter((_, i) => i !== 4 && i !== 5)],
  ['labels of several kinds', LABELS],
])('lines with %s are told apart, whatever was asked before', (_, all) => {
  const writer = new KeyWriter();
  const keyOf = (labels: object): string => {
    expect(writer.write('a', labels)).toBe(true);
    return writer.key;
  };
  const keys = all.map(keyOf);
  const lines = linesOf(keys);
  const used = new KeyMatcher();
  for (let round = 0; round < 2; round++) {
    for (const [line, key] of keys.entries()) {
      for (const labels of LABELS) {
        const isMatch = used.matches({ name: 'a', lines, line }, labels);
        if (isMatch) expect(keyOf(labels)).toBe(key);
        const isPlain = Object.values(labels).every((value) => /^[xyz]+$/.test(value as string));
        if (isPlain && keyOf(labels) === key) expect(isMatch).toBe(true);
      }
    }
  }
});
