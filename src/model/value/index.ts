/**
 * The one place that knows how a value and its tail are written. All else in `src` asks here.
 *
 * A payload is a plain number, or the text that follows `key ` in a line of OpenMetrics 2: a value
 * text, then perhaps a tail. Neither has a line feed, and a value text has no space.
 *
 * ```text
 * 17 1763990000.123 st@1763980000 # {trace_id="t1"} 1 1763989999.123
 * {count:9,sum:4.5,bucket:[0.1:2,1:8,+Inf:9]} st@1763980000
 * {count:12,sum:3.5,quantile:[0.5:0.1,1:2]}
 * {count:3,sum:2.5,schema:0,zero_threshold:0,zero_count:0,positive_spans:[0:2],positive_buckets:[1,2]}
 * ```
 *
 * - Points to text: `writePayload`, or its halves `writeValue` and `writeTail`.
 * - Text to points: `readPayload`, or `tailStart` and its halves `readValue` and `readTail`.
 * - Text to other text, for encoders: `readComposite`, `splitTail`, `joinTail`,
 *   `gaugeHistogramText`. Their parts are slices of the canonical text: thresholds are as in `le`,
 *   times decimal seconds.
 *
 * Writers expect what is checked and write it canonically: the same value is the same text. Readers
 * never throw, take time in proportion to the text and return undefined for anything else.
 */
export { MOST_POINT_BYTES, projectedBytes } from './limits.ts';
export { readNumber, readSeconds, secondsText, thresholdText } from './number-text.ts';
export { type PayloadParts, readPayload, tailStart, writePayload } from './payload.ts';
export {
  type ExemplarText,
  exemplarText,
  joinTail,
  readTail,
  splitTail,
  type TailText,
  writeTail,
} from './tail.ts';
export { checkComposite } from './value-check.ts';
export {
  type CompositeText,
  type NativeText,
  readComposite,
  readValue,
  valueKind,
} from './value-reader.ts';
export { gaugeHistogramText, type PointValue, writeValue } from './value-writer.ts';
