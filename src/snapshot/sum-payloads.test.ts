import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistogramValue } from '../model/point-value.ts';
import { readPayload, writePayload } from '../model/value/index.ts';
import { sumPayloads } from './sum-payloads.ts';

/** Whole numbers, so that sums are exact in any order. */
const observations = fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 20 });

/** What a program that saw some observations exposes. */
function histogramOf(seen: readonly number[], bounds: readonly number[]): HistogramValue {
  return {
    count: seen.length,
    sum: seen.reduce((sum, value) => sum + value, 0),
    buckets: [...bounds, Number.POSITIVE_INFINITY].map((bound) => [
      bound,
      seen.filter((value) => value <= bound).length,
    ]),
    schema: 0,
    zeroThreshold: 0,
    zeroCount: seen.filter((value) => value === 0).length,
    ...sideOf('positive', seen),
    ...sideOf(
      'negative',
      seen.map((value) => -value),
    ),
  };
}

/** Native buckets, whose bounds are powers of two at schema 0, in one span for each bucket. */
function sideOf(side: 'positive' | 'negative', seen: readonly number[]): object {
  const indexes = seen.filter((value) => value > 0).map((value) => Math.ceil(Math.log2(value)));
  const used = [...new Set(indexes)].sort((a, b) => a - b);
  if (used.length === 0) return {};
  const spans = used.map((index, i) => [i === 0 ? index : index - used[i - 1]! - 1, 1]);
  const buckets = used.map((index) => indexes.filter((other) => other === index).length);
  return { [`${side}Spans`]: spans, [`${side}Buckets`]: buckets };
}

/** A histogram in which runs of native buckets are one span each. */
function spread(value: HistogramValue): unknown {
  const side = (spans: HistogramValue['positiveSpans'] = []): number[] => {
    let index = 0;
    return spans.flatMap(([offset, length]) => {
      index += offset;
      return Array.from({ length }, () => index++);
    });
  };
  const { positiveSpans, negativeSpans, ...others } = value;
  return { ...others, positive: side(positiveSpans), negative: side(negativeSpans) };
}

describe('the sum of histograms', () => {
  it('is the histogram of all observations', () => {
    fc.assert(
      fc.property(fc.array(observations, { minLength: 1, maxLength: 4 }), (all) => {
        const bounds = [-8, 0, 1, 50];
        const payloads = all.map((seen) => writePayload({ value: histogramOf(seen, bounds) }));
        const sum = readPayload(sumPayloads(payloads)!)!.value as HistogramValue;
        expect(spread(sum)).toEqual(spread(histogramOf(all.flat(), bounds)));
      }),
    );
  });

  it('has the buckets that all have', () => {
    const of = (bounds: readonly number[]): string =>
      writePayload({ value: { ...histogramOf([1, 2, 3], bounds), schema: undefined } }) as string;
    expect(sumPayloads([of([1, 2, 3]), of([0, 1, 3])])).toBe(
      '{count:6,sum:12,bucket:[1:2,3:6,+Inf:6]}',
    );
    expect(sumPayloads([of([1]), of([2])])).toBe('{count:6,sum:12,bucket:[+Inf:6]}');
  });

  it('has no native part unless all have one of the same shape', () => {
    const native = (schema: number, threshold = 0, more = ''): string =>
      `{count:1,sum:1,schema:${schema},zero_threshold:${threshold},zero_count:1${more}}`;
    const classic = '{count:2,sum:2,bucket:[1:1,+Inf:2]}';
    const neither = '{count:2,sum:2,bucket:[+Inf:2]}';
    expect(sumPayloads([native(1), native(1)])).toBe(
      '{count:2,sum:2,schema:1,zero_threshold:0,zero_count:2}',
    );
    expect(sumPayloads([native(1), native(2)])).toBe(neither);
    expect(sumPayloads([native(1), native(1, 0.5)])).toBe(neither);
    expect(sumPayloads([native(1), classic])).toBe('{count:3,sum:3,bucket:[+Inf:3]}');
    expect(sumPayloads([classic, native(1)])).toBe('{count:3,sum:3,bucket:[+Inf:3]}');
    expect(sumPayloads([native(1), native(1, 0, ',bucket:[1:1,+Inf:1]')])).toBe(
      '{count:2,sum:2,schema:1,zero_threshold:0,zero_count:2,bucket:[+Inf:2]}',
    );
  });
});

describe('the sum of payloads', () => {
  it('of summaries has no quantiles', () => {
    const summaries = ['{count:1,sum:2,quantile:[0.5:2]}', '{count:2,sum:3,quantile:[]}'];
    expect(sumPayloads(summaries)).toBe('{count:3,sum:5,quantile:[]}');
  });

  it('has the exemplars of the first that has any, and no times', () => {
    expect(sumPayloads([1, '2 7 st@5', '3 9 # {a="b"} 1 6', '4 # {a="c"} 1'])).toBe(
      '10 # {a="b"} 1 6',
    );
    expect(sumPayloads([1, '2 7 st@5'])).toBe(3);
    expect(Object.is(sumPayloads([-0, -0]), -0)).toBe(true);
  });

  it('of values of different kinds is none', () => {
    const kinds = [1, '{count:1,sum:2,quantile:[]}', '{count:1,sum:2,bucket:[+Inf:1]}'];
    for (const a of kinds) {
      for (const b of kinds) expect(sumPayloads([a, b]) === undefined).toBe(a !== b);
    }
  });
});
