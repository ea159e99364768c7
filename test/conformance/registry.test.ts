import * as promClient from 'prom-client';
import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  createRegistryReader,
  mergeReaders,
} from '../../src/index.ts';
import { SUCCESSOR } from '../support/successor-client.ts';
import { FORMATS, type Format } from './formats.ts';
import { JUDGES, type Judge, useJudge } from './judges.ts';
import { type Reading, type ReadSample, sortedSamples } from './reading.ts';

const CLIENTS: readonly (readonly [string, typeof promClient])[] = [
  ['prom-client', promClient],
  ...(SUCCESSOR === undefined ? [] : [['@prometheus-io/client', SUCCESSOR] as const]),
];

/** A registry with the default metrics and one of each kind whose values stand still. */
function newRegistry(client: typeof promClient): promClient.Registry {
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry });
  registry.setDefaultLabels({ app: 'x' });
  const registers = [registry];
  const labelNames = ['l'];
  const help = 'Stands still.';
  new client.Counter({ name: 'still_total', help, labelNames, registers }).inc({ l: '\\"\n' }, 2);
  new client.Counter({ name: 'still_plain', help, registers }).inc(1.5);
  new client.Gauge({ name: 'still_gauge', help, labelNames, registers }).set({ l: 5 }, -0.25);
  const buckets = [0.1, 1];
  const histogram = new client.Histogram({ name: 'still_h', help, buckets, registers });
  histogram.observe(0.5);
  const summary = new client.Summary({ name: 'still_s', help, percentiles: [0.5], registers });
  summary.observe(3);
  return registry;
}

const cached = createCachedSnapshotReader({
  snapshot: () => [{ name: 'own', labels: { l: 'x' }, value: 1, updatedAt: 1 }],
});

/** What a judge reads on our page of a registry merged with points of our own. */
async function readOurs(
  judge: Pick<Judge, 'read'>,
  registry: promClient.Registry,
  { accept }: Format,
): Promise<Reading> {
  const all = mergeReaders([cached, createRegistryReader(registry)]);
  const handler = createOpenMetricsHandler(all, { selfMetrics: false });
  const response = await handler.fetch(new Request('http://localhost/', { headers: { accept } }));
  expect(response.status).toBe(200);
  const contentType = response.headers.get('content-type') ?? '';
  return judge.read({ contentType, body: Buffer.from(await response.arrayBuffer()) });
}

/** What a judge reads on the registry's own page. */
async function readTheirs(
  judge: Pick<Judge, 'read'>,
  registry: promClient.Registry,
): Promise<Reading> {
  // Prometheus takes the other spelling, Python does not.
  const body = Buffer.from((await registry.metrics()).replaceAll(' Nan\n', ' NaN\n'));
  return judge.read({ contentType: registry.contentType, body });
}

/** Samples in order; bounds are written in one way, as formats and judges differ in that. */
function samplesOf({ samples }: Reading): readonly ReadSample[] {
  const plain = samples.map((sample) => ({
    ...sample,
    labels: sample.labels.map(([name, value]): [string, string] =>
      name === 'le' || name === 'quantile' ? [name, value.replace(/\.0$/, '')] : [name, value],
    ),
  }));
  return sortedSamples(plain);
}

/**
 * The names and labels of samples, but for the series that come and go with the process's doings.
 */
function seriesOf(reading: Reading): readonly string[] {
  return samplesOf(reading)
    .map(({ labels }) => JSON.stringify(labels))
    .filter((labels) => !/"(own|still_plain\w*|(nodejs_gc|nodejs_active)_\w+)"/.test(labels));
}

/** The samples whose values stand still, as text. */
function stillOf(reading: Reading): readonly string[] {
  return (
    samplesOf(reading)
      .map((sample) => JSON.stringify(sample))
      .filter((sample) => sample.includes('"still_'))
      // Python's text parser adds `_total` to the samples of a counter that lacks it.
      .map((sample) => sample.replace('"still_plain_total"', '"still_plain"'))
  );
}

describe.each(JUDGES)('%s reads', (name) => {
  const judge = useJudge(name);

  describe.each(CLIENTS)('a registry of %s', (_, client) => {
    it.each(FORMATS)('in $name as the registry writes it', async (format) => {
      const registry = newRegistry(client);
      const theirs = await readTheirs(judge, registry);
      expect(theirs.error).toBeUndefined();
      const ours = await readOurs(judge, registry, format);
      expect(ours.error).toBeUndefined();
      for (const [family, type] of [
        ['still_h', 'histogram'],
        ['still_s', 'summary'],
      ]) {
        expect(ours.families).toContainEqual(expect.objectContaining({ name: family, type }));
      }
      expect(stillOf(theirs)).toHaveLength(11);
      expect(stillOf(ours)).toEqual(stillOf(theirs));
      expect(seriesOf(ours)).toEqual(seriesOf(theirs));
      expect(seriesOf(ours).length).toBeGreaterThan(40);
      expect(JSON.stringify(ours.samples)).toContain('"own"');
    });
  });
});
