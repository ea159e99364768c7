import type { HistogramValue, SummaryValue } from '../model/point-value.ts';
import type { ExposedType } from './exposition.ts';
import type { FormatRule } from './fault-rules.ts';
import { parseGoFloat, parseGoInteger, trimSpaces } from './go-number.ts';
import { nativeFault } from './native-buckets.ts';

/** What is wrong with a composite value. */
export interface CompositeFault {
  readonly rule: FormatRule;
  readonly detail?: string;
}

type Fields = ReadonlyMap<string, string>;
type Result<T> = T | CompositeFault;
type Pairs = readonly (readonly [number, number])[];

const NATIVE = [
  'schema',
  'zero_threshold',
  'zero_count',
  'negative_spans',
  'negative_buckets',
  'positive_spans',
  'positive_buckets',
];
const ORDERS = {
  histogram: ['count', 'sum', ...NATIVE, 'bucket'],
  gaugehistogram: ['gcount', 'gsum', ...NATIVE, 'bucket'],
  summary: ['count', 'sum', 'quantile'],
} as const;

const fault = (detail: string, rule: FormatRule = 'composite'): CompositeFault => ({
  rule,
  detail,
});

/** Whether there is a fault in place of a value. */
export function isFault(value: object): value is CompositeFault {
  return 'rule' in value;
}

/**
 * Makes a value of the fields of a composite text.
 *
 * @param isStrict - the specification is followed to the letter, not as far as Prometheus does.
 */
export function readComposite(
  fields: Fields,
  type: ExposedType,
  isStrict: boolean,
): Result<HistogramValue | SummaryValue> {
  // The specification lets a family without a type have any value; the fields tell which.
  const kind = type === 'unknown' && isStrict ? kindOf(fields) : type;
  if (kind !== 'histogram' && kind !== 'gaugehistogram' && kind !== 'summary') {
    return fault(`a family of type ${type} has numbers`, 'composite_type');
  }
  const order: readonly string[] = ORDERS[kind];
  let last = -1;
  for (const name of fields.keys()) {
    const at = order.indexOf(name);
    if (at < 0) return fault(`a ${kind} has no field ${name.slice(0, 40)}`);
    if (isStrict && at < last) return fault(`${name} is out of order`);
    last = at;
  }
  return kind === 'summary' ? summaryOf(fields, isStrict) : histogramOf(fields, kind, isStrict);
}

function kindOf(fields: Fields): ExposedType {
  if (fields.has('quantile')) return 'summary';
  return fields.has('gcount') ? 'gaugehistogram' : 'histogram';
}

function summaryOf(fields: Fields, isStrict: boolean): Result<SummaryValue> {
  const count = numberOf(fields, 'count');
  const sum = numberOf(fields, 'sum');
  const list = fields.get('quantile');
  if (typeof count !== 'number') return count;
  if (typeof sum !== 'number') return sum;
  if (list === undefined) return fault('the field quantile is missing');
  const quantiles = pairsOf(list, 'quantile', isStrict);
  if (isFault(quantiles)) return quantiles;
  let last = -Infinity;
  for (const [quantile, value] of quantiles) {
    if (!(quantile >= 0 && quantile <= 1))
      return fault(`${quantile} is not a quantile`, 'quantile');
    if (quantile <= last) return fault('quantiles do not rise');
    if (isStrict && value < 0) return fault('a quantile has a negative value', 'quantile');
    last = quantile;
  }
  if (isStrict && !(Number.isInteger(count) && count >= 0 && sum >= 0)) {
    return fault('count or sum of a summary', 'sum_value');
  }
  return { count, sum, quantiles };
}

function histogramOf(
  fields: Fields,
  kind: 'histogram' | 'gaugehistogram',
  isStrict: boolean,
): Result<HistogramValue> {
  const prefix = kind === 'gaugehistogram' ? 'g' : '';
  const count = numberOf(fields, `${prefix}count`);
  const sum = numberOf(fields, `${prefix}sum`);
  if (typeof count !== 'number') return count;
  if (typeof sum !== 'number') return sum;
  const list = fields.get('bucket');
  const isNative = fields.has('schema');
  if (!isNative && list === undefined) return fault('the field bucket is missing');
  let native = {};
  if (isNative) {
    const read = nativeOf(fields, { count, sum }, isStrict, isStrict && prefix === 'g');
    if (isFault(read)) return read;
    native = read;
  } else if (isStrict && NATIVE.some((name) => fields.has(name))) {
    return fault('native fields without schema');
  }
  if (list === undefined) return { count, sum, ...native };
  const buckets = pairsOf(list, 'bucket', isStrict);
  if (isFault(buckets)) return buckets;
  const wrong = bucketFault(buckets, list, { kind, count, isStrict });
  return wrong ?? { count, sum, buckets, ...native };
}

function bucketFault(
  buckets: Pairs,
  list: string,
  { kind, count, isStrict }: { kind: string; count: number; isStrict: boolean },
): CompositeFault | undefined {
  let last = Number.NaN;
  let lastCount = -Infinity;
  for (const [bound, bucketCount] of buckets) {
    if (Number.isNaN(bound)) return fault('a bound is NaN', 'bucket_label');
    if (bound <= last) return fault('bounds do not rise', 'bucket_order');
    last = bound;
    if (kind === 'histogram' && bucketCount < 0)
      return fault('a count is negative', 'bucket_counts');
    const isGauge = kind === 'gaugehistogram';
    if (isStrict && !isGauge && !(bucketCount >= lastCount))
      return fault('counts fall', 'bucket_counts');
    lastCount = bucketCount;
  }
  if (!(last === Infinity)) return { rule: 'infinite_bucket' };
  if (!isStrict) return undefined;
  if (!/[[,]\+Inf:[^:,]*\]$/.test(list.slice(-400))) return fault('write +Inf', 'bucket_label');
  return lastCount === count ? undefined : { rule: 'count_mismatch' };
}

