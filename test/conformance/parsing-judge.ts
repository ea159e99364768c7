import { parseGoFloat } from '../../src/parse/go-number.ts';
import {
  type ExposedPoint,
  type ExposedType,
  InvalidExpositionError,
  parseExposition,
} from '../../src/parse/index.ts';
import { openMetricsFloat } from '../support/prometheus-series.ts';
import type { Judge } from './judges.ts';
import { type Exposition, type Reading, valueBits } from './reading.ts';

/** How a page is read otherwise than by Prometheus; undefined if it is read alike. */
export async function difference(
  page: Exposition,
  judge: Pick<Judge, 'read'>,
): Promise<string | undefined> {
  const theirs = await judge.read(page);
  const ours = read(page);
  if ('refusal' in ours) {
    return theirs.error === undefined ? `only we refuse: ${ours.refusal}` : undefined;
  }
  if (theirs.error !== undefined) return `only Prometheus refuses: ${theirs.error}`;
  const plain = (series: string[]): string[] =>
    (hasSecondType(page)
      ? series.map((text) => text.replace(/_g(count|sum)"/, '_$1"'))
      : series
    ).sort();
  const [mine, yours] = [plain(ours.series), plain(seriesOf(theirs))];
  const at = mine.findIndex((series, i) => series !== yours[i]);
  if (at < 0 && mine.length === yours.length) return undefined;
  const place = at < 0 ? mine.length : at;
  return `other series: ${mine[place]} and ${yours[place]}`;
}

/**
 * Whether a page gives a family two types. Of our points none tells then whether it was a gauge
 * histogram, whose parts Prometheus names otherwise.
 */
function hasSecondType({ body }: Exposition): boolean {
  const names = [...body.toString('latin1').matchAll(/# TYPE "?([^\s"]+)/g)].map(
    ([, name]) => name,
  );
  return new Set(names).size < names.length;
}

function read(page: Exposition): { series: string[] } | { refusal: string } {
  const format = page.contentType;
  try {
    const { families, points } = parseExposition(page.body, { format, rules: 'prometheus' });
    const types = new Map(families.map(({ name, type }) => [name, type]));
    const isProtobuf = format.includes('protobuf');
    return {
      series: points.flatMap((point) => partsOf(point, types.get(point.name), isProtobuf)),
    };
  } catch (error) {
    if (!(error instanceof InvalidExpositionError)) throw error;
    return { refusal: error.message };
  }
}

/** The series of a point: each with its labels in order, the bits of its value and its time. */
function partsOf(
  point: ExposedPoint,
  type: ExposedType | undefined,
  isProtobuf: boolean,
): string[] {
  const { value } = point;
  const part = (suffix: string, bits: string, label?: [string, number]): string => {
    const labels = Object.entries(point.labels);
    labels.push(['__name__', point.name + suffix]);
    if (label !== undefined) labels.push([label[0], openMetricsFloat(label[1])]);
    return seriesText(labels, bits, point.timestamp);
  };
  if (typeof value === 'number') return [part('', valueBits(value))];
  if ('quantiles' in value) {
    return [
      part('_count', valueBits(value.count)),
      part('_sum', valueBits(value.sum)),
      ...value.quantiles.map(([q, number]) => part('', valueBits(number), ['quantile', q])),
    ];
  }
  const isGauge = type === 'gaugehistogram' && !isProtobuf;
  const native = `${valueBits(value.count)}+${valueBits(value.sum)}`;
  const classic = [
    part(isGauge ? '_gcount' : '_count', valueBits(value.count)),
    part(isGauge ? '_gsum' : '_sum', valueBits(value.sum)),
    ...(value.buckets ?? []).map(([bound, number]) =>
      part('_bucket', valueBits(number), ['le', bound]),
    ),
  ];
  if (value.schema === undefined) return classic;
  return value.buckets === undefined ? [part('', native)] : [part('', native), ...classic];
}

function seriesOf({ samples }: Reading): string[] {
  return samples.map(({ labels, value, timestamp }) => seriesText(labels, value, timestamp));
}

function seriesText(
  labels: readonly (readonly [string, string])[],
  bits: string,
  timestamp: number | undefined,
): string {
  const kept = labels
    .filter(([, text]) => text !== '')
    .map(([name, text]) => [name, name === 'le' || name === 'quantile' ? boundText(text) : text])
    .sort(([a], [b]) => (a! < b! ? -1 : 1));
  return `${JSON.stringify(kept)} ${bits} ${timestamp ?? ''}`;
}

/** Bounds are compared as numbers: a gauge histogram of ours has no text of them. */
function boundText(text: string): string {
  const bound = parseGoFloat(text);
  return bound === undefined ? text : openMetricsFloat(bound);
}
