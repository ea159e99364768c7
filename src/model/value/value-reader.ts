import type { HistogramValue } from '../point-value.ts';
import { readNumber } from './number-text.ts';
import type { PointValue } from './value-writer.ts';

/** What a value text holds. A `histogram` may also stand in a family of gauge histograms. */
export type ValueKind = 'number' | 'histogram' | 'gaugehistogram' | 'summary';

/** Tells in no time what a value text, or a payload that begins with one, holds. */
export function valueKind(text: string): ValueKind {
  if (!text.startsWith('{')) return 'number';
  if (text.startsWith('{g')) return 'gaugehistogram';
  return text.includes(',quantile:[') ? 'summary' : 'histogram';
}

/** The fields of a composite, still as text, so that encoders copy what they need. */
export interface CompositeText {
  readonly kind: Exclude<ValueKind, 'number'>;
  readonly count: string;
  readonly sum: string;
  /**
   * Thresholds and cumulative counts, or quantiles and values, in turn; undefined for a histogram
   * without classic buckets.
   */
  readonly pairs: readonly string[] | undefined;
  /** The native part of a histogram. */
  readonly native: NativeText | undefined;
}

/** The native part of a histogram. */
export interface NativeText {
  readonly schema: string;
  readonly zeroThreshold: string;
  readonly zeroCount: string;
  /** Offsets and lengths in turn. */
  readonly negativeSpans: readonly string[];
  readonly negativeBuckets: readonly string[];
  /** Offsets and lengths in turn. */
  readonly positiveSpans: readonly string[];
  readonly positiveBuckets: readonly string[];
}

/**
 * Takes the text of a composite apart; undefined if it is not one. Fields may be in any order, as
 * in Prometheus. Numbers are not looked at.
 */
export function readComposite(text: string): CompositeText | undefined {
  const fields = readFields(text);
  if (fields === undefined) return undefined;
  const kind = kindOf(fields);
  const { single, lists } = fields;
  const count = take(single, kind === 'gaugehistogram' ? 'gcount' : 'count');
  const sum = take(single, kind === 'gaugehistogram' ? 'gsum' : 'sum');
  const pairs = take(lists, kind === 'summary' ? 'quantile' : 'bucket');
  const native = kind === 'summary' ? undefined : takeNative(fields);
  if (count === undefined || sum === undefined || (pairs ?? native) === undefined) return undefined;
  // What is left is a field that no such value has.
  if (single.size + lists.size > 0) return undefined;
  return { kind, count, sum, pairs, native };
}

interface Fields {
  readonly single: Map<string, string>;
  /** The items of lists; those of pairs follow each other. */
  readonly lists: Map<string, readonly string[]>;
}

const PAIRED: ReadonlySet<string> = new Set([
  'bucket',
  'quantile',
  'negative_spans',
  'positive_spans',
]);

function readFields(text: string): Fields | undefined {
  const single = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  const last = text.length - 1;
  if (text[0] !== '{' || text[last] !== '}') return undefined;
  for (let at = 1; at < last; ) {
    const colon = text.indexOf(':', at);
    if (colon < 0) return undefined;
    const name = text.slice(at, colon);
    if (single.has(name) || lists.has(name)) return undefined;
    let end: number;
    if (text[colon + 1] === '[') {
      end = text.indexOf(']', colon);
      const items = end < 0 ? undefined : readList(text.slice(colon + 2, end), PAIRED.has(name));
      if (items === undefined) return undefined;
      lists.set(name, items);
      end++;
    } else {
      end = text.indexOf(',', colon);
      if (end < 0) end = last;
      single.set(name, text.slice(colon + 1, end));
    }
    if (end === last) return { single, lists };
    if (text[end] !== ',') return undefined;
    at = end + 1;
  }
  return undefined;
}

function readList(text: string, isPaired: boolean): readonly string[] | undefined {
  if (text === '') return [];
  const items = text.split(',');
  if (!isPaired) return items;
  const all: string[] = [];
  for (const item of items) {
    const colon = item.indexOf(':');
    if (colon < 0) return undefined;
    all.push(item.slice(0, colon), item.slice(colon + 1));
  }
  return all;
}

function kindOf({ single, lists }: Fields): CompositeText['kind'] {
  if (single.has('gcount')) return 'gaugehistogram';
  return lists.has('quantile') ? 'summary' : 'histogram';
}

function take<T>(fields: Map<string, T>, name: string): T | undefined {
  const field = fields.get(name);
  fields.delete(name);
  return field;
}

function takeNative({ single, lists }: Fields): NativeText | undefined {
  const schema = take(single, 'schema');
  const zeroThreshold = take(single, 'zero_threshold');
  const zeroCount = take(single, 'zero_count');
  if (schema === undefined || zeroThreshold === undefined || zeroCount === undefined) {
    return undefined;
  }
  const negativeSpans = take(lists, 'negative_spans') ?? [];
  const negativeBuckets = take(lists, 'negative_buckets') ?? [];
  const positiveSpans = take(lists, 'positive_spans') ?? [];
  const positiveBuckets = take(lists, 'positive_buckets') ?? [];
  return {
    schema,
    zeroThreshold,
    zeroCount,
    negativeSpans,
    negativeBuckets,
    positiveSpans,
    positiveBuckets,
  };
}

/**
 * Reads a value text, canonical or not; undefined if it is not one. Only the grammar is checked,
 * not whether the value is sound.
 */
export function readValue(text: string): PointValue | undefined {
  if (!text.startsWith('{')) return readNumber(text);
  const composite = readComposite(text);
  if (composite === undefined) return undefined;
  const reading = new Reading();
  const { pairs, native } = composite;
  const count = reading.number(composite.count);
  const sum = reading.number(composite.sum);
  const read =
    composite.kind === 'summary'
      ? { count, sum, quantiles: reading.pairs(pairs!) }
      : {
          count,
          sum,
          ...(pairs && { buckets: reading.pairs(pairs) }),
          ...(native && readNative(native, reading)),
        };
  return reading.hasFailed ? undefined : read;
}

function readNative(native: NativeText, reading: Reading): Partial<HistogramValue> {
  const { negativeBuckets, positiveBuckets } = native;
  return {
    schema: reading.number(native.schema),
    zeroThreshold: reading.number(native.zeroThreshold),
    zeroCount: reading.number(native.zeroCount),
    ...(negativeBuckets.length > 0 && {
      negativeSpans: reading.pairs(native.negativeSpans),
      negativeBuckets: reading.numbers(negativeBuckets),
    }),
    ...(positiveBuckets.length > 0 && {
      positiveSpans: reading.pairs(native.positiveSpans),
      positiveBuckets: reading.numbers(positiveBuckets),
    }),
  };
}

/** Reads numbers and remembers whether one of them was none. */
class Reading {
  hasFailed = false;

  number(text: string): number {
    const value = readNumber(text);
    if (value === undefined) this.hasFailed = true;
    return value ?? Number.NaN;
  }

  numbers(texts: readonly string[]): number[] {
    return texts.map((text) => this.number(text));
  }

  pairs(texts: readonly string[]): [number, number][] {
    const pairs: [number, number][] = [];
    for (let i = 0; i < texts.length; i += 2) {
      pairs.push([this.number(texts[i]!), this.number(texts[i + 1]!)]);
    }
    return pairs;
  }
}
