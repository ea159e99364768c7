import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { type TypedContent, typedContent } from '../support/any-types.ts';
import { useJudge } from './judges.ts';
import { type Projection, prometheusSeries, type Syntax } from './prometheus-series.ts';
import { type Exposition, type ReadSample, sortedSamples } from './reading.ts';

/** How many snapshots are judged, and with which seed. */
const RUNS = Number(process.env.SNAPSCRAPE_SNAPSHOTS ?? 2_000);
const SEED = Number(process.env.SNAPSCRAPE_SEED ?? 12);

const ACCEPT: Readonly<Record<Syntax, string>> = {
  text: 'text/plain;version=1.0.0',
  openmetrics1: 'application/openmetrics-text;version=1.0.0',
  openmetrics2: 'application/openmetrics-text;version=2.0.0',
  protobuf:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
};

async function served(content: TypedContent, how: Projection): Promise<Exposition> {
  const reader = createCachedSnapshotReader({
    snapshot: () => content.points,
    families: () => content.families,
  });
  await reader.refresh();
  expect(reader.cacheStats().lastRejected).toEqual([]);
  const { createdLines } = how;
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false, createdLines });
  const escaping = how.isUtf8 ? 'allow-utf-8' : 'underscores';
  const accept = `${ACCEPT[how.syntax]};escaping=${escaping}`;
  const response = await handler.fetch(new Request('http://localhost/', { headers: { accept } }));
  const body = Buffer.from(await response.arrayBuffer());
  return { contentType: response.headers.get('content-type') ?? '', body };
}

describe('Prometheus reads exactly the series of generated snapshots of all types', () => {
  const judge = useJudge('textparse-utf8');

  it.each(Object.keys(ACCEPT) as Syntax[])('in %s', async (syntax) => {
    const options = { numRuns: Math.ceil(RUNS / 4), seed: SEED };
    const property = fc.asyncProperty(
      typedContent,
      fc.boolean(),
      fc.boolean(),
      async (content, isUtf8, createdLines) => {
        const how = { syntax, isUtf8, createdLines };
        const found = await judge.read(await served(content, how));
        expect(found.error).toBeUndefined();
        const compared = (samples: readonly ReadSample[]): ReadSample[] =>
          sortedSamples(samples.map((sample) => sorted(sample, syntax)));
        expect(compared(found.samples)).toEqual(compared(prometheusSeries(content, how)));
      },
    );
    await fc.assert(property, options);
  });
});

describe('Python takes generated snapshots of all types', () => {
  const judge = useJudge('python');

  it.each(['text', 'openmetrics1'] as const)('in %s', async (syntax) => {
    const isTaken = async (content: TypedContent, createdLines: boolean): Promise<void> => {
      // It reads no escapes in exemplars.
      const points = content.points.map(({ exemplars = [], ...point }) => ({
        ...point,
        exemplars: exemplars.filter(({ labels }) => !/["\\]/.test(Object.values(labels).join(''))),
      }));
      const how = { syntax, isUtf8: false, createdLines };
      const { error } = await judge.read(await served({ ...content, points }, how));
      expect(error).toBeUndefined();
    };
    const options = { numRuns: Math.ceil(RUNS / 20), seed: SEED };
    await fc.assert(fc.asyncProperty(typedContent, fc.boolean(), isTaken), options);
  });
});

function sorted(sample: ReadSample, syntax: Syntax): ReadSample {
  const { exemplars, ...rest } = sample;
  if (exemplars === undefined) return sample;
  // Prometheus goes on in the list of exemplars where it was with the native histogram before.
  if (syntax === 'protobuf' && sample.histogram !== undefined) return rest;
  const byTime = [...exemplars].sort((a, b) => (a.timestamp ?? 0) - (b.timestamp ?? 0));
  const labelled = byTime.map((e) => ({
    ...e,
    labels: [...e.labels].sort(([a], [b]) => (a < b ? -1 : 1)),
  }));
  return { ...sample, exemplars: labelled };
}
