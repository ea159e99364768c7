import type { FamilyType } from './family-metadata.ts';

const SUFFIXES: Readonly<Partial<Record<FamilyType, readonly string[]>>> = {
  summary: ['_sum', '_count', '_created'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
};

/** What stands behind a family's name in the names of its samples, in some format. */
export function suffixesOf(type: FamilyType): readonly string[] {
  return SUFFIXES[type] ?? [];
}

/** The end of a name that OpenMetrics 1 leaves out where it names the family. */
const OPENMETRICS_ENDS: Readonly<Partial<Record<FamilyType, string>>> = {
  counter: '_total',
  info: '_info',
};

/**
 * What OpenMetrics 1 calls a family: a counter without `_total`, an info without `_info`. Undefined
 * for one that it cannot call so.
 */
export function openMetricsName(name: string, type: FamilyType): string | undefined {
  const end = OPENMETRICS_ENDS[type];
  if (end === undefined) return name;
  return name.endsWith(end) && name.length > end.length ? name.slice(0, -end.length) : undefined;
}

/** The names that samples of a family have in some format; its own name is the first. */
export function sampleNames(name: string, type: FamilyType): readonly string[] {
  const base = type === 'counter' ? openMetricsName(name, type) : undefined;
  if (base !== undefined) return [name, `${base}_created`];
  return [name, ...suffixesOf(type).map((suffix) => name + suffix)];
}
