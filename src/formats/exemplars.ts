import { type CompositeText, type ExemplarText, readNumber } from '../model/value/index.ts';
import { bucketsOf } from './composite-lines.ts';
import { milliseconds } from './lines.ts';

/** The newest of some exemplars; of those without a time, and of equal ones, the last. */
export function newestExemplar(exemplars: readonly ExemplarText[]): ExemplarText | undefined {
  let best: ExemplarText | undefined;
  for (const exemplar of exemplars) {
    if (best === undefined || timeOf(exemplar) >= timeOf(best)) best = exemplar;
  }
  return best;
}

function timeOf({ timestamp }: ExemplarText): number {
  return timestamp === undefined ? Number.NEGATIVE_INFINITY : milliseconds(timestamp);
}

/**
 * The newest exemplar of each bucket, by the bucket's index. An exemplar belongs to the first
 * bucket whose threshold it does not exceed; NaN belongs to the last.
 */
export function exemplarsByBucket(
  composite: CompositeText,
  exemplars: readonly ExemplarText[],
): ReadonlyMap<number, ExemplarText> {
  const byBucket = new Map<number, ExemplarText>();
  if (exemplars.length === 0) return byBucket;
  const thresholds = bucketsOf(composite).filter((_, i) => i % 2 === 0);
  const bounds = thresholds.map((text) => readNumber(text) ?? Number.NaN);
  for (const exemplar of exemplars) {
    const value = readNumber(exemplar.value) ?? Number.NaN;
    const bucket = bucketOf(value, bounds);
    const before = byBucket.get(bucket);
    byBucket.set(bucket, newestExemplar(before ? [before, exemplar] : [exemplar])!);
  }
  return byBucket;
}

/** The first bucket whose bound is not less than a value; the last one for NaN. */
function bucketOf(value: number, bounds: readonly number[]): number {
  let from = 0;
  let to = bounds.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (value <= bounds[middle]!) to = middle;
    else from = middle + 1;
  }
  return from;
}
