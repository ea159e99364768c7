import type { MetricPoint } from '../../src/index.ts';
import type { HistogramValue, SummaryValue } from '../../src/model/point-value.ts';

/** The samples that clients write for a point with classic buckets or quantiles. */
export function flatSamples(point: MetricPoint, isGauge = false): MetricPoint[] {
  const { name, value } = point;
  if (typeof value === 'number') return [point];
  const { exemplars = [], startTime, ...rest } = point;
  const sample = (suffix: string, of: number, more: object = {}): MetricPoint => ({
    ...rest,
    name: name + suffix,
    labels: { ...(point.labels as object), ...more },
    value: of,
  });
  const g = isGauge ? 'g' : '';
  const others = [sample(`_${g}sum`, value.sum), sample(`_${g}count`, value.count)];
  if (startTime !== undefined) others.push(sample('_created', startTime / 1000));
  if (isSummary(value)) {
    return [...value.quantiles.map(([q, of]) => sample('', of, { quantile: `${q}` })), ...others];
  }
  const buckets = (value.buckets ?? []).map(([bound, most], i, all) => {
    const le = bound === Infinity ? '+Inf' : `${bound}`;
    const before = all[i - 1]?.[0] ?? -Infinity;
    const own = exemplars.filter(({ value: of }) => of > before && of <= bound);
    return { ...sample('_bucket', most, { le }), ...(own.length > 0 && { exemplars: own }) };
  });
  return [...buckets, ...others];
}

function isSummary(value: HistogramValue | SummaryValue): value is SummaryValue {
  return 'quantiles' in value;
}
