import type { Exemplar, HistogramValue, SummaryValue } from '../model/point-value.ts';
import { nativeFault } from './native-buckets.ts';
import { readExemplar, readLabel, readTime } from './protobuf-exemplar.ts';
import { FIXED64, VARINT, WireError, type WireReader } from './wire-reader.ts';

// Message types of io.prometheus.client, by their field numbers.

/** A `Metric`, whatever the type of its family. */
export interface WireMetric {
  labels: Record<string, string>;
  /** The names of all labels, those without a value included. */
  readonly names: string[];
  timestamp: number;
  startTime: number | undefined;
  /** By the field's number: 2 gauge, 3 counter, 5 untyped. */
  readonly values: Map<number, number>;
  exemplars: Exemplar[];
  summary: SummaryValue | undefined;
  histogram: WireHistogram | undefined;
}

/**
 * Reads a `Metric`.
 *
 * @param readsLabels - whether its labels are read; if not, it has none.
 */
export function readMetric(
  wire: WireReader,
  maxLabels: number,
  readsLabels: boolean = true,
): WireMetric {
  const metric: WireMetric = {
    labels: {},
    names: [],
    timestamp: 0,
    startTime: undefined,
    values: new Map(),
    exemplars: [],
    summary: undefined,
    histogram: undefined,
  };
  while (wire.next()) {
    const { field } = wire;
    if (field === 1 && readsLabels) {
      const { names } = metric;
      readLabel(wire, metric.labels, names);
      if (names.length > maxLabels)
        throw new WireError(`maxLabels is ${maxLabels}`, wire.at, 'limit');
    } else if (field === 2 || field === 3 || field === 5) readNumber(wire, metric, field);
    else if (field === 4) metric.summary = readSummary(wire, metric);
    else if (field === 6) metric.timestamp = wire.signed();
    else if (field === 7) metric.histogram = readHistogram(wire, metric);
    else wire.skip();
  }
  return metric;
}

function readNumber(wire: WireReader, metric: WireMetric, kind: number): void {
  metric.values.set(kind, metric.values.get(kind) ?? 0);
  wire.message(() => {
    while (wire.next()) {
      if (wire.field === 1) metric.values.set(kind, wire.double());
      else if (kind === 3 && wire.field === 2) metric.exemplars = [readExemplar(wire)];
      else if (kind === 3 && wire.field === 3) metric.startTime = readTime(wire);
      else wire.skip();
    }
  });
}

function readSummary(wire: WireReader, metric: WireMetric): SummaryValue {
  let { count, sum } = metric.summary ?? { count: 0, sum: 0 };
  const quantiles = [...(metric.summary?.quantiles ?? [])];
  wire.message(() => {
    while (wire.next()) {
      if (wire.field === 1) count = wire.unsigned();
      else if (wire.field === 2) sum = wire.double();
      else if (wire.field === 3) {
        let quantile = 0;
        let value = 0;
        wire.element(() => {
          while (wire.next()) {
            if (wire.field === 1) quantile = wire.double();
            else if (wire.field === 2) value = wire.double();
            else wire.skip();
          }
        });
        quantiles.push([quantile, value]);
      } else if (wire.field === 4) metric.startTime = readTime(wire);
      else wire.skip();
    }
  });
  return { count, sum, quantiles };
}

type Spans = [offset: number, length: number][];

/** A `Histogram` as it is on the wire. */
class WireHistogram {
  sum = 0;
  schema = 0;
  zeroThreshold = 0;
  readonly counts = { whole: 0, float: 0 };
  readonly zeroCounts = { whole: 0, float: 0 };
  readonly buckets: [number, number][] = [];
  readonly spans: Record<'negative' | 'positive', Spans> = { negative: [], positive: [] };
  readonly deltas: Record<'negative' | 'positive', number[]> = { negative: [], positive: [] };
  readonly absolute: Record<'negative' | 'positive', number[]> = { negative: [], positive: [] };
  /** Exemplars of the native part, of which Prometheus takes those with a time. */
  readonly exemplars: Exemplar[] = [];

