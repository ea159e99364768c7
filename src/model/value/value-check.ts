import type { HistogramValue, SummaryValue } from '../point-value.ts';

type Pairs = readonly (readonly [number, number])[];

/** The most buckets, spans or quantiles that are read: more do not fit a point. */
const MOST_ITEMS = 65_536;

/** The count of a summary has 64 bits in protobuf, and Go's parser of OpenMetrics reads no more. */
const COUNT_END = 2 ** 64;

/** A composite as it came from outside. */
type Given = { readonly [Field in keyof HistogramValue | keyof SummaryValue]?: unknown };

/**
 * Checks a composite from outside and copies it, reading each property once. What depends on the
 * type is not checked: counts may be negative or fall, as a gauge histogram's may.
 *
 * @returns the copy, or why the value is rejected.
 */
export function checkComposite(
  given: Given,
): HistogramValue | SummaryValue | 'invalid_histogram' | 'invalid_summary' | 'point_too_large' {
  const fields = readFields(given);
  const { count, sum, quantiles } = fields;
  const isTooLarge = (field: unknown): boolean => Array.isArray(field) && field.length > MOST_ITEMS;
  if (Object.values(fields).some(isTooLarge)) return 'point_too_large';
  return quantiles === undefined
    ? (checkHistogram(count, sum, fields) ?? 'invalid_histogram')
    : (checkSummary(count, sum, quantiles) ?? 'invalid_summary');
}

function readFields(given: Given): Given {
  const { count, sum, quantiles, buckets, schema, zeroThreshold, zeroCount } = given;
  const { negativeSpans, negativeBuckets, positiveSpans, positiveBuckets } = given;
  const classic = { count, sum, quantiles, buckets };
  const zero = { schema, zeroThreshold, zeroCount };
  return { ...classic, ...zero, negativeSpans, negativeBuckets, positiveSpans, positiveBuckets };
}

function checkSummary(count: unknown, sum: unknown, given: unknown): SummaryValue | undefined {
  const quantiles = readPairs(given);
  if (!isCount(count) || !Number.isInteger(count)) return undefined;
  if (count < 0 || count >= COUNT_END) return undefined;
  if (!isPositive(sum) || quantiles === undefined) return undefined;
  let before = Number.NEGATIVE_INFINITY;
  for (const [quantile, value] of quantiles) {
    if (!(quantile > before && quantile >= 0 && quantile <= 1)) return undefined;
    // A quantile of no observations is NaN.
    if (!isPositive(value) && !Number.isNaN(value)) return undefined;
    before = quantile;
  }
  return { count, sum, quantiles };
}

function checkHistogram(count: unknown, sum: unknown, given: Given): HistogramValue | undefined {
  const { buckets } = given;
  if (!isCount(count) || typeof sum !== 'number') return undefined;
  const native = checkNative(given, count, sum);
  if (native === undefined) return undefined;
  if (buckets === undefined)
    return native.schema === undefined ? undefined : { count, sum, ...native };
  const pairs = readPairs(buckets);
  return pairs !== undefined && areBuckets(pairs, count)
    ? { count, sum, buckets: pairs, ...native }
    : undefined;
}

function areBuckets(buckets: Pairs, count: number): boolean {
  const isRising = buckets.every(([bound], i) => i === 0 || bound > buckets[i - 1]![0]);
  // The first bound may be infinite too, but is a number.
  if (!isRising || Number.isNaN(buckets[0]?.[0])) return false;
  if (!buckets.every(([, most]) => isCount(most))) return false;
  const last = buckets.at(-1);
  return last?.[0] === Infinity && last[1] === count;
}

type Native = Omit<HistogramValue, 'count' | 'sum' | 'buckets'>;

