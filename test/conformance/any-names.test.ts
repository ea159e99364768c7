import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type FamilyMetadata,
  type MetricPoint,
} from '../../src/index.ts';
import { FAMILY_TYPES } from '../../src/model/family-metadata.ts';
import { ESCAPING_SCHEMES, type EscapingScheme } from '../../src/model/key/index.ts';
import { useJudge } from './judges.ts';
import type { Exposition } from './reading.ts';

const RUNS = Number(process.env.SNAPSCRAPE_SNAPSHOTS ?? 2_000);
const SEED = Number(process.env.SNAPSCRAPE_SEED ?? 12);

const FORMATS = [
  'text/plain;version=1.0.0',
  'application/openmetrics-text;version=1.0.0',
  'application/openmetrics-text;version=2.0.0',
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
] as const;

const PARTS: readonly string[] = [
  ...'a b . _ : é \u{1f600} " \\ 0 { le _total _info _sum _count _bucket _created _gsum _gcount'.split(
    ' ',
  ),
  ' ',
  '\n',
];

/** Names that collide with the samples of others, also once they are escaped. */
const name: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join(''));

const BUCKETS = { count: 2, sum: 1, buckets: [[1, 1] as const, [Infinity, 2] as const] };
const VALUES: Readonly<Record<FamilyMetadata['type'], MetricPoint['value']>> = {
  counter: 3,
  gauge: -1.5,
  unknown: Number.NaN,
  info: 1,
  stateset: 1,
  summary: { count: 1, sum: 2, quantiles: [[0.5, 1]] },
  histogram: BUCKETS,
  gaugehistogram: BUCKETS,
};

const family = fc
  .record({
    name,
    type: fc.constantFrom(...FAMILY_TYPES),
    unit: fc.constantFrom(undefined, 'a', 'le', 'total'),
    help: fc.constantFrom(undefined, '', 'h"\\\n'),
    series: fc.array(fc.dictionary(name, fc.constantFrom('', 'x', 'y"'), { maxKeys: 3 }), {
      maxLength: 3,
    }),
    hasMore: fc.boolean(),
  })
  .map(({ series, hasMore, ...metadata }) => ({
    metadata,
    points: series.map(
      (labels, i): MetricPoint => ({
        name: metadata.name,
        labels: metadata.type === 'stateset' ? { ...labels, [metadata.name]: `s${i}` } : labels,
        value: VALUES[metadata.type],
        ...(hasMore && {
          timestamp: 1_763_990_000_000 + i,
          startTime: 1_763_980_000_000,
          exemplars: [{ labels: { 't.x': '1' }, value: 0.5, timestamp: 1_763_990_000_000 }],
        }),
      }),
    ),
  }));
type Family = typeof family extends fc.Arbitrary<infer T> ? T : never;

async function served(families: readonly Family[], accept: string): Promise<Exposition> {
  const reader = createCachedSnapshotReader({
    snapshot: () => families.flatMap(({ points }) => points),
    families: () => families.map(({ metadata }) => metadata),
  });
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false, createdLines: true });
  const response = await handler.fetch(new Request('http://localhost/', { headers: { accept } }));
  const body = Buffer.from(await response.arrayBuffer());
  return { contentType: response.headers.get('content-type') ?? '', body };
}

describe('pages of any names', () => {
  const utf8 = useJudge('textparse-utf8');
  const legacy = useJudge('textparse-legacy');

  async function expectDistinct(families: readonly Family[], scheme: EscapingScheme) {
    for (const format of FORMATS) {
      const page = await served(families, `${format};escaping=${scheme}`);
      const judge = scheme === 'allow-utf-8' ? utf8 : legacy;
      const { error, samples } = await judge.read(page);
      expect(error).toBeUndefined();
      const series = samples.map(({ labels }) =>
        JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      );
      expect(series).toEqual([...new Set(series)]);
    }
  }

  it.each(ESCAPING_SCHEMES)('are read by Prometheus, each series once, by %s', async (scheme) => {
    const property = fc.asyncProperty(fc.array(family, { maxLength: 6 }), (families) =>
      expectDistinct(families, scheme),
    );
    await fc.assert(property, { numRuns: Math.ceil(RUNS / 40), seed: SEED });
  });
});
