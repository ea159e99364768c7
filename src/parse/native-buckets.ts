import type { HistogramValue } from '../model/point-value.ts';

const LARGEST_INDEX = 2 ** 31 - 1;

/**
 * What a Prometheus server finds wrong with native buckets; undefined if nothing is.
 *
 * @param isFloat - the counts are no whole numbers; then their sum is not compared.
 * @param mayFall - counts may be negative, as those of gauge histograms by OpenMetrics 2.0.
 */
export function nativeFault(
  value: HistogramValue,
  isFloat: boolean,
  mayFall = false,
): string | undefined {
  const { count, sum, zeroCount = 0 } = value;
  const sides = [
    [value.positiveSpans ?? [], value.positiveBuckets ?? []],
    [value.negativeSpans ?? [], value.negativeBuckets ?? []],
  ] as const;
  let total = zeroCount;
  for (const [spans, buckets] of sides) {
    const wrong = spanFault(spans, buckets.length);
    if (wrong !== undefined) return wrong;
    for (const bucket of buckets) {
      if (bucket < 0 && !mayFall) return 'a bucket has a negative count';
      total += bucket;
    }
  }
  if (isFloat) return !mayFall && (count < 0 || zeroCount < 0) ? 'a count is negative' : undefined;
  if (Number.isNaN(sum) ? total <= count : total === count) return undefined;
  return `the buckets hold ${total} observations and count is ${count}`;
}

function spanFault(
  spans: readonly (readonly [offset: number, length: number])[],
  buckets: number,
): string | undefined {
  let index = 0;
  let length = 0;
  for (const [at, span] of spans.entries()) {
    if (at > 0 && span[0] < 0) return 'a later span has a negative offset';
    if (at === 0 && span[0] < -LARGEST_INDEX) return 'a span begins too low';
    index += span[0] + span[1];
    length += span[1];
    if (index - 1 > LARGEST_INDEX) return 'a span ends too high';
  }
  return length === buckets
    ? undefined
    : `the spans need ${length} buckets and there are ${buckets}`;
}
