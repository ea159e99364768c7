import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyGaugeHistogram, anySummary } from '../../../test/support/point-values.ts';
import { checkPayload } from '../payload-check.ts';
import { checkComposite as check } from './index.ts';

const checkComposite = (given: object): unknown => check(given);

const CLASSIC = {
  count: 3,
  sum: 2,
  buckets: [
    [1, 1],
    [Infinity, 3],
  ],
};
const NATIVE = {
  count: 6,
  sum: 2,
  schema: 0,
  zeroThreshold: 0.5,
  zeroCount: 1,
  positiveSpans: [
    [-2, 1],
    [3, 1],
  ],
  positiveBuckets: [2, 3],
};
const SUMMARY = {
  count: 3,
  sum: 2,
  quantiles: [
    [0, 1],
    [0.5, Number.NaN],
    [1, 2],
  ],
};

describe('a composite', () => {
  it('that is sound is copied', () => {
    fc.assert(
      fc.property(fc.oneof(anyGaugeHistogram, anySummary), (value) => {
        const checked = checkComposite(value);
        expect(checked).toEqual(value);
        expect(checked).not.toBe(value);
      }),
    );
    const float = {
      ...CLASSIC,
      count: 0.3,
      buckets: [
        [0, 0.1],
        [Infinity, 0.3],
      ],
    };
    const sums = { ...NATIVE, zeroCount: 0.1, positiveBuckets: [0.2, 0.3], count: 0.6 };
    for (const value of [
      CLASSIC,
      NATIVE,
      SUMMARY,
      float,
      sums,
      { ...NATIVE, ...CLASSIC, count: 3, zeroCount: 0, positiveBuckets: [1, 2] },
    ]) {
      expect(checkComposite(value)).toEqual(value);
    }
    const infinite = [
      [-Infinity, 1],
      [Infinity, 3],
    ];
    expect(checkComposite({ ...CLASSIC, buckets: infinite })).toMatchObject({ buckets: infinite });
    // Observations of NaN are in no bucket.
    expect(checkComposite({ ...NATIVE, count: 8, sum: Number.NaN })).toMatchObject({ count: 8 });
    expect(checkComposite({ count: 0, sum: 0, schema: 3 })).toEqual({
      count: 0,
      sum: 0,
      schema: 3,
      zeroThreshold: 0,
      zeroCount: 0,
    });
  });

  it('may be an instance of a class with getters, and each is read once', () => {
    const reads: string[] = [];
    const value = new Proxy(CLASSIC, {
      get: (target, name, receiver) => {
        reads.push(String(name));
        return Reflect.get(target, name, receiver) as unknown;
      },
    });
    expect(checkComposite(value)).toEqual(CLASSIC);
    expect(new Set(reads).size).toBe(reads.length);
  });

  it.each([
    {},
    [],
    { count: 3, sum: 2 },
    { ...CLASSIC, count: 4 },
    { ...CLASSIC, count: '3' },
    { ...CLASSIC, sum: undefined },
    { ...CLASSIC, buckets: [] },
    { ...CLASSIC, buckets: [[1, 3]] },
    {
      ...CLASSIC,
      buckets: [
        [1, 1],
        [1, 2],
        [Infinity, 3],
      ],
    },
    {
      ...CLASSIC,
      buckets: [
        [-0, 1],
        [0, 2],
        [Infinity, 3],
      ],
    },
    {
      ...CLASSIC,
      buckets: [
        [Number.NaN, 1],
        [Infinity, 3],
      ],
    },
    {
      ...CLASSIC,
      buckets: [
        [1, Infinity],
        [Infinity, 3],
      ],
    },
    {
      ...CLASSIC,
      buckets: [
        [1, 1],
        [Infinity, 3, 4],
      ],
    },
    { ...CLASSIC, buckets: { 0: [Infinity, 3] } },
    { ...CLASSIC, zeroCount: 0 },
    { ...NATIVE, schema: 9 },
    { ...NATIVE, schema: -5 },
    { ...NATIVE, schema: 0.5 },
    { ...NATIVE, zeroThreshold: -1 },
    { ...NATIVE, zeroThreshold: Infinity },
    { ...NATIVE, zeroCount: -1, count: 4 },
    { ...NATIVE, count: 7 },
    { ...NATIVE, count: 5, sum: Number.NaN },
    { ...NATIVE, positiveBuckets: [5] },
    { ...NATIVE, positiveBuckets: [6, -1] },
    {
      ...NATIVE,
      positiveSpans: [
        [-2, 1],
        [-1, 1],
      ],
    },
    {
      ...NATIVE,
      positiveSpans: [
        [2 ** 31, 1],
        [0, 1],
      ],
    },
    {
      ...NATIVE,
      positiveSpans: [
        [1 - 2 ** 31, 1],
        [2 ** 31, 1],
      ],
    },
    { ...NATIVE, positiveSpans: [[0.5, 2]] },
    { ...NATIVE, positiveSpans: undefined },
  ])('%j is no histogram', (value) => {
    expect(checkComposite(value)).toBe('invalid_histogram');
  });

  it.each([
    [-4, 65],
    [0, 1025],
    [8, 262_145],
  ])('the last bucket of schema %i has the index %i, on both sides', (schema, last) => {
    const side = (index: number) => ({ positiveSpans: [[index, 1]], positiveBuckets: [2] });
    const other = (index: number) => ({ negativeSpans: [[index, 1]], negativeBuckets: [2] });
    for (const sideOf of [side, other]) {
      const value = { count: 2, sum: Infinity, schema };
      expect(checkComposite({ ...value, ...sideOf(last) })).toMatchObject(sideOf(last));
      expect(checkComposite({ ...value, ...sideOf(last + 1) })).toBe('invalid_histogram');
    }
  });

  it.each([
    { ...SUMMARY, count: -1 },
    { ...SUMMARY, count: 1.5 },
    { ...SUMMARY, count: 2 ** 64 },
    { ...SUMMARY, sum: -1 },
    { ...SUMMARY, sum: Number.NaN },
    { ...SUMMARY, quantiles: {} },
    {
      ...SUMMARY,
      quantiles: [
        [0.5, 1],
        [0.5, 1],
      ],
    },
    { ...SUMMARY, quantiles: [[1.1, 1]] },
    { ...SUMMARY, quantiles: [[-0.1, 1]] },
    { ...SUMMARY, quantiles: [[0.5, -1]] },
  ])('%j is no summary', (value) => {
    expect(checkComposite(value)).toBe('invalid_summary');
  });

  it('is read by index, so that an iterator that never ends holds nothing up', () => {
    const endless = <T extends object>(items: T): T =>
      new Proxy(items, {
        get: (target, name) =>
          name === Symbol.iterator
            ? function* () {
                for (;;) yield [1, 1];
              }
            : (Reflect.get(target, name) as unknown),
      });
    const { buckets } = CLASSIC;
    expect(checkComposite({ ...CLASSIC, buckets: endless(buckets) })).toEqual(CLASSIC);
    const { positiveBuckets } = NATIVE;
    expect(checkComposite({ ...NATIVE, positiveBuckets: endless(positiveBuckets) })).toEqual(
      NATIVE,
    );
  });

  it('is rejected if it may take more than a mebibyte on a page', () => {
    const histogram = (buckets: number): object => ({
      value: {
        count: 0,
        sum: 0,
        buckets: Array.from({ length: buckets }, (_, i) => [i === buckets - 1 ? Infinity : i, 0]),
      },
    });
    const check = (key: string, buckets: number): unknown =>
      checkPayload(key, histogram(buckets) as Parameters<typeof checkPayload>[1]);
    expect(check('m', 10_000)).toMatchObject({ payload: expect.any(String) });
    for (const many of [20_000, 100_000]) expect(check('m', many)).toBe('point_too_large');
    // Each bucket repeats the key.
    expect(check(`m{a="${'x'.repeat(1000)}"}`, 2000)).toBe('point_too_large');
  });
});
