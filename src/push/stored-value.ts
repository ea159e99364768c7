import type { Payload } from '../model/entries.ts';
import type { HistogramValue, SummaryValue } from '../model/point-value.ts';
import {
  checkComposite,
  exemplarText,
  readPayload,
  tailStart,
  writeValue,
} from '../model/value/index.ts';
import { goPayload } from './go-number.ts';
import type { PushedMetric, PushedType } from './pushed-families.ts';

type Composite = HistogramValue | SummaryValue;

// A Pushgateway takes histograms and summaries whose parts contradict each other: a count that is
// not that of the last bucket, a sum below zero. A store does not. So in the place of such a value
// an empty one is kept, with what was pushed in its exemplar.
const PUSHED = 'pushed';
const EMPTY_HISTOGRAM: HistogramValue = { count: 0, sum: 0, buckets: [[Infinity, 0]] };
const EMPTY_SUMMARY: SummaryValue = { count: 0, sum: 0, quantiles: [] };

/** The payload that a store keeps for a pushed value; undefined if it is too long. */
export function storedPayload(value: PushedMetric['value']): Payload | undefined {
  if (typeof value === 'number') return value;
  const sorted = sortedComposite(value);
  const checked = checkComposite(sorted);
  if (typeof checked === 'object') return writeValue(checked);
  const empty = 'quantiles' in sorted ? EMPTY_SUMMARY : EMPTY_HISTOGRAM;
  const exemplar = exemplarText({ [PUSHED]: writeValue(sorted) }, 0, undefined);
  return exemplar === undefined ? undefined : writeValue(empty) + exemplar;
}

/** What a stored payload shows on the page. */
export function shownPayload(payload: Payload): Payload {
  return goPayload(pushedPayload(payload));
}

/** What a stored value is, for a point that was read. */
export function shownValueOf(payload: Payload): PushedMetric['value'] | undefined {
  return readPayload(pushedPayload(payload))?.value;
}

function pushedPayload(payload: Payload): Payload {
  const isPlain = typeof payload === 'number' || tailStart(payload) === payload.length;
  return isPlain ? payload : (readPayload(payload)?.exemplars?.[0]?.labels[PUSHED] ?? payload);
}

function sortedComposite(value: Composite): Composite {
  if ('quantiles' in value) return { ...value, quantiles: sorted(value.quantiles) };
  return value.buckets === undefined ? value : { ...value, buckets: sorted(value.buckets) };
}

function sorted(
  pairs: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  return pairs.some(([bound], at) => at > 0 && !(bound > pairs[at - 1]![0]))
    ? [...pairs].sort(([a], [b]) => a - b)
    : pairs;
}

/** The label that a composite of a type has for its parts. */
export function partLabel(type: PushedType): 'le' | 'quantile' | undefined {
  if (type === 'histogram') return 'le';
  return type === 'summary' ? 'quantile' : undefined;
}
