import type { HistogramValue, SummaryValue } from '../model/point-value.ts';
import { isFault, readComposite } from './composite-value.ts';
import type { ExposedPoint, ExposedType } from './exposition.ts';
import type { FaultLog } from './fault-log.ts';
import type { FormatRule } from './fault-rules.ts';
import type { SampleLine } from './sample-line.ts';

const COMPOSITES: ReadonlySet<ExposedType> = new Set(['histogram', 'gaugehistogram', 'summary']);

/**
 * The value of a sample of OpenMetrics 2.0, whose type the families before decide; undefined if a
 * fault was reported.
 */
export function secondValue(
  family: string,
  type: ExposedType,
  line: SampleLine,
  log: FaultLog,
): ExposedPoint['value'] | undefined {
  const { composite, value, valueAt } = line;
  if (composite === undefined) {
    const rule = numberRule(family, type, line);
    if (rule === undefined) return value;
    log.report(rule, line, valueAt);
    return undefined;
  }
  const read = readComposite(composite, type, log.isStrict);
  if (isFault(read)) {
    log.report(read.rule, line, valueAt, read.detail);
    return undefined;
  }
  if (!hasReservedLabel(read, log.isStrict, (name) => line.hasLabel(name))) return read;
  log.report('reserved_composite_label', line);
  return undefined;
}

/**
 * Whether a composite value has a label that Prometheus gives each of its parts, which must not be
 * there twice. By the specification it must not be there either if there is no such part.
 */
export function hasReservedLabel(
  value: HistogramValue | SummaryValue,
  isStrict: boolean,
  hasLabel: (name: string) => boolean,
): boolean {
  if ('quantiles' in value) return (isStrict || value.quantiles.length > 0) && hasLabel('quantile');
  return value.buckets !== undefined && hasLabel('le');
}

function numberRule(family: string, type: ExposedType, line: SampleLine): FormatRule | undefined {
  const { value } = line;
  if (COMPOSITES.has(type)) return 'composite_type';
  if (type === 'counter') return Number.isNaN(value) ? 'counter_value' : undefined;
  if (type === 'info') return value === 1 ? undefined : 'info_value';
  if (type !== 'stateset') return undefined;
  return line.hasLabel(family) && (value === 0 || value === 1) ? undefined : 'stateset_value';
}
