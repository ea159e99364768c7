import type { FamilyMetadata, HistogramValue, MetricPoint, SummaryValue } from '../../src/index.ts';
import type { TypedContent } from '../support/any-types.ts';
import { type ReadExemplar, type ReadHistogram, type ReadSample, valueBits } from './reading.ts';

/** A syntax whose series differ. */
export type Syntax = 'text' | 'openmetrics1' | 'openmetrics2' | 'protobuf';

/** How a page was asked for. */
export interface Projection {
  readonly syntax: Syntax;
  readonly isUtf8: boolean;
  readonly createdLines: boolean;
}

type Pairs = readonly (readonly [string, string])[];
type Labels = Readonly<Record<string, string>>;

/**
 * The series that a Prometheus server should read from a page of some content.
 *
 * Written from the specifications and without the code under test: one point after the other, by
 * the rules of projection.
 */
export function prometheusSeries(content: TypedContent, how: Projection): ReadSample[] {
  const types = new Map(content.families.map((family) => [family.name, family.type]));
  const typeOf = ({ name }: MetricPoint): Type => types.get(name) ?? 'gauge';
  const isTimed = timedPoints(content.points, typeOf);
  return content.points.flatMap((point) => {
    const isBare = how.syntax === 'openmetrics1' && !isTimed(point);
    const shown = isBare ? { ...point, timestamp: undefined } : point;
    return seriesOf(shown, typeOf(point), how);
  });
}

type Type = FamilyMetadata['type'];

/**
 * Which points OpenMetrics 1 shows with a time: a state if all of its set have the same, an info
 * if all of its family have one.
 */
