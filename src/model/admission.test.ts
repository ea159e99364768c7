import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyPayload } from '../../test/support/point-values.ts';
import { tries } from '../../test/support/tries.ts';
import { PointAdmission } from './admission.ts';
import { isSoundPayload } from './payload-check.ts';
import { describeSubject } from './rejection.ts';
import { pointOfPayload, trustedPayload, trustPoint } from './trusted-point.ts';
import { writePayload } from './value/index.ts';

const POINT = { name: 'm', labels: { a: '1' }, value: 2, updatedAt: 3 };

function admission(maxSeriesBytes = 65_536, maxPayloadBytes = 1_048_576): PointAdmission {
  return new PointAdmission({ maxSeriesBytes, now: () => 77, maxPayloadBytes });
}

describe('admission', () => {
  it('says what it admitted', () => {
    const door = admission();
    expect(door.admit(POINT)).toBe(true);
    expect(door).toMatchObject({ id: 'm{a="1"}', value: 2, updatedAt: 3, reason: undefined });
    expect(door.admit(trustPoint({ ...POINT, value: -0 }, 'trusted'))).toBe(true);
    expect(door).toMatchObject({ id: 'trusted', updatedAt: 3 });
    expect(Object.is(door.value, -0)).toBe(true);
  });

  it.each([
    ['invalid_value', { value: '2' }],
    ['invalid_value', { value: null }],
    ['invalid_timestamp', { timestamp: 1.5 }],
    ['invalid_timestamp', { timestamp: null }],
    ['invalid_timestamp', { timestamp: new Date() }],
    ['invalid_start_time', { startTime: Number.NaN }],
    ['invalid_start_time', { startTime: 2 ** 53 }],
    ['invalid_exemplars', { exemplars: null }],
    ['invalid_exemplars', { exemplars: [null] }],
    ['invalid_exemplars', { exemplars: [{ value: 1 }] }],
    ['invalid_exemplars', { exemplars: [{ labels: {}, value: '1' }] }],
    ['invalid_exemplars', { exemplars: [{ labels: {}, value: 1, timestamp: 0.5 }] }],
    ['invalid_exemplars', { exemplars: [{ labels: { a: '\ud800' }, value: 1 }] }],
    ['invalid_exemplars', { exemplars: [{ labels: { a: 'x'.repeat(2 ** 20) }, value: 1 }] }],
    ['invalid_updated_at', { updatedAt: null }],
    ['invalid_updated_at', { updatedAt: Infinity }],
  ])('knows the series of a point rejected for %s %j', (reason, part) => {
    const door = admission();
    expect(door.admit({ ...POINT, ...part })).toBe(false);
    expect(door).toMatchObject({ reason, id: 'm{a="1"}' });
    expect(door.subject(null)).toBe('m{a="1"}');
  });

  it('writes what is more than a number as a payload', () => {
    const door = admission();
    const value = { count: 2, sum: 3.5, buckets: [[1, 1] as const, [Infinity, 2] as const] };
    const exemplars = [{ labels: { b: 2, a: '1', c: '' }, value: 0.5 }];
    expect(door.admit({ ...POINT, value, timestamp: 1500, startTime: -1, exemplars })).toBe(true);
    const text = '{count:2,sum:3.5,bucket:[1:1,+Inf:2]} 1.5 st@-0.001 # {a="1",b="2"} 0.5';
    expect(door).toMatchObject({ id: 'm{a="1"}', text, updatedAt: 3 });
    expect(door.payload).toBe(text);
    expect(door.admit(pointOfPayload(POINT, 'trusted', text, 5)!)).toBe(true);
    expect(door).toMatchObject({ id: 'trusted', payload: text, updatedAt: 5 });
    expect(door.admit({ ...POINT, exemplars: [], timestamp: undefined })).toBe(true);
    expect(door).toMatchObject({ text: undefined, payload: 2 });
  });

  it('admits every sound payload as it is written', () => {
    const door = admission();
    fc.assert(
      fc.property(anyPayload, (parts) => {
        expect(door.admit({ ...POINT, ...parts })).toBe(true);
        const payload = writePayload(parts);
        expect(door.payload).toBe(payload);
        if (typeof payload === 'string') expect(isSoundPayload('m', payload)).toBe(true);
        const point = pointOfPayload(POINT, 'id', payload, 3)!;
        expect(point).toEqual({ ...POINT, ...parts });
        expect(trustedPayload(point)).toBe(payload);
      }),
    );
  });

  it('stops at exemplars that are too many for a page', () => {
    const door = admission();
    const exemplars = Array.from({ length: 2 ** 18 }, () => ({ labels: {}, value: 1 }));
    exemplars.push(undefined as never);
    expect(door.admit({ ...POINT, exemplars })).toBe(false);
    expect(door.reason).toBe('point_too_large');
  });

  it.each(['1', '1.0 5', '1 5\n', '1 5 ', '1 05', '{count:1,sum:1,bucket:[1.0:1,+Inf:1]}', '{}'])(
    'would not write the payload %j',
    (text) => {
      expect(isSoundPayload('m', text)).toBe(false);
    },
  );

  it('keeps texts out of an owner that has only numbers', () => {
    const doors = [new PointAdmission({ maxSeriesBytes: 100, now: () => 1 }), admission(100, 5)];
    for (const door of doors) {
      expect(door.admit(POINT)).toBe(true);
      for (const point of [
        { ...POINT, timestamp: 12_345 },
        pointOfPayload(POINT, 'id', '1 12345', 1),
      ]) {
        expect(door.admit(point)).toBe(false);
        expect(door.reason).toBe('point_too_large');
      }
    }
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
    const pairs = fc.array(fc.oneof(fc.anything(), fc.tuple(fc.integer(), fc.integer())));
    const field = fc.oneof(fc.anything(), fc.nat({ max: 3 }), pairs, fc.array(fc.nat()));
    const names = ['count', 'sum', 'buckets', 'quantiles', 'schema', 'zeroThreshold'];
    names.push('positiveSpans', 'positiveBuckets', 'negativeSpans', 'negativeBuckets');
    const fields = Object.fromEntries(names.map((name) => [name, field]));
    const sound = { name: fc.constant('m'), labels: fc.constant({}) };
    const part = fc.oneof(fc.anything(), fc.constantFrom('m', {}, { a: '1' }, 1));
    const given = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withMap: true }),
      fc.record({ name: part, labels: part, value: part, updatedAt: part }),
      fc.record({ ...sound, value: part, timestamp: part, startTime: part, exemplars: part }),
      fc.record({ ...sound, value: fc.record(fields, { requiredKeys: [] }) }),
    );
    fc.assert(
      fc.property(given, (point) => {
        const isIn = door.admit(point);
        expect(isIn).toBe(door.reason === undefined);
        if (isIn) expect(door.id).toBeTypeOf('string');
        expect(door.subject(point).length).toBeLessThanOrEqual(200);
        expect(door.identify(point) || door.reason !== undefined).toBe(true);
      }),
      { numRuns: tries(500) },
    );
  });
});

describe('what a rejected point is called', () => {
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

  it('is found without a call of what it holds', () => {
    const get = (): never => expect.fail('a getter was called');
    expect(describeSubject(Object.defineProperty({}, 'name', { get }))).toBe('an object');
  });
});