type Native = Omit<HistogramValue, 'count' | 'sum' | 'buckets'>;

function nativeOf(
  fields: Fields,
  { count, sum }: { readonly count: number; readonly sum: number },
  isStrict: boolean,
  mayFall: boolean,
): Result<Native> {
  const schema = parseGoInteger(fields.get('schema')!);
  if (schema === undefined || schema < -4n || schema > 8n) {
    return fault('schema is not a whole number from -4 to 8', 'native_histogram');
  }
  const zeroThreshold = numberOf(fields, 'zero_threshold');
  const zeroCount = numberOf(fields, 'zero_count');
  if (typeof zeroThreshold !== 'number') return zeroThreshold;
  if (typeof zeroCount !== 'number') return zeroCount;
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) {
    return fault('zero_threshold is negative or not finite', 'native_histogram');
  }
  if (!mayFall && (count < 0 || zeroCount < 0))
    return fault('a count is negative', 'native_histogram');
  const lists = [fields.get('positive_buckets'), fields.get('negative_buckets')];
  const isFloat =
    !(isWhole(count) && isWhole(zeroCount)) || lists.some((list) => /[.eE]/.test(list ?? ''));
  const sides: Partial<Record<'positive' | 'negative', readonly [Pairs, readonly number[]]>> = {};
  for (const side of ['positive', 'negative'] as const) {
    const spans = spansOf(fields.get(`${side}_spans`));
    if (isFault(spans)) return spans;
    const buckets = countsOf(fields.get(`${side}_buckets`), isFloat);
    if (isFault(buckets)) return buckets;
    if (isStrict && fields.has(`${side}_spans`) !== fields.has(`${side}_buckets`)) {
      return fault(`${side} spans and buckets come together`, 'native_histogram');
    }
    sides[side] = [spans, buckets];
  }
  const [positiveSpans, positiveBuckets] = sides.positive!;
  const [negativeSpans, negativeBuckets] = sides.negative!;
  const value = {
    schema: Number(schema),
    zeroThreshold,
    zeroCount,
    ...(positiveSpans.length > 0 && { positiveSpans, positiveBuckets }),
    ...(negativeSpans.length > 0 && { negativeSpans, negativeBuckets }),
  };
  const all = {
    ...value,
    count,
    sum,
    positiveSpans,
    positiveBuckets,
    negativeSpans,
    negativeBuckets,
  };
  const wrong = nativeFault(all, isFloat, mayFall);
  return wrong === undefined ? value : fault(wrong, 'native_histogram');
}

function isWhole(count: number): boolean {
  return Number.isInteger(count) && count < 2 ** 64;
}

function numberOf(fields: Fields, name: string): number | CompositeFault {
  const text = fields.get(name);
  if (text === undefined) return fault(`the field ${name} is missing`);
  return (text.length <= 4096 ? parseGoFloat(text) : undefined) ?? fault(`${name} is not a number`);
}

/** The parts of a list in brackets, those without text left out. */
function partsOf(list: string | undefined): Result<readonly string[]> {
  const text = trimSpaces(list ?? '');
  if (text === '') return [];
  if (!text.startsWith('[') || !text.endsWith(']') || text.length < 2)
    return fault('a list has no brackets');
  return text
    .slice(1, -1)
    .split(',')
    .map(trimSpaces)
    .filter((part) => part !== '');
}

function pairsOf(list: string, name: string, isStrict: boolean): Result<Pairs> {
  if (isStrict && /\[,|,,|,\]/.test(list)) return fault(`a comma too many in ${name}`);
  const parts = partsOf(list);
  if (isFault(parts)) return parts;
  const pairs: (readonly [number, number])[] = [];
  for (const part of parts) {
    const colon = name === 'bucket' ? part.lastIndexOf(':') : part.indexOf(':');
    const key = colon < 0 ? undefined : parseGoFloat(trimSpaces(part.slice(0, colon)));
    const value = parseGoFloat(trimSpaces(part.slice(colon + 1)));
    if (key === undefined || value === undefined) return fault(`${part.slice(0, 40)} in ${name}`);
    pairs.push([key, value]);
  }
  return pairs;
}

function spansOf(list: string | undefined): Result<Pairs> {
  const parts = partsOf(list);
  if (isFault(parts)) return parts;
  const spans: (readonly [number, number])[] = [];
  for (const part of parts) {
    const colon = part.indexOf(':');
    const offset = parseGoInteger(trimSpaces(part.slice(0, Math.max(colon, 0))));
    const length = parseGoInteger(trimSpaces(part.slice(colon + 1)));
    const isRead =
      offset !== undefined && length !== undefined && BigInt.asIntN(32, offset) === offset;
    if (!isRead || BigInt.asUintN(32, length) !== length || /:\s*[+-]/.test(part)) {
      return fault(`the span ${part.slice(0, 40)}`, 'native_histogram');
    }
    spans.push([Number(offset), Number(length)]);
  }
  return spans;
}

function countsOf(list: string | undefined, isFloat: boolean): Result<readonly number[]> {
  const parts = partsOf(list);
  if (isFault(parts)) return parts;
  const counts: number[] = [];
  for (const part of parts) {
    const count = isFloat ? parseGoFloat(part) : parseGoInteger(part);
    if (count === undefined) return fault(`the count ${part.slice(0, 40)}`, 'native_histogram');
    counts.push(Number(count));
  }
  return counts;
}