function timedPoints(
  points: readonly MetricPoint[],
  typeOf: (point: MetricPoint) => Type,
): (point: MetricPoint) => boolean {
  const metricOf = ({ name, labels = {} }: MetricPoint): string => {
    const others = Object.entries(labels as Labels).filter(
      ([label, value]) => label !== name && value !== '',
    );
    return JSON.stringify([name, others.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
  };
  return (point) => {
    const type = typeOf(point);
    if (type === 'info') {
      return points.every((other) => other.name !== point.name || other.timestamp !== undefined);
    }
    if (type !== 'stateset') return true;
    const set = points.filter((other) => metricOf(other) === metricOf(point));
    return set.every(({ timestamp }) => timestamp === point.timestamp);
  };
}

function seriesOf(point: MetricPoint, type: Type, how: Projection): ReadSample[] {
  const name = escapedName(point.name, how.isUtf8);
  const labels = Object.entries((point.labels ?? {}) as Labels)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => [escapedName(label, how.isUtf8), value] as const);
  const one = new Point(point, name, labels, how);
  if (typeof point.value === 'number') return one.number(type);
  if (type === 'summary') return one.summary(point.value as SummaryValue);
  return one.histogram(point.value as HistogramValue, type === 'gaugehistogram');
}

class Point {
  readonly #point: MetricPoint;
  readonly #name: string;
  readonly #labels: Pairs;
  readonly #how: Projection;

  constructor(point: MetricPoint, name: string, labels: Pairs, how: Projection) {
    this.#point = point;
    this.#name = name;
    this.#labels = labels;
    this.#how = how;
  }

  number(type: Type): ReadSample[] {
    const value = this.#point.value as number;
    if (type !== 'counter') return [this.#sample('', value)];
    const all = this.#exemplars(() => true);
    // OpenMetrics 1 and protobuf have one exemplar.
    const some = this.#how.syntax === 'openmetrics2' ? all : newest(all);
    const sample = this.#started(this.#sample('', value));
    const withExemplars = this.#how.syntax === 'text' ? sample : { ...sample, ...some };
    return [withExemplars, ...this.#created(this.#name.slice(0, -'_total'.length))];
  }

  summary({ count, sum, quantiles }: SummaryValue): ReadSample[] {
    return [
      ...quantiles.map(([q, value]) => this.#sample('', value, [['quantile', canonical(q)]])),
      ...(this.#hasSum(sum, []) ? [this.#sample('_sum', sum), this.#sample('_count', count)] : []),
    ]
      .map((sample) => this.#started(sample))
      .concat(this.#created(this.#name));
  }

  histogram(value: HistogramValue, isGauge: boolean): ReadSample[] {
    const { syntax } = this.#how;
    const hasNative = value.schema !== undefined;
    const keepsNative = hasNative && (syntax === 'openmetrics2' || syntax === 'protobuf');
    const native = keepsNative ? [this.#native(value)] : [];
    if (keepsNative && value.buckets === undefined)
      return native.map((s) => this.#begun(s, isGauge));
    const buckets = value.buckets ?? [[Number.POSITIVE_INFINITY, value.count] as const];
    const bounds = buckets.map(([bound]) => bound);
    const counts = buckets.map(([, count]) => count);
    const isWhole = [value.count, ...counts].every(Number.isInteger);
    const isRising = counts.every((count, i) => count >= (counts[i - 1] ?? 0));
    // OpenMetrics 1 has no such counts: the whole point is left out.
    if (syntax === 'openmetrics1' && !(isWhole && isRising)) return [];
    const hasBuckets = syntax !== 'text' || counts.every((count) => count >= 0);
    const lines = (hasBuckets ? buckets : []).map(([bound, count]) => ({
      ...this.#sample('_bucket', count, [['le', canonical(bound)]]),
      ...this.#bucketExemplars(bound, bounds),
    }));
    const [countName, sumName] =
      isGauge && syntax !== 'protobuf' ? ['_gcount', '_gsum'] : ['_count', '_sum'];
    const totals = this.#hasTotals(value, bounds, isGauge)
      ? [this.#sample(sumName, value.sum), this.#sample(countName, value.count)]
      : [];
    return [...native, ...lines, ...totals]
      .map((sample) => this.#begun(sample, isGauge))
      .concat(isGauge ? [] : this.#created(this.#name));
  }

  #hasTotals({ sum }: HistogramValue, bounds: readonly number[], isGauge: boolean): boolean {
    if (this.#how.syntax !== 'openmetrics1') return true;
    const isBelowZero = bounds.some((bound) => bound < 0);
    if (Number.isNaN(sum)) return false;
    return isGauge ? sum >= 0 || isBelowZero : sum >= 0 && !isBelowZero;
  }

  #hasSum(sum: number, bounds: readonly number[]): boolean {
    return this.#hasTotals({ count: 0, sum }, bounds, false);
  }

  #native(value: HistogramValue): ReadSample {
    const counts = [
      value.count,
      value.zeroCount!,
      ...(value.positiveBuckets ?? []),
      ...(value.negativeBuckets ?? []),
    ];
    const histogram: ReadHistogram = {
      isInteger: counts.every((count) => Number.isInteger(count)),
      count: valueBits(value.count),
      sum: valueBits(value.sum),
      schema: value.schema!,
      zeroThreshold: valueBits(value.zeroThreshold!),
      zeroCount: valueBits(value.zeroCount!),
      positiveSpans: value.positiveSpans ?? [],
      positiveBuckets: (value.positiveBuckets ?? []).map(valueBits),
      negativeSpans: value.negativeSpans ?? [],
      negativeBuckets: (value.negativeBuckets ?? []).map(valueBits),
    };
    const both = `${histogram.count}+${histogram.sum}`;
    return { ...this.#sample('', 0), value: both, histogram, ...this.#exemplars(() => true) };
  }

  #bucketExemplars(bound: number, bounds: readonly number[]): Partial<ReadSample> {
    const { syntax } = this.#how;
    if (syntax === 'text') return {};
    const holds = (value: number): boolean => bounds.find((b) => b >= value) === bound;
    const all = this.#exemplars(({ value }) => holds(value));
    return syntax === 'openmetrics2' ? all : newest(all);
  }

  #exemplars(
    isWanted: (exemplar: { readonly value: number }) => boolean,
  ): Partial<Pick<ReadSample, 'exemplars'>> {
    const found = (this.#point.exemplars ?? []).filter(isWanted).map(
      ({ labels, value, timestamp }): ReadExemplar => ({
        // Its parser of OpenMetrics 1 leaves the values of exemplars' labels escaped.
        labels: Object.entries(labels).map(([label, text]) => [
          label,
          this.#how.syntax === 'openmetrics1' ? text.replace(/[\\"]/g, '\\$&') : text,
        ]),
        value: valueBits(value),
        timestamp: timestamp!,
      }),
    );
    return found.length > 0 ? { exemplars: found } : {};
  }

  #begun(sample: ReadSample, isGauge: boolean): ReadSample {
    return isGauge ? sample : this.#started(sample);
  }

  #started(sample: ReadSample): ReadSample {
    const { startTime } = this.#point;
    const { syntax } = this.#how;
    if (startTime === undefined || syntax === 'text' || syntax === 'openmetrics1') return sample;
    return { ...sample, start: startTime };
  }

  #created(base: string): ReadSample[] {
    const { startTime } = this.#point;
    const { syntax, createdLines } = this.#how;
    if (startTime === undefined || syntax !== 'openmetrics1' || !createdLines) return [];
    const sample = this.#sample('', startTime / 1000);
    return [{ ...sample, labels: [['__name__', `${base}_created`], ...sample.labels.slice(1)] }];
  }

  #sample(suffix: string, value: number, more: Pairs = []): ReadSample {
    const { timestamp } = this.#point;
    return {
      labels: [['__name__', `${this.#name}${suffix}`], ...this.#labels, ...more],
      value: valueBits(value),
      ...(timestamp === undefined ? {} : { timestamp }),
    };
  }
}

function newest({ exemplars = [] }: Partial<Pick<ReadSample, 'exemplars'>>) {
  const [latest] = [...exemplars].sort((a, b) => b.timestamp! - a.timestamp!);
  return latest === undefined ? {} : { exemplars: [latest] };
}

function escapedName(name: string, isUtf8: boolean): string {
  return isUtf8 ? name : name.replace(/[^a-zA-Z0-9_]/gu, '_');
}

/** How Prometheus writes the labels `le` and `quantile`, whatever the page has. */
function canonical(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  const [digits, exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 6)) {
    const two = String(Math.abs(power)).padStart(2, '0');
    return `${digits}e${power < 0 ? '-' : '+'}${two}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}
