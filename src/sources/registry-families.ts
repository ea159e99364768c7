import type { FamilyMetadata, FamilyType } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import type { RegistryExemplar, RegistryMetric, RegistryValue } from './metric-registry.ts';

/** The types that registries know. */
const TYPES: readonly unknown[] = [
  'counter',
  'gauge',
  'histogram',
  'summary',
] satisfies FamilyType[];

/** The family of a metric. */
export function familyOf(metric: RegistryMetric, contentType: string | undefined): FamilyMetadata {
  const { help } = metric;
  return { name: exposedName(metric, contentType), type: typeOf(metric), help };
}

/** The type of a metric's family. */
export function typeOf({ type }: RegistryMetric): FamilyType {
  return TYPES.includes(type) ? (type as FamilyType) : 'unknown';
}

/**
 * The labels of a sample or exemplar with values as text. Registries keep numbers, and whatever
 * else they were given, and write them by `String()`.
 */
export function labelsOf(labels: RegistryValue['labels']): Readonly<Record<string, string>> {
  const text: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(labels ?? {})) text[name] = String(value);
  return text;
}

/** The exemplars of a sample, at most one. */
export function exemplarsOf(
  exemplar: RegistryExemplar | null | undefined,
): Pick<MetricPoint, 'exemplars'> {
  if (exemplar === null || exemplar === undefined) return {};
  const { labelSet, value, timestamp } = exemplar;
  const time = timestamp === undefined ? {} : { timestamp: Math.round(timestamp * 1000) };
  return { exemplars: [{ labels: labelsOf(labelSet), value, ...time }] };
}

/**
 * The name of a metric as its registry writes it. A registry that writes OpenMetrics adds `_total`
 * to counters, and takes it from their declared names first, for good, when it writes a page.
 */
export function exposedName(
  { name, type }: RegistryMetric,
  contentType: string | undefined,
): string {
  const isAdded = type === 'counter' && contentType?.startsWith('application/openmetrics-text');
  return isAdded ? `${name.replace(/_total$/, '')}_total` : name;
}