  /** The value; throws a {@link WireError} if the native buckets contradict each other. */
  value(at: number): HistogramValue {
    const { sum, schema, zeroThreshold, buckets, spans, absolute, deltas } = this;
    const isFloat =
      this.counts.float > 0 ||
      this.zeroCounts.float > 0 ||
      absolute.positive.length > 0 ||
      absolute.negative.length > 0;
    const count = this.counts.float || this.counts.whole;
    const isNative =
      spans.positive.length + spans.negative.length > 0 ||
      zeroThreshold > 0 ||
      this.zeroCounts.whole > 0;
    if (!isNative) return { count, sum, buckets: withInfinity(buckets, count) };
    const sides = (['positive', 'negative'] as const).map((side) => ({
      spans: spans[side],
      buckets: isFloat ? absolute[side] : running(deltas[side]),
    }));
    const [positive, negative] = sides as [(typeof sides)[0], (typeof sides)[0]];
    const whole = {
      count,
      sum,
      schema,
      zeroThreshold,
      zeroCount: isFloat ? this.zeroCounts.float || this.zeroCounts.whole : this.zeroCounts.whole,
      positiveSpans: positive.spans,
      positiveBuckets: positive.buckets,
      negativeSpans: negative.spans,
      negativeBuckets: negative.buckets,
    };
    if (schema < -4 || schema > 8) throw new WireError(`schema ${schema} is not from -4 to 8`, at);
    const wrong = nativeFault(whole, isFloat);
    if (wrong !== undefined) throw new WireError(wrong, at);
    const { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets, ...head } = whole;
    return {
      ...head,
      ...(positiveBuckets.length > 0 && { positiveSpans, positiveBuckets }),
      ...(negativeBuckets.length > 0 && { negativeSpans, negativeBuckets }),
      ...(buckets.length > 0 && { buckets: withInfinity(buckets, count) }),
    };
  }
}

function withInfinity(buckets: [number, number][], count: number): [number, number][] {
  // To Prometheus the first infinite bucket is the last one.
  const last = buckets.findIndex(([bound]) => bound === Infinity);
  return last < 0 ? [...buckets, [Infinity, count]] : buckets.slice(0, last + 1);
}

function running(deltas: readonly number[]): number[] {
  let total = 0;
  return deltas.map((delta) => (total += delta));
}

function readHistogram(wire: WireReader, metric: WireMetric): WireHistogram {
  const histogram = metric.histogram ?? new WireHistogram();
  wire.message(() => {
    while (wire.next()) readHistogramField(wire, metric, histogram);
  });
  return histogram;
}

function readHistogramField(wire: WireReader, metric: WireMetric, histogram: WireHistogram): void {
  const { deltas, absolute, spans } = histogram;
  switch (wire.field) {
    case 1:
      histogram.counts.whole = wire.unsigned();
      return;
    case 2:
      histogram.sum = wire.double();
      return;
    case 3:
      readBucket(wire, metric, histogram);
      return;
    case 4:
      histogram.counts.float = wire.double();
      return;
    case 5:
      histogram.schema = wire.zigzag() | 0;
      return;
    case 6:
      histogram.zeroThreshold = wire.double();
      return;
    case 7:
      histogram.zeroCounts.whole = wire.unsigned();
      return;
    case 8:
      histogram.zeroCounts.float = wire.double();
      return;
    case 9:
      readSpan(wire, spans.negative);
      return;
    case 10:
      wire.repeated(VARINT, () => deltas.negative.push(wire.zigzag()));
      return;
    case 11:
      wire.repeated(FIXED64, () => absolute.negative.push(wire.double()));
      return;
    case 12:
      readSpan(wire, spans.positive);
      return;
    case 13:
      wire.repeated(VARINT, () => deltas.positive.push(wire.zigzag()));
      return;
    case 14:
      wire.repeated(FIXED64, () => absolute.positive.push(wire.double()));
      return;
    case 15:
      metric.startTime = readTime(wire);
      return;
    case 16:
      histogram.exemplars.push(readExemplar(wire));
      return;
    default:
      wire.skip();
  }
}

function readBucket(wire: WireReader, metric: WireMetric, histogram: WireHistogram): void {
  let whole = 0;
  let float = 0;
  let bound = 0;
  wire.element(() => {
    while (wire.next()) {
      if (wire.field === 1) whole = wire.unsigned();
      else if (wire.field === 2) bound = wire.double();
      else if (wire.field === 3) metric.exemplars.push(readExemplar(wire));
      else if (wire.field === 4) float = wire.double();
      else wire.skip();
    }
  });
  histogram.buckets.push([bound, float || whole]);
}

function readSpan(wire: WireReader, spans: Spans): void {
  let offset = 0;
  let length = 0;
  wire.element(() => {
    while (wire.next()) {
      if (wire.field === 1) offset = wire.zigzag() | 0;
      else if (wire.field === 2) length = wire.unsigned() >>> 0;
      else wire.skip();
    }
  });
  spans.push([offset, length]);
}
