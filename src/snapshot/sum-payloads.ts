import type { Payload } from '../model/entries.ts';
import type { HistogramValue, SummaryValue } from '../model/point-value.ts';
import { type PointValue, readPayload, writePayload } from '../model/value/index.ts';

type Pairs = readonly (readonly [number, number])[];

/**
 * The sum of what several readers have of one series; undefined if they have values of different
 * kinds.
 *
 * It has the exemplars of the first reader that has any, and neither a timestamp nor a start time.
 * - Histograms keep the classic buckets that all of them have, so that each count is exact. Native
 *   buckets are added if all have the same schema and zero threshold, and left out otherwise.
 * - Summaries lose their quantiles, which cannot be added.
 */
export function sumPayloads(payloads: readonly Payload[]): Payload | undefined {
  const parts = payloads.map((payload) => readPayload(payload)!);
  const value = sumValues(parts.map((part) => part.value));
  const exemplars = parts.find((part) => part.exemplars !== undefined)?.exemplars;
  return value === undefined ? undefined : writePayload({ value, exemplars });
}

function sumValues(values: readonly PointValue[]): PointValue | undefined {
  if (values.every((value) => typeof value === 'number')) return sumOf(values);
  if (values.every(isSummary)) return { ...totalOf(values), quantiles: [] };
  return values.every(isHistogram) ? sumHistograms(values) : undefined;
}

function isSummary(value: PointValue): value is SummaryValue {
  return typeof value === 'object' && 'quantiles' in value;
}

function isHistogram(value: PointValue): value is HistogramValue {
  return typeof value === 'object' && !('quantiles' in value);
}

function sumHistograms(values: readonly HistogramValue[]): HistogramValue {
  const total = totalOf(values);
  const native = sumNative(values);
  const hasClassic = native === undefined || values.some(({ buckets }) => buckets !== undefined);
  return { ...total, ...native, ...(hasClassic && { buckets: sumBuckets(values) }) };
}

/** Counts are cumulative, so those of a bound that all have can be added. */
function sumBuckets(values: readonly HistogramValue[]): Pairs {
  const [first, ...others] = values.map(
    ({ buckets, count }): Pairs => buckets ?? [[Number.POSITIVE_INFINITY, count]],
  );
  const counts = others.map((buckets) => new Map(buckets));
  return first!
    .filter(([bound]) => counts.every((known) => known.has(bound)))
    .map(([bound, count]) => [bound, sumOf([count, ...counts.map((known) => known.get(bound)!)])]);
}

function sumNative(values: readonly HistogramValue[]): Partial<HistogramValue> | undefined {
  const { schema, zeroThreshold } = values[0]!;
  if (schema === undefined) return undefined;
  const isAlike = values.every(
    (value) => value.schema === schema && value.zeroThreshold === zeroThreshold,
  );
  if (!isAlike) return undefined;
  const [positiveSpans, positiveBuckets] = sumSide(
    values.map((value) => [value.positiveSpans, value.positiveBuckets]),
  );
  const [negativeSpans, negativeBuckets] = sumSide(
    values.map((value) => [value.negativeSpans, value.negativeBuckets]),
  );
  return {
    schema,
    zeroThreshold,
    zeroCount: sumOf(values.map(({ zeroCount }) => zeroCount ?? 0)),
    ...(positiveBuckets.length > 0 && { positiveSpans, positiveBuckets }),
    ...(negativeBuckets.length > 0 && { negativeSpans, negativeBuckets }),
  };
}

type Side = readonly [spans: Pairs | undefined, counts: readonly number[] | undefined];

function sumSide(sides: readonly Side[]): readonly [spans: Pairs, counts: readonly number[]] {
  const byIndex = new Map<number, number>();
  for (const [spans = [], counts = []] of sides) {
    let index = 0;
    let at = 0;
    for (const [offset, length] of spans) {
      index += offset;
      for (let i = 0; i < length; i++, index++) {
        byIndex.set(index, (byIndex.get(index) ?? 0) + counts[at++]!);
      }
    }
  }
  const sorted = [...byIndex].sort(([a], [b]) => a - b);
  const spans: [number, number][] = [];
  let next = 0;
  for (const [index] of sorted) {
    if (spans.length > 0 && index === next) spans.at(-1)![1]++;
    else spans.push([index - next, 1]);
    next = index + 1;
  }
  return [spans, sorted.map(([, count]) => count)];
}

function totalOf(values: readonly (HistogramValue | SummaryValue)[]) {
  return {
    count: sumOf(values.map(({ count }) => count)),
    sum: sumOf(values.map(({ sum }) => sum)),
  };
}

/** Of zeros that are all negative the sum is -0. */
function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, -0);
}
