import fc from 'fast-check';
import type {
  Exemplar,
  FamilyMetadata,
  HistogramValue,
  MetricPoint,
  SummaryValue,
} from '../../src/index.ts';
import { FAMILY_TYPES } from '../../src/model/family-metadata.ts';

/** Families of all types with points that each type allows. */
export interface TypedContent {
  readonly families: readonly FamilyMetadata[];
  readonly points: readonly MetricPoint[];
}

const NOW = 1_763_990_000_123;

const text: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('', 'a', 'b"c', 'd\\e', 'f\ng', '\u00e9', '\u{1f600}', ' ', '{le="1"}'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const number: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -1000, max: 1_000_000 }),
  fc.double(),
  fc.constantFrom(0, -0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21),
);
const positive: fc.Arbitrary<number> = fc.oneof(
  fc.nat(1_000_000),
  fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);
const count: fc.Arbitrary<number> = fc.nat(1_000_000);
const time: fc.Arbitrary<number> = fc.integer({ min: NOW - 1e9, max: NOW });

const exemplar: fc.Arbitrary<Exemplar> = fc.record({
  labels: fc.constantFrom({ trace_id: 't1' }, { trace_id: 'x"y', span_id: '\\' }, {}),
  value: fc.oneof(fc.nat(20), fc.double({ min: -5, max: 20, noNaN: true })),
  timestamp: time,
});
const exemplars: fc.Arbitrary<Exemplar[]> = fc.uniqueArray(exemplar, {
  maxLength: 3,
  selector: ({ timestamp }) => timestamp,
});

const bounds: fc.Arbitrary<number[]> = fc
  .uniqueArray(
    fc.oneof(fc.integer({ min: -3, max: 20 }), fc.double({ min: -3, max: 20, noNaN: true })),
    {
      maxLength: 5,
      comparator: (a, b) => a === b,
    },
  )
  .map((list) => list.map((bound) => bound + 0).sort((a, b) => a - b));

/** Cumulative counts for bounds and the last bucket. */
function bucketsOf(some: readonly number[], steps: readonly number[]): [number, number][] {
  let total = 0;
  return [...some, Number.POSITIVE_INFINITY].map((bound, i) => {
    total += steps[i % Math.max(1, steps.length)] ?? 0;
    return [bound, total];
  });
}

// Prometheus joins runs that touch and drops buckets of nothing as it reads protobuf.
const run = fc.tuple(
  fc.integer({ min: 1, max: 4 }),
  fc.array(
    count.map((value) => value + 1),
    { minLength: 1, maxLength: 3 },
  ),
);
const side = fc.array(run, { maxLength: 2 });

interface Side {
  readonly spans: [number, number][];
  readonly buckets: number[];
}

function sideOf(runs: readonly (readonly [number, readonly number[]])[], first: number): Side {
  return {
    spans: runs.map(([skip, counts], i) => [i === 0 ? first : skip, counts.length]),
    buckets: runs.flatMap(([, counts]) => counts),
  };
}

const histogram: fc.Arbitrary<HistogramValue> = fc
  .record({
    kind: fc.constantFrom('classic', 'native', 'both'),
    some: bounds,
    steps: fc.array(count, { maxLength: 6 }),
    isFloat: fc.boolean(),
    sum: fc.oneof(positive, fc.constantFrom(-2.5, Number.NaN)),
    schema: fc.integer({ min: -4, max: 8 }),
    zeroThreshold: fc.constantFrom(0, 0.001, 2.938735877055719e-39),
    zeroCount: count,
    positives: side,
    negatives: side,
    first: fc.integer({ min: -10, max: 10 }),
  })
  .map(({ kind, some, steps, isFloat, sum, ...native }) => {
    // Halves are exact, so that sums are.
    const scale = isFloat ? 0.5 : 1;
    const scaled = (value: number): number => value * scale;
    if (kind === 'classic') {
      const buckets = bucketsOf(some, steps.map(scaled));
      return { count: buckets.at(-1)![1], sum, buckets };
    }
    const positives = sideOf(native.positives, native.first);
    const negatives = sideOf(native.negatives, native.first);
    const zeroCount = scaled(native.zeroCount);
    const counts = [...positives.buckets, ...negatives.buckets].map(scaled);
    const total = counts.reduce((a, b) => a + b, zeroCount);
    const value = {
      // Observations of NaN are in no bucket.
      count: Number.isNaN(sum) ? total + 3 : total,
      sum,
      schema: native.schema,
      zeroThreshold: native.zeroThreshold,
      zeroCount,
      ...(positives.spans.length > 0 && {
        positiveSpans: positives.spans,
        positiveBuckets: positives.buckets.map(scaled),
      }),
      ...(negatives.spans.length > 0 && {
        negativeSpans: negatives.spans,
        negativeBuckets: negatives.buckets.map(scaled),
      }),
    };
    if (kind === 'native') return value;
    return {
      ...value,
      buckets: [
        [1, scaled(native.zeroCount)],
        [Number.POSITIVE_INFINITY, value.count],
      ],
    };
  });

