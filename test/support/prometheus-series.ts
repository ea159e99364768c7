import type { Exemplar, HistogramValue, SummaryValue } from '../../src/model/point-value.ts';
import type { ExposedFamily, ExposedPoint, Exposition } from '../../src/parse/index.ts';

/** One series as Prometheus stores it: `{labels} value @ms st=ms ex={labels} value @ms`. */
export type SeriesText = string;

/** How a format names the parts of a gauge histogram. */
type GaugeParts = readonly [count: string, sum: string];

/**
 * The series that a Prometheus server makes of a page, from what our parser makes of it.
 *
 * Written from the behaviour of Prometheus' parsers and without their code or ours. Native buckets
 * are left out: they are one value that is compared elsewhere.
 *
 * @param isProtobuf - of protobuf Prometheus names the parts of gauge histograms as of others.
 */
export function seriesOf({ families, points }: Exposition, isProtobuf = false): SeriesText[] {
  const types = new Map(families.map((family) => [family.name, family.type]));
  const gaugeParts: GaugeParts = isProtobuf ? ['_count', '_sum'] : ['_gcount', '_gsum'];
  return points.flatMap((point) => seriesOfPoint(point, types.get(point.name), gaugeParts));
}

function seriesOfPoint(
  point: ExposedPoint,
  type: ExposedFamily['type'] | undefined,
  gaugeParts: GaugeParts,
): SeriesText[] {
  const { value } = point;
  if (typeof value === 'number') {
    return [line(point, { value, exemplars: point.exemplars ?? [] })];
  }
  if ('quantiles' in value) return seriesOfSummary(point, value);
  if (value.schema !== undefined) return [];
  return seriesOfHistogram(
    point,
    value,
    type === 'gaugehistogram' ? gaugeParts : ['_count', '_sum'],
  );
}

function seriesOfSummary(
  point: ExposedPoint,
  { count, sum, quantiles }: SummaryValue,
): SeriesText[] {
  return [
    line(point, { suffix: '_count', value: count }),
    line(point, { suffix: '_sum', value: sum }),
    ...quantiles.map(([quantile, value]) => line(point, { label: ['quantile', quantile], value })),
  ];
}

function seriesOfHistogram(
  point: ExposedPoint,
  { count, sum, buckets = [] }: HistogramValue,
  [countName, sumName]: GaugeParts,
): SeriesText[] {
  return [
    line(point, { suffix: countName, value: count }),
    line(point, { suffix: sumName, value: sum }),
    ...buckets.map(([bound, value], at) => {
      const lower = at === 0 ? -Infinity : buckets[at - 1]![0];
      const exemplars = (point.exemplars ?? []).filter((exemplar) =>
        isWithin(exemplar, lower, bound),
      );
      return line(point, { suffix: '_bucket', label: ['le', bound], value, exemplars });
    }),
  ];
}

function isWithin({ value }: Exemplar, lower: number, upper: number): boolean {
  return (
    (value <= upper && (value > lower || lower === -Infinity)) ||
    (upper === Infinity && Number.isNaN(value))
  );
}

interface Part {
  readonly suffix?: string;
  readonly label?: readonly [string, number];
  readonly value: number;
  readonly exemplars?: readonly Exemplar[];
}

function line(
  point: ExposedPoint,
  { suffix = '', label, value, exemplars = [] }: Part,
): SeriesText {
  const { timestamp, startTime } = point;
  const labels: [string, string][] = [
    ['__name__', point.name + suffix],
    ...Object.entries(point.labels),
  ];
  if (label !== undefined) labels.push([label[0], openMetricsFloat(label[1])]);
  return [
    labelText(labels),
    numberText(value),
    ...(timestamp === undefined ? [] : [`@${timestamp}`]),
    ...(startTime === undefined ? [] : [`st=${startTime}`]),
    ...exemplars.map((exemplar) => exemplarText(exemplar)),
  ].join(' ');
}

function exemplarText({ labels, value, timestamp }: Exemplar): string {
  const time = timestamp === undefined ? '' : ` @${timestamp}`;
  return `ex=${labelText(Object.entries(labels))} ${numberText(value)}${time}`;
}

/** Labels as series have them. */
function labelText(labels: readonly (readonly [string, string])[]): string {
  const sorted = [...labels].sort((a, b) => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])));
  const pairs = sorted.map(([name, value]) => {
    const bare = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : JSON.stringify(name);
    return `${bare}=${JSON.stringify(value)}`;
  });
  return `{${pairs.join(', ')}}`;
}

/** A number as series have it. */
function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** A number as Go's OpenMetrics encoder writes it, which is how Prometheus writes `le`. */
export function openMetricsFloat(value: number): string {
  if (!Number.isFinite(value)) return numberText(value);
  if (value === 0) return '0.0';
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 6)) {
    const digits = String(Math.abs(power)).padStart(2, '0');
    return `${mantissa}e${power < 0 ? '-' : '+'}${digits}`;
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** The text of a series with numbers as {@link seriesOf} writes them. */
export function normalSeries(text: SeriesText): SeriesText {
  return text.replace(/(?<=\} )[^ {]+/g, (number) => {
    const value = Number(number.replace('Inf', 'Infinity'));
    return numberText(value);
  });
}
