import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naiveId } from '../../test/support/naive-page.ts';
import { tries } from '../../test/support/tries.ts';
import { nameOf } from './key/index.ts';
import type { MetricPoint } from './metric-point.ts';
import { parseSeriesId, seriesId } from './series-id.ts';
import { trustPoint } from './trusted-point.ts';

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,4}$/);
const labelName = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'le', 'A', 'a', '_', 'a1'),
  fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,3}$/),
);
const piece = fc.constantFrom(
  '"',
  '\\',
  '\n',
  '\\n',
  '{',
  '}',
  ',',
  '=',
  ' ',
  '\u0000',
  'é',
  '\u{1f600}',
);
const labelValue = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
);
const series = fc.record({ name, labels: fc.dictionary(labelName, labelValue, { maxKeys: 5 }) });

function labelled(labels: Record<string, string>): string {
  return seriesId({ name: 'm', labels });
}

describe('seriesId', () => {
  it.each<readonly [Record<string, string>, string]>([
    [{}, 'm'],
    [{ a: '1' }, 'm{a="1"}'],
    [{ b: '2', a: '1' }, 'm{a="1",b="2"}'],
    [{ b: '2', B: '1', _: '0' }, 'm{B="1",_="0",b="2"}'],
    [{ a: '' }, 'm'],
    [{ a: '', b: '2', c: '' }, 'm{b="2"}'],
    [{ a: '1', b: '', c: '3' }, 'm{a="1",c="3"}'],
    [{ a: '"\\\n' }, 'm{a="\\"\\\\\\n"}'],
    [{ a: '\\n' }, 'm{a="\\\\n"}'],
    [{ a: '\r\t\u0000' }, 'm{a="\r\t\u0000"}'],
    [{ a: '日本\u{1f600}' }, 'm{a="日本\u{1f600}"}'],
    [{ a: '1",b="2' }, 'm{a="1\\",b=\\"2"}'],
  ])('of labels %j is %j', (labels, id) => {
    expect(labelled(labels)).toBe(id);
  });

  it('takes own enumerable labels only, with or without a prototype', () => {
    const inherited = Object.assign(Object.create({ z: '1' }), { a: '1' });
    Object.defineProperty(inherited, 'hidden', { value: '1', enumerable: false });
    expect(labelled(inherited)).toBe('m{a="1"}');
    expect(labelled(Object.assign(Object.create(null), { a: '1' }))).toBe('m{a="1"}');
    expect(labelled(JSON.parse('{"__proto__":"1"}'))).toBe('m{__proto__="1"}');
  });

  it('is the same for the same labels in any order, and another for any others', () => {
    const pair = fc.tuple(series, series);
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(seriesId(one)).toBe(naiveId(one));
        const turned = Object.fromEntries(Object.entries(one.labels).reverse());
        expect(seriesId({ ...one, labels: turned })).toBe(seriesId(one));
        const isSame = naiveId(one) === naiveId(other);
        expect(seriesId(one) === seriesId(other)).toBe(isSame);
      }),
      { numRuns: tries(300) },
    );
  });

  it('is read off a stamped point at once', () => {
    const point = trustPoint({ name: 'm', labels: { a: '1' }, value: 1, updatedAt: 1 }, 'stamped');
    expect(seriesId(point)).toBe('stamped');
    expect(seriesId({ ...point })).toBe('m{a="1"}');
    expect(Object.isFrozen(point) && Object.isFrozen(point.labels)).toBe(true);
    expect(Object.keys(point)).toEqual(['name', 'labels', 'value', 'updatedAt']);
  });

  it.each<readonly [unknown, string]>([
    [null, 'not_a_point'],
    ['m', 'not_a_point'],
    [{}, 'invalid_name'],
    [{ name: '', labels: {} }, 'invalid_name'],
    [{ name: '\ud800', labels: {} }, 'invalid_name'],
    [{ name: 'm', labels: null }, 'invalid_labels'],
    [{ name: 'm', labels: { '': '1' } }, 'invalid_label_name'],
    [{ name: 'm', labels: { '\ud800': '1' } }, 'invalid_label_name'],
    [{ name: 'm', labels: { __name__: '1' } }, 'invalid_label_name'],
    [{ name: 'm', labels: { a: null } }, 'invalid_label_value'],
    [{ name: 'm', labels: { a: '\udc00' } }, 'malformed_unicode'],
  ])('of %j is refused as %s', (point, reason) => {
    expect(() => seriesId(point as MetricPoint)).toThrow(
      expect.objectContaining({ code: 'invalid_point', message: expect.stringContaining(reason) }),
    );
  });

  it('remembers more shapes of labels than there is room for', () => {
    for (let i = 0; i < 10_000; i++) {
      const labels = { [`l${i}`]: 'x', a: 'y' };
      expect(seriesId({ name: `m${i}`, labels })).toBe(`m${i}{a="y",l${i}="x"}`);
    }
    expect(labelled({ l0: 'x', a: 'y' })).toBe('m{a="y",l0="x"}');
  });
});

describe('parseSeriesId', () => {
  it('undoes seriesId', () => {
    fc.assert(
      fc.property(series, (given) => {
        const read = parseSeriesId(seriesId(given));
        expect(read.name).toBe(given.name);
        const kept = Object.entries(given.labels).filter(([, value]) => value !== '');
        expect(Object.entries(read.labels)).toEqual(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
        expect(Object.getPrototypeOf(read.labels)).toBe(Object.prototype);
        expect(seriesId(read)).toBe(seriesId(given));
        expect(nameOf(seriesId(given))).toBe(given.name);
      }),
      { numRuns: tries(300) },
    );
  });

  it.each([
    '',
    '{a="1"}',
    '1m',
    'm ',
    'm{',
    'm{}',
    'm{x',
    'm{a',
    'm{a=',
    'm{a="',
    'm{a="1',
    'm{a="1"',
    'm{a="1"}x',
    'm{a="1",}',
    'm{,a="1"}',
    'm{a="1"b="2"}',
    'm{a="1",a="2"}',
    'm{a="1\\"}',
    'm{1a="1"}',
    'm{__name__="1"}',
    'm{a=1}',
    'm{a="1"} 5',
    'm{"a"}',
    'm{"a"=1}',
    'm{"a="1"}',
    'm{""="1"}',
    'm{"__name__"="1"}',
    '{"a.b"',
    '{"a.b",}',
    '{"a.b"}x',
    '{"a.b"x="1"}',
    '{a="1"}',
    '{}',
    '{""}',
    'a.b',
  ])('refuses %j', (id) => {
    expect(() => parseSeriesId(id)).toThrow(expect.objectContaining({ code: 'invalid_series_id' }));
  });

  it('never fails otherwise, whatever it is given', () => {
    const text = fc.array(fc.constantFrom('m', '{', '}', 'a', '="', '"', ',', '\\', 'n', '=', ' '));
    fc.assert(
      fc.property(text, (pieces) => {
        const id = pieces.join('');
        try {
          expect(seriesId(parseSeriesId(id))).toBeTypeOf('string');
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid_series_id' });
        }
      }),
      { numRuns: tries(600) },
    );
  });

  it('reads labels of megabytes, escaped or not', () => {
    for (const [text, count] of [
      ['x', 1 << 24],
      ['"', 1 << 18],
      ['\\', 1 << 18],
    ] as const) {
      const labels = { a: text.repeat(count), b: text };
      expect(parseSeriesId(seriesId({ name: 'm', labels })).labels.a === labels.a).toBe(true);
    }
  });
});
