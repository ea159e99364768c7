import type { HistogramValue, SummaryValue } from '../point-value.ts';
import { formatSampleValue } from '../sample-value.ts';
import { thresholdText } from './number-text.ts';

/** The value of a point: a number, a whole histogram or a whole summary. */
export type PointValue = number | HistogramValue | SummaryValue;

type Pairs = readonly (readonly [number, number])[];

/**
 * Writes a checked value as its one canonical text: a number, or a composite as OpenMetrics 2 has
 * it, for example `{count:12,sum:3.5,bucket:[1:8,+Inf:12]}`.
 *
 * A histogram whose counts are negative or fall is written with `gcount` and `gsum`: only a gauge
 * histogram may hold it. Every other one is written with `count` and `sum`, whatever its family is;
 * see {@link gaugeHistogramText}.
 */
export function writeValue(value: PointValue): string {
  if (typeof value === 'number') return formatSampleValue(value);
  return 'quantiles' in value && value.quantiles !== undefined
    ? writeSummary(value)
    : writeHistogram(value as HistogramValue);
}

function writeSummary({ count, sum, quantiles }: SummaryValue): string {
  const pairs = quantiles.map(([q, value]) => `${thresholdText(q)}:${formatSampleValue(value)}`);
  const head = `{count:${formatSampleValue(count)},sum:${formatSampleValue(sum)}`;
  return `${head},quantile:[${pairs.join()}]}`;
}

function writeHistogram(value: HistogramValue): string {
  const { count, sum, buckets, schema } = value;
  const counted = hasFractions(value) ? fractionText : String;
  const g = isOnlyGauge(value) ? 'g' : '';
  let text = `{${g}count:${counted(count)},${g}sum:${formatSampleValue(sum)}`;
  if (schema !== undefined) {
    text += `,schema:${schema},zero_threshold:${formatSampleValue(value.zeroThreshold || 0)}`;
    text += `,zero_count:${counted(value.zeroCount ?? 0)}`;
    text += writeSide('negative', value.negativeSpans, value.negativeBuckets, counted);
    text += writeSide('positive', value.positiveSpans, value.positiveBuckets, counted);
  }
  if (buckets === undefined) return `${text}}`;
  const pairs = buckets.map(([bound, most]) => `${thresholdText(bound)}:${counted(most)}`);
  return `${text},bucket:[${pairs.join()}]}`;
}

function writeSide(
  side: string,
  spans: Pairs = [],
  counts: readonly number[] = [],
  counted: (count: number) => string,
): string {
  if (counts.length === 0) return '';
  const runs = spans.map(([offset, length]) => `${offset}:${length}`).join();
  return `,${side}_spans:[${runs}],${side}_buckets:[${counts.map(counted).join()}]`;
}

/**
 * From here on a double may be another number than the sum of the buckets. Prometheus compares
 * whole counts exactly, and fails the scrape.
 */
const TOO_LARGE = 2 ** 53;

/** Parsers take a native histogram for one of integers unless each of its counts has a point. */
function hasFractions(value: HistogramValue): boolean {
  const isFraction = (count: number): boolean =>
    !Number.isInteger(count) || Math.abs(count) >= TOO_LARGE;
  return (
    isFraction(value.count) ||
    isFraction(value.zeroCount ?? 0) ||
    (value.buckets?.some(([, count]) => isFraction(count)) ?? false) ||
    (value.positiveBuckets?.some(isFraction) ?? false) ||
    (value.negativeBuckets?.some(isFraction) ?? false)
  );
}

function fractionText(count: number): string {
  const text = String(count);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function isOnlyGauge({ count, buckets = [] }: HistogramValue): boolean {
  let before = 0;
  for (const [, most] of buckets) {
    if (most < before) return true;
    before = most;
  }
  return count < 0;
}

/** The text of a histogram as OpenMetrics 2 has it in a family of gauge histograms. */
export function gaugeHistogramText(text: string): string {
  return text.startsWith('{g')
    ? text
    : text.replace('count:', 'gcount:').replace(',sum:', ',gsum:');
}
