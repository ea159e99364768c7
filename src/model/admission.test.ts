import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PointAdmission } from './admission.ts';
import { describeSubject } from './rejection.ts';
import { trustPoint } from './trusted-point.ts';

const POINT = { name: 'm', labels: { a: '1' }, value: 2, updatedAt: 3 };

function admission(maxSeriesBytes = 65_536): PointAdmission {
  return new PointAdmission({ maxSeriesBytes, now: () => 77 });
}

describe('admission', () => {
  it('tells what it let in', () => {
    const door = admission();
    expect(door.admit(POINT)).toBe(true);
    expect(door).toMatchObject({ id: 'm{a="1"}', value: 2, updatedAt: 3, reason: undefined });
    expect(door.admit(trustPoint({ ...POINT, value: -0 }, 'stamped'))).toBe(true);
    expect(door).toMatchObject({ id: 'stamped', updatedAt: 3 });
    expect(Object.is(door.value, -0)).toBe(true);
  });

  it.each([
    ['invalid_value', { value: '2' }],
    ['invalid_value', { value: null }],
    ['invalid_updated_at', { updatedAt: null }],
    ['invalid_updated_at', { updatedAt: Infinity }],
  ])('tells the series of a point refused for %s %j', (reason, part) => {
    const door = admission();
    expect(door.admit({ ...POINT, ...part })).toBe(false);
    expect(door).toMatchObject({ reason, id: 'm{a="1"}' });
    expect(door.subject(null)).toBe('m{a="1"}');
  });

  it('keeps nothing of the point before', () => {
    const door = admission();
    door.admit(POINT);
    expect(door.admit({ ...POINT, name: '' })).toBe(false);
    expect(door).toMatchObject({ reason: 'invalid_name', id: undefined });
    expect(door.admit(POINT)).toBe(true);
    expect(door.reason).toBeUndefined();
  });

  it.each([
    ['x', 1],
    ['é', 2],
    ['日', 3],
    ['\u{1f600}', 4],
    ['"', 2],
  ])('counts the length of a series of %j in bytes', (text, bytes) => {
    const room = 'm{a=""}'.length + 20 * bytes;
    const point = { ...POINT, labels: { a: text.repeat(20) } };
    expect(admission(room).admit(point)).toBe(true);
    const door = admission(room - 1);
    expect(door.admit(point)).toBe(false);
    expect(door.reason).toBe('series_too_long');
  });

  it('tells the identity of a point without value or time', () => {
    const door = admission();
    expect(door.identify({ name: 'm', labels: { a: '1' } })).toBe(true);
    expect(door.id).toBe('m{a="1"}');
    expect(door.identify({ name: 'm', labels: 5 })).toBe(false);
    expect(door.reason).toBe('invalid_labels');
  });

  it('never throws, whatever it is given', () => {
    const door = admission();
    const part = fc.oneof(fc.anything(), fc.constantFrom('m', {}, { a: '1' }, 1));
    const given = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withMap: true }),
      fc.record({ name: part, labels: part, value: part, updatedAt: part }),
    );
    fc.assert(
      fc.property(given, (point) => {
        const isIn = door.admit(point);
        expect(isIn).toBe(door.reason === undefined);
        if (isIn) expect(door.id).toBeTypeOf('string');
        expect(door.subject(point).length).toBeLessThanOrEqual(200);
        expect(door.identify(point) || door.reason !== undefined).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what a refused point is called', () => {
  it.each<readonly [unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, '5'],
    [5n, '5'],
    [Symbol('x'), 'Symbol(x)'],
    ['a\n"b"', '"a\\n\\"b\\""'],
    [(): void => undefined, 'a function'],
    [{}, 'an object'],
    [[], 'an object'],
    [{ name: 'm' }, 'name "m"'],
    [{ name: 5 }, 'an object'],
    ['x'.repeat(1000), `"${'x'.repeat(199)}`],
    [{ name: 'x'.repeat(1000) }, `name "${'x'.repeat(194)}`],
  ])('%# %s', (given, subject) => {
    expect(describeSubject(given)).toBe(subject);
  });

  it('is told without a call of what it holds', () => {
    const get = (): never => expect.fail('a getter was called');
    expect(describeSubject(Object.defineProperty({}, 'name', { get }))).toBe('an object');
  });
});