/** Also those that only a gauge histogram may be: counts are negative or fall. */
const gaugeHistogram: fc.Arbitrary<HistogramValue> = fc.oneof(
  histogram,
  fc
    .record({
      some: bounds,
      counts: fc.array(fc.integer({ min: -5, max: 50 }), { minLength: 6, maxLength: 6 }),
      sum: fc.oneof(positive, fc.constantFrom(-2.5, Number.NaN)),
    })
    .map(({ some, counts, sum }) => {
      const buckets = [...some, Number.POSITIVE_INFINITY].map((bound, i): [number, number] => [
        bound,
        counts[i]!,
      ]);
      return { count: buckets.at(-1)![1], sum, buckets };
    }),
);

const summary: fc.Arbitrary<SummaryValue> = fc.record({
  count,
  sum: positive,
  quantiles: fc
    .uniqueArray(fc.constantFrom(0, 0.5, 0.9, 0.99, 1), { maxLength: 4 })
    .chain((list) =>
      fc.tuple(
        ...list
          .sort((a, b) => a - b)
          .map((q) => fc.tuple(fc.constant(q), fc.oneof(positive, fc.constant(Number.NaN)))),
      ),
    ),
});

type Type = FamilyMetadata['type'];

/** A value for a type. */
function valueFor(type: Type): fc.Arbitrary<MetricPoint['value']> {
  switch (type) {
    case 'counter':
      return positive;
    case 'info':
      return fc.constant(1);
    case 'stateset':
      return fc.constantFrom(0, 1);
    case 'summary':
      return summary;
    case 'histogram':
      return histogram;
    case 'gaugehistogram':
      return gaugeHistogram;
    default:
      return number;
  }
}

const SUFFIX: Partial<Record<Type, string>> = { counter: '_total', info: '_info' };

function family(type: Type, at: number): fc.Arbitrary<[FamilyMetadata, MetricPoint[]]> {
  return fc
    .record({
      isUtf8: fc.boolean(),
      // Whether all states are of one set.
      isOneSet: fc.boolean(),
      help: fc.option(
        text.filter((help) => help.trim() === help),
        { nil: undefined },
      ),
      points: fc.uniqueArray(
        fc.record({
          a: text,
          value: valueFor(type),
          utf8: fc.option(text, { nil: undefined }),
          timestamp: fc.option(time, { nil: undefined }),
          startTime: fc.option(fc.integer({ min: NOW - 2e9, max: NOW - 1e9 }), { nil: undefined }),
          exemplars,
          tails: fc.boolean(),
        }),
        { minLength: 1, maxLength: 4, selector: ({ a }) => a },
      ),
    })
    .map(({ isUtf8, isOneSet, help, points }) => {
      // A stateset whose escaped names differ is something else.
      const name = `f${at}${isUtf8 && type !== 'stateset' ? '.x' : ''}${SUFFIX[type] ?? ''}`;
      return [
        { name, type, ...(help === undefined ? {} : { help }) },
        points.map(({ a, value, utf8, timestamp, startTime, exemplars: some, tails }) => ({
          name,
          labels: {
            ...(type === 'stateset' && isOneSet ? { [name]: `s${a}` } : { a }),
            ...(type === 'stateset' && !isOneSet && { [name]: `s${a.length % 2}` }),
            ...(utf8 !== undefined && !isOneSet && { 'b.c': utf8 }),
          },
          value,
          updatedAt: 1,
          ...(tails && {
            ...(timestamp !== undefined && { timestamp }),
            ...(startTime !== undefined && { startTime }),
            ...(some.length > 0 && { exemplars: some }),
          }),
        })),
      ];
    });
}

/** Snapshots of all types. */
export const typedContent: fc.Arbitrary<TypedContent> = fc
  .subarray([...FAMILY_TYPES], { minLength: 1 })
  .chain((types) => fc.tuple(...types.map((type, at) => family(type, at))))
  .map((list) => ({
    families: list.map(([metadata]) => metadata),
    points: list.flatMap(([, points]) => points),
  }));
