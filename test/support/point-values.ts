import fc from 'fast-check';
import type { Exemplar, HistogramValue, SummaryValue } from '../../src/model/point-value.ts';
import type { PayloadParts } from '../../src/model/value/index.ts';

const any = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 1e6, 1e21, 1e-7, 0.1, Number.NaN, Infinity, -Infinity),
);

/** Thresholds or quantiles: finite, rising, -0 not among them. */
function rising(min: number, max: number): fc.Arbitrary<number[]> {
  return fc
    .uniqueArray(
      fc.double({ min, max, noNaN: true }).map((n) => (n === 0 ? 0 : n)),
      { maxLength: 6 },
    )
    .map((bounds) => bounds.filter(Number.isFinite).sort((a, b) => a - b));
}

/** Counts that are all integers, or mostly have fractions. */
const counts: fc.Arbitrary<number[]> = fc
  .oneof(
    fc.array(fc.nat(), { minLength: 12, maxLength: 12 }),
    fc.array(fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e22, noNaN: true })), {
      minLength: 12,
      maxLength: 12,
    }),
  )
  .map((all) => all.map(Math.abs));

function cumulative(bounds: readonly number[], steps: readonly number[]): [number, number][] {
  let sum = 0;
  return [...bounds, Infinity].map((bound, i) => [bound, (sum += steps[i]!)]);
}

const classic: fc.Arbitrary<HistogramValue> = fc
  .tuple(rising(-1e9, 1e9), counts, any)
  .map(([bounds, steps, sum]) => {
    const buckets = cumulative(bounds, steps);
    return { count: buckets.at(-1)![1], sum, buckets };
  });

/** Runs that hold so many buckets, none beyond the last index of the widest ones, which is 65. */
function spansOf(length: number, offsets: readonly number[]): [number, number][] {
  if (length < 2) return length === 0 ? [] : [[offsets[0]!, 1]];
  return [
    [offsets[0]!, 1],
    [Math.abs(offsets[1]!) % 31, length - 1],
  ];
}

const native: fc.Arbitrary<HistogramValue> = fc
  .record({
    schema: fc.integer({ min: -4, max: 8 }),
    zeroThreshold: fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs),
    counts,
    sides: fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 4 })),
    offsets: fc.array(fc.integer({ min: -100, max: 30 }), { minLength: 4, maxLength: 4 }),
    sum: any.filter((sum) => !Number.isNaN(sum)),
  })
  .map(({ schema, zeroThreshold, counts: all, sides: [down, up], offsets, sum }) => {
    const negativeBuckets = all.slice(0, down);
    const positiveBuckets = all.slice(4, 4 + up);
    const zeroCount = all[8]!;
    const count = [...negativeBuckets, ...positiveBuckets].reduce((a, b) => a + b, zeroCount);
    return {
      count,
      sum,
      schema,
      zeroThreshold,
      zeroCount,
      ...(down > 0 && { negativeSpans: spansOf(down, offsets), negativeBuckets }),
      ...(up > 0 && { positiveSpans: spansOf(up, offsets.slice(2)), positiveBuckets }),
    };
  });

const both = fc.tuple(native, rising(-1e9, 1e9)).map(([value, bounds]) => ({
  ...value,
  buckets: [...bounds, Infinity].map((bound): [number, number] => [bound, value.count]),
}));

/** Histograms of all kinds that a family of histograms may hold. */
export const anyHistogram: fc.Arbitrary<HistogramValue> = fc.oneof(classic, native, both);

/** Histograms of which some are only a gauge histogram's: counts are negative or fall. */
export const anyGaugeHistogram: fc.Arbitrary<HistogramValue> = fc.oneof(
  anyHistogram,
  fc
    .tuple(rising(-1e9, 1e9), fc.array(fc.integer(), { minLength: 7, maxLength: 7 }), any)
    .map(([bounds, levels, sum]) => {
      const buckets = [...bounds, Infinity].map((b, i): [number, number] => [b, levels[i]!]);
      return { count: buckets.at(-1)![1], sum, buckets };
    }),
);

/** Summaries, also without quantiles. */
export const anySummary: fc.Arbitrary<SummaryValue> = fc
  .record({
    count: fc.nat(),
    sum: fc.oneof(fc.double({ min: 0, noNaN: true }), fc.nat()).map(Math.abs),
    bounds: rising(0, 1),
    values: fc.array(fc.oneof(fc.double({ min: 0 }), fc.nat()), { minLength: 6, maxLength: 6 }),
  })
  .map(({ bounds, values, ...rest }) => ({
    ...rest,
    quantiles: bounds.map((bound, i): [number, number] => [bound, Math.abs(values[i]!)]),
  }));

/** A time in whole milliseconds, mostly of these years. */
export const anyTime: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 1.7e12, max: 1.9e12 }),
  fc.integer({ min: -5000, max: 5000 }),
  fc.maxSafeInteger(),
);

const labelValue = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((text) => text.isWellFormed()),
  fc.constantFrom(' # ', '"', '\\', '\n', ' ', '{', '}', ' st@1', '"} 1', '[:],'),
);

/** Exemplars; labels in key order and none of them empty. */
export const anyExemplars: fc.Arbitrary<Exemplar[]> = fc.array(
  fc.record(
    {
      labels: fc
        .dictionary(fc.constantFrom('trace_id', 'span_id', 'a', '__proto__'), labelValue)
        .map((labels) =>
          Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
        ),
      value: any,
      timestamp: anyTime,
    },
    { requiredKeys: ['labels', 'value'] },
  ),
  { minLength: 1, maxLength: 3 },
);

/** All that a point may say beside its name and labels. */
export const anyPayload: fc.Arbitrary<PayloadParts> = fc.record(
  {
    value: fc.oneof(any, anyGaugeHistogram, anySummary),
    timestamp: anyTime,
    startTime: anyTime,
    exemplars: anyExemplars,
  },
  { requiredKeys: ['value'] },
);
