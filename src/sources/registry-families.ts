import type { FamilyMetadata, FamilyType } from '../model/family-metadata.ts';
import type { RegistryMetric, RegistryValue } from './metric-registry.ts';

/** What the names of the samples of a metric end in, by its type, and what their families are. */
const PARTS: ReadonlyMap<unknown, readonly (readonly [suffix: string, type: FamilyType])[]> =
  new Map([
    ['counter', [['', 'counter']]],
    ['gauge', [['', 'gauge']]],
    [
      'histogram',
      [
        ['_bucket', 'unknown'],
        ['_sum', 'unknown'],
        ['_count', 'unknown'],
      ],
    ],
    [
      'summary',
      [
        ['', 'unknown'],
        ['_sum', 'unknown'],
        ['_count', 'unknown'],
      ],
    ],
  ]);

/** The families that a metric's samples make. */
export function familiesOf(
  metric: RegistryMetric,
  contentType: string | undefined,
): readonly FamilyMetadata[] {
  const { help, type } = metric;
  const name = exposedName(metric, contentType);
  const parts = PARTS.get(type) ?? [['', 'unknown']];
  return parts.map(([suffix, partType]) => ({ name: name + suffix, type: partType, help }));
}

/** The name of a sample, as the registry itself would write it. */
export function sampleName(
  metric: RegistryMetric,
  sample: RegistryValue,
  contentType: string | undefined,
): string {
  return sample.metricName ?? exposedName(metric, contentType);
}

/**
 * The labels of a sample with values as text. Registries keep numbers, and whatever else they were
 * given, and write them by `String()`.
 */
export function labelsOf({ labels }: RegistryValue): Readonly<Record<string, string>> {
  const text: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(labels ?? {})) text[name] = String(value);
  return text;
}

/**
 * A registry that writes OpenMetrics adds `_total` to counters, and takes it from their declared
 * names first, for good, when it writes a page.
 */
function exposedName({ name, type }: RegistryMetric, contentType: string | undefined): string {
  const isAdded = type === 'counter' && contentType?.startsWith('application/openmetrics-text');
  return isAdded ? `${name.replace(/_total$/, '')}_total` : name;
}
