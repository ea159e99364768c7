import type { HistogramValue } from '../model/point-value.ts';
import { goNumber } from './go-number.ts';

/** Which bounds belong to a bucket: 0 the upper, 1 the lower, 3 both. */
type Boundaries = 0 | 1 | 3;

/** A bucket in the JSON of the original. */
type NativeBucket = readonly [boundaries: Boundaries, lower: string, upper: string, count: string];

type Bucket = readonly [boundaries: Boundaries, lower: number, upper: number, count: number];

/** The buckets of a native histogram from the lowest to the highest; empty ones are left out. */
export function nativeBuckets(value: HistogramValue): readonly NativeBucket[] {
  const { schema = 0, zeroThreshold = 0, zeroCount = 0 } = value;
  const positive = side(schema, value.positiveSpans, value.positiveBuckets);
  const negative = side(schema, value.negativeSpans, value.negativeBuckets);
  const zero: Bucket[] = zeroCount > 0 ? [[3, -zeroThreshold, zeroThreshold, zeroCount]] : [];
  const below = negative.map(([, lower, upper, count]): Bucket => [1, -upper, -lower, count]);
  return [...below.reverse(), ...zero, ...positive].map(
    ([boundaries, lower, upper, count]): NativeBucket => [
      boundaries,
      goNumber(lower),
      goNumber(upper),
      goNumber(count),
    ],
  );
}

function side(
  schema: number,
  spans: HistogramValue['positiveSpans'] = [],
  counts: readonly number[] = [],
): readonly Bucket[] {
  const buckets: Bucket[] = [];
  let index = 0;
  let at = 0;
  for (const [offset, length] of spans) {
    index += offset;
    for (let i = 0; i < length; i++, index++) {
      const count = counts[at++] ?? 0;
      if (count > 0) buckets.push([0, bound(schema, index - 1), bound(schema, index), count]);
    }
  }
  return buckets;
}

/** The upper bound of a bucket. */
function bound(schema: number, index: number): number {
  return 2 ** (index * 2 ** -schema);
}
