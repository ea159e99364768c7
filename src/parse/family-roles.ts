import type { ExposedType } from './exposition.ts';

/** What a sample is to its family. */
export type Role = 'value' | 'bucket' | 'sum' | 'count' | 'created' | 'quantile';

type Roles = ReadonlyMap<string, Role>;

const roles = (table: Readonly<Record<string, Role>>): Roles => new Map(Object.entries(table));
const PLAIN = roles({ '': 'value' });

const TEXT: Readonly<Record<ExposedType, Roles>> = {
  counter: PLAIN,
  gauge: PLAIN,
  unknown: PLAIN,
  info: PLAIN,
  stateset: PLAIN,
  histogram: roles({ _bucket: 'bucket', _sum: 'sum', _count: 'count' }),
  gaugehistogram: roles({ _bucket: 'bucket', _sum: 'sum', _count: 'count' }),
  summary: roles({ '': 'quantile', _sum: 'sum', _count: 'count' }),
};

const OPENMETRICS: Readonly<Record<ExposedType, Roles>> = {
  ...TEXT,
  counter: roles({ _total: 'value', _created: 'created' }),
  info: roles({ _info: 'value' }),
  histogram: new Map([...TEXT.histogram, ['_created', 'created']]),
  gaugehistogram: roles({ _bucket: 'bucket', _gsum: 'sum', _gcount: 'count' }),
  summary: new Map([...TEXT.summary, ['_created', 'created']]),
};

/** The suffixes that samples of a family may have, by its type, and what each is. */
export function rolesOf(type: ExposedType, isOpenMetrics: boolean): Roles {
  return (isOpenMetrics ? OPENMETRICS : TEXT)[type];
}

/** All suffixes, of which a name has at most one. */
export const SUFFIXES: readonly string[] = [
  '_total',
  '_created',
  '_info',
  '_bucket',
  '_sum',
  '_count',
  '_gsum',
  '_gcount',
];

/** The names that a family lays claim to, beside its samples' names. */
export function claimsOf(name: string, type: ExposedType, isOpenMetrics: boolean): string[] {
  return [name, ...[...rolesOf(type, isOpenMetrics).keys()].map((suffix) => name + suffix)];
}