/** Checks the native part; empty if there is none. */
function checkNative(given: Given, count: number, sum: number): Native | undefined {
  const { schema, zeroThreshold, zeroCount } = given;
  const { negativeSpans, negativeBuckets, positiveSpans, positiveBuckets } = given;
  if (schema === undefined) {
    const others = [zeroThreshold, zeroCount, negativeSpans, negativeBuckets];
    others.push(positiveSpans, positiveBuckets);
    return others.every((other) => other === undefined) ? {} : undefined;
  }
  if (typeof schema !== 'number' || !Number.isInteger(schema)) return undefined;
  if (schema < -4 || schema > 8 || count < 0) return undefined;
  const zero = checkZero(zeroThreshold, zeroCount);
  const negative = checkSide(schema, negativeSpans, negativeBuckets);
  const positive = checkSide(schema, positiveSpans, positiveBuckets);
  if (zero === undefined || negative === undefined || positive === undefined) return undefined;
  const counts = [zero.zeroCount, ...negative.counts, ...positive.counts];
  if (!isTotal(count, counts, Number.isNaN(sum))) return undefined;
  return {
    schema,
    ...zero,
    ...(negative.counts.length > 0 && {
      negativeSpans: negative.spans,
      negativeBuckets: negative.counts,
    }),
    ...(positive.counts.length > 0 && {
      positiveSpans: positive.spans,
      positiveBuckets: positive.counts,
    }),
  };
}

function checkZero(
  zeroThreshold: unknown = 0,
  zeroCount: unknown = 0,
): { zeroThreshold: number; zeroCount: number } | undefined {
  if (!isCount(zeroThreshold) || !isCount(zeroCount)) return undefined;
  return zeroThreshold < 0 || zeroCount < 0 ? undefined : { zeroThreshold, zeroCount };
}

/** Prometheus keeps indexes of buckets in 32 bits, and what spans skip. */
const MOST_OF_INDEX = 2 ** 31 - 1;

/**
 * The index of the last bucket, which holds what is infinite. The one before it ends at 2^1024, so
 * that it holds the largest double. OpenMetrics 2 has none beyond.
 */
function lastIndex(schema: number): number {
  return 1024 * 2 ** schema + 1;
}

interface Side {
  readonly spans: Pairs;
  readonly counts: readonly number[];
}

function checkSide(
  schema: number,
  givenSpans: unknown = [],
  givenCounts: unknown = [],
): Side | undefined {
  const spans = readPairs(givenSpans);
  if (spans === undefined || !Array.isArray(givenCounts)) return undefined;
  const counts = itemsOf(givenCounts);
  let length = 0;
  let index = 0;
  for (const [at, [offset, run]] of spans.entries()) {
    if (!Number.isInteger(offset) || !Number.isInteger(run) || run < 0) return undefined;
    if ((at > 0 && offset < 0) || offset > MOST_OF_INDEX) return undefined;
    index += offset;
    if (index < -MOST_OF_INDEX || index + run > lastIndex(schema) + 1) return undefined;
    index += run;
    length += run;
  }
  const isSound = length === counts.length && counts.every((count) => isCount(count) && count >= 0);
  return isSound ? { spans, counts: counts as number[] } : undefined;
}

/** Whether a count is the sum of all buckets; observations of NaN are counted and in no bucket. */
function isTotal(count: number, counts: readonly number[], hasNaN: boolean): boolean {
  const total = counts.reduce((sum, each) => sum + each, 0);
  const rest = count - total;
  const isExact = Number.isSafeInteger(total) && counts.every(Number.isInteger);
  // Fractions are rounded while they are added.
  const slack = isExact && Number.isInteger(count) ? 0 : 1e-9 * total;
  return hasNaN ? rest >= -slack : Math.abs(rest) <= slack;
}

function isCount(given: unknown): given is number {
  return typeof given === 'number' && Number.isFinite(given);
}

function isPositive(given: unknown): given is number {
  return typeof given === 'number' && given >= 0;
}

/** The items of an array from outside, read by index: its iterator may never end. */
function itemsOf(given: readonly unknown[]): unknown[] {
  // One more than are legal, so that no cut array passes for a whole one.
  const items: unknown[] = [];
  for (let i = 0; i < given.length && i <= MOST_ITEMS; i++) items.push(given[i]);
  return items;
}

function readPairs(given: unknown): Pairs | undefined {
  if (!Array.isArray(given)) return undefined;
  const pairs: [number, number][] = [];
  for (const pair of itemsOf(given)) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [first, second] = pair as unknown[];
    if (typeof first !== 'number' || typeof second !== 'number') return undefined;
    pairs.push([first, second]);
  }
  return pairs;
}
