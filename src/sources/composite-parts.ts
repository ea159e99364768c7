import type { FamilyType } from '../model/family-metadata.ts';

/** The types whose points are composites. */
export type CompositeType = 'histogram' | 'gaugehistogram' | 'summary';

/** What a sample is to its composite; a pair is a bucket or a quantile. */
export type Part = 'pair' | 'sum' | 'count' | 'created';

/** What samples of a name are. */
export interface PartOfFamily {
  readonly family: string;
  readonly type: CompositeType;
  readonly part: Part;
}

const HISTOGRAM = { _bucket: 'pair', _sum: 'sum', _count: 'count', _created: 'created' } as const;

const SUFFIXES: Readonly<Record<CompositeType, Readonly<Record<string, Part>>>> = {
  histogram: HISTOGRAM,
  gaugehistogram: { ...HISTOGRAM, _gsum: 'sum', _gcount: 'count' },
  summary: { '': 'pair', _sum: 'sum', _count: 'count', _created: 'created' },
};

/** The label that tells the pairs of a composite apart. */
export function boundLabel(type: CompositeType): 'le' | 'quantile' {
  return type === 'summary' ? 'quantile' : 'le';
}

/** Whether points of a type are composites. */
export function isCompositeType(type: FamilyType): type is CompositeType {
  return type in SUFFIXES;
}

/** What samples are, by their names, if a family of composites is written as flat samples. */
export function partsOf(family: string, type: CompositeType): [string, PartOfFamily][] {
  return Object.entries(SUFFIXES[type]).map(([suffix, part]) => [
    family + suffix,
    { family, type, part },
  ]);
}
