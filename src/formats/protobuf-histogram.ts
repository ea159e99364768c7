import {
  type CompositeText,
  type NativeText,
  readComposite,
  type TailText,
} from '../model/value/index.ts';
import { exemplarsByBucket } from './exemplars.ts';
import { exemplarField, numberOf, startField } from './protobuf-fields.ts';
import { bytesField, doubleField, integerField, zigzagField } from './protobuf-message.ts';

/** Writes a count by the number of its integer field and that of its double field. */
type CountField = (integer: number, double: number, count: string) => string;

const wholeCount: CountField = (integer, _, count) => integerField(integer, numberOf(count));
const floatCount: CountField = (_, double, count) => doubleField(double, numberOf(count));

/** The fields of a `Histogram`. */
export function histogramFields(value: string, tail: TailText): string {
  const composite = readComposite(value);
  // No other value is admitted to a family of histograms.
  if (composite === undefined) return '';
  const isFloat = hasFloats(composite);
  const countField = isFloat ? floatCount : wholeCount;
  const { count, native } = composite;
  const sum = doubleField(2, numberOf(composite.sum));
  const buckets = bucketFields(composite, tail, countField);
  const fields = isFloat
    ? sum + buckets + countField(1, 4, count)
    : countField(1, 4, count) + sum + buckets;
  if (native === undefined) return fields + startField(15, tail);
  return fields + nativeFields(native, isFloat) + startField(15, tail) + exemplarFields(tail);
}

/** Whether counts are written as doubles: all of them, if one is not an unsigned whole number. */
function hasFloats({ count, pairs = [] }: CompositeText): boolean {
  return [count, ...pairs.filter((_, i) => i % 2 === 1)].some((text) => /[-.e]/.test(text));
}

function bucketFields(composite: CompositeText, tail: TailText, countField: CountField): string {
  const { pairs = [] } = composite;
  const exemplars = pairs.length === 0 ? new Map() : exemplarsByBucket(composite, tail.exemplars);
  let fields = '';
  for (let i = 0; i < pairs.length; i += 2) {
    const exemplar = exemplars.get(i / 2);
    const bound = doubleField(2, numberOf(pairs[i]!));
    const count = countField(1, 4, pairs[i + 1]!);
    const shown = exemplar === undefined ? '' : exemplarField(3, exemplar);
    const isFirst = countField === wholeCount;
    fields += bytesField(3, isFirst ? count + bound + shown : bound + shown + count);
  }
  return fields;
}

function nativeFields(native: NativeText, isFloat: boolean): string {
  const { schema, zeroThreshold, zeroCount } = native;
  const countField = isFloat ? floatCount : wholeCount;
  const threshold = numberOf(zeroThreshold);
  const positive = sideFields(12, native.positiveSpans, native.positiveBuckets, isFloat);
  const negative = sideFields(9, native.negativeSpans, native.negativeBuckets, isFloat);
  // Prometheus takes a histogram for a native one if it has a span, a threshold of zero, or a whole
  // count there; it does not look at a count with a fraction.
  const isZeroSeen = threshold > 0 || (!isFloat && numberOf(zeroCount) > 0);
  const isBare = positive + negative === '' && !isZeroSeen;
  return (
    zigzagField(5, numberOf(schema)) +
    doubleField(6, threshold) +
    countField(7, 8, zeroCount) +
    negative +
    (isBare ? spanField(12, 0, 0) : positive)
  );
}

/**
 * The fields of one side: its spans, then differences of whole counts, or counts with fractions.
 *
 * @param field - the number of the spans; those of the counts follow.
 */
function sideFields(
  field: number,
  spans: readonly string[],
  counts: readonly string[],
  isFloat: boolean,
): string {
  let fields = '';
  for (let i = 0; i < spans.length; i += 2) {
    fields += spanField(field, numberOf(spans[i]!), numberOf(spans[i + 1]!));
  }
  let before = 0;
  for (const text of counts) {
    const count = numberOf(text);
    fields += isFloat ? doubleField(field + 2, count) : zigzagField(field + 1, count - before);
    before = count;
  }
  return fields;
}

function spanField(field: number, offset: number, length: number): string {
  return bytesField(field, zigzagField(1, offset) + integerField(2, length));
}

function exemplarFields({ exemplars }: TailText): string {
  let fields = '';
  for (const exemplar of exemplars) {
    if (exemplar.timestamp !== undefined) fields += exemplarField(16, exemplar);
  }
  return fields;
}
