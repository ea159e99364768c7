import { expect, it } from 'vitest';
import type { FamilyType } from './family-metadata.ts';
import { openMetricsName, sampleNames } from './projected-names.ts';

it.each<[FamilyType, string, string | undefined, string[]]>([
  ['counter', 'a_total', 'a', ['a_total', 'a_created']],
  ['counter', 'a_total_total', 'a_total', ['a_total_total', 'a_total_created']],
  ['counter', 'a', undefined, ['a']],
  ['counter', '_total', undefined, ['_total']],
  ['counter', 'atotal', undefined, ['atotal']],
  ['info', 'a_info', 'a', ['a_info']],
  ['info', 'a', undefined, ['a']],
  ['gauge', 'a_total', 'a_total', ['a_total']],
  ['summary', 'a', 'a', ['a', 'a_sum', 'a_count', 'a_created']],
  ['histogram', 'a', 'a', ['a', 'a_bucket', 'a_sum', 'a_count', 'a_created']],
  ['gaugehistogram', 'a', 'a', ['a', 'a_bucket', 'a_gsum', 'a_gcount']],
])(
  'the %s %s is the family %s in OpenMetrics 1, and has the samples %s',
  (type, name, base, all) => {
    expect(openMetricsName(name, type)).toBe(base);
    expect(sampleNames(name, type)).toEqual(all);
  },
);
