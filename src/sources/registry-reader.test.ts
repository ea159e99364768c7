import * as promClient from 'prom-client';
import { describe, expect, it } from 'vitest';
import { flatSamples } from '../../test/support/flat-samples.ts';
import { naiveId } from '../../test/support/naive-page.ts';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import { SUCCESSOR, SUCCESSOR_REMEDY } from '../../test/support/successor-client.ts';
import { createOpenMetricsHandler } from '../http/handler.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { parseSeriesId } from '../model/series-id.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import type { MetricRegistry } from './metric-registry.ts';
import { createRegistryReader, REGISTRY_DEFAULTS, type RegistryReader } from './registry-reader.ts';

type Client = typeof promClient;

/** That `prom-client` fits what a registry reader asks for is checked by the compiler. */
const ofClient = (name: string, client: Client) =>
  [name, client, (): MetricRegistry => new client.Registry()] as const;
const CLIENTS = [
  ofClient('prom-client', promClient),
  ...(SUCCESSOR === undefined ? [] : [ofClient('@prometheus-io/client', SUCCESSOR)]),
];

it('is judged with both clients', (context) => {
  context.skip(SUCCESSOR === undefined, SUCCESSOR_REMEDY);
  expect(CLIENTS).toHaveLength(2);
});

type AnyRegistry = promClient.Registry | promClient.Registry<promClient.OpenMetricsContentType>;

/** The samples of a page, by series id. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      const value = line.slice(at + 1).replace('Inf', 'Infinity');
      return [naiveId(parseSeriesId(line.slice(0, at))), Number(value)];
    }),
  );
}

/** The samples that the points of a reader stand for, by series id. */
async function flatOf(reader: RegistryReader): Promise<Map<string, number>> {
  const samples = [...(await reader.snapshot())].flatMap((point) => flatSamples(point));
  return new Map(
    samples.map(({ name, labels, value }) => [
      naiveId({ name, labels: labels as Record<string, string> }),
      value as number,
    ]),
  );
}

describe.each(CLIENTS)('a reader of a registry of %s', (_, client) => {
  function everyMetric(registry: AnyRegistry = new client.Registry()) {
    const registers = [registry];
    const labelNames = ['a', 'b'];
    const help = 'Some "help"\nwith \\ in it.';
    const counter = new client.Counter({ name: 'c', help, labelNames, registers });
    counter.inc({ a: 1, b: 'text' }, 3);
    counter.inc({ a: 'quote " and \\ and \n' }, 0.5);
    new client.Counter({ name: 'd_total', help, registers }).inc();
    const gauge = new client.Gauge({ name: 'g', help, labelNames, registers });
    for (const [a, value] of [Number.NaN, -1, Infinity, -Infinity, 1e21, 5e-324].entries()) {
      gauge.set({ a: a + 1, b: '' }, value);
    }
    const buckets = [0.1, 1, 10];
    const histogram = new client.Histogram({ name: 'h', help, labelNames, buckets, registers });
    for (const value of [0.05, 0.5, 5, 50]) histogram.observe({ a: 'x', b: 2 }, value);
    new client.Histogram({ name: 'empty', help, buckets, registers });
    const percentiles = [0.5, 0.99];
    const summary = new client.Summary({ name: 's', help, labelNames, percentiles, registers });
    for (const value of [1, 2, 3]) summary.observe({ a: 'x' }, value);
    return registry;
  }

  it.each([
    ['without default labels', {}],
    ['with default labels', { a: 'not heard', app: 'x', shard: '3' }],
  ])('gives what the registry itself writes, sample by sample, %s', async (_case, labels) => {
    const registry = everyMetric();
    registry.setDefaultLabels(labels);
    const own = samplesOf((await registry.metrics()).replaceAll(' Nan\n', ' NaN\n'));
    const ours = await flatOf(createRegistryReader(registry));
    expect(own.size).toBe(25);
    expect(ours).toEqual(own);
  });

  it('gives what a registry of OpenMetrics writes, before and after it wrote a page', async () => {
    const registry = new client.Registry<promClient.OpenMetricsContentType>();
    registry.setContentType(client.openMetricsContentType);
    everyMetric(registry);
    const reader = createRegistryReader(registry);
    const [ours, families] = [await flatOf(reader), [...reader.families()]];
    expect(families.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['c_total', 'd_total']),
    );
    const own = samplesOf((await registry.metrics()).replaceAll(' Nan\n', ' NaN\n'));
    expect(ours).toEqual(own);
    expect(await flatOf(reader)).toEqual(ours);
    expect([...reader.families()]).toEqual(families);
  });

  it('returns HELP and TYPE of each metric', () => {
    const help = 'Some "help"\nwith \\ in it.';
    expect([...createRegistryReader(everyMetric()).families()]).toEqual([
      { name: 'c', type: 'counter', help },
      { name: 'd_total', type: 'counter', help },
      { name: 'g', type: 'gauge', help },
      { name: 'h', type: 'histogram', help },
      { name: 'empty', type: 'histogram', help },
      { name: 's', type: 'summary', help },
    ]);
  });

  it('gives histograms and summaries whole, and the cache admits them', async () => {
    const reader = createRegistryReader(everyMetric(), { now: () => 77 });
    const labels = { a: 'x', b: '2' };
    const cached = createCachedSnapshotReader(reader);
    const points = [...((await cached.snapshot()) as Iterable<SnapshotPoint>)];
    const wholes = points.filter(({ value }) => typeof value !== 'number');
    const buckets = [0.1, 1, 10, Infinity].map((bound, i) => [bound, i + 1]);
    const quantiles = [
      [0.5, 2],
      [0.99, 3],
    ];
    expect(wholes).toEqual([
      {
        name: 'empty',
        labels: {},
        value: { count: 0, sum: 0, buckets: buckets.map(([bound]) => [bound, 0]) },
        updatedAt: 77,
      },
      { name: 'h', labels, value: { count: 4, sum: 55.55, buckets }, updatedAt: 77 },
      { name: 's', labels: { a: 'x' }, value: { count: 3, sum: 6, quantiles }, updatedAt: 77 },
    ]);
    const { rejected } = cached.cacheStats();
    expect(Object.values(rejected).every((count) => count === 0)).toBe(true);
  });

  it('gives the exemplars of counters and buckets', async () => {
    const registry = new client.Registry<promClient.OpenMetricsContentType>();
    registry.setContentType(client.openMetricsContentType);
    const more = { help: 'h', labelNames: ['a'], registers: [registry], enableExemplars: true };
    const labels = { a: 'x' };
    const counter = new client.Counter({ name: 'c', ...more });
    const histogram = new client.Histogram({ name: 'h', buckets: [1], ...more });
    const before = Date.now();
    counter.inc({ labels, value: 2, exemplarLabels: { trace_id: 'c1' } });
    for (const value of [0.5, 5]) {
      histogram.observe({ labels, value, exemplarLabels: { trace_id: `h${value}` } });
    }
    const [c, h] = [...(await createRegistryReader(registry).snapshot())];
    const exemplar = (trace_id: string, value: number): object => ({
      labels: { trace_id },
      value,
      timestamp: expect.toSatisfy((time: number) => Math.abs(time - before) < 60_000) as number,
    });
    expect(c).toMatchObject({ name: 'c_total', value: 2, exemplars: [exemplar('c1', 2)] });
    expect(h).toMatchObject({ name: 'h', exemplars: [exemplar('h0.5', 0.5), exemplar('h5', 5)] });
  });

  it('leaves flat what is no sound summary', async () => {
    const registry = new client.Registry();
    const summary = new client.Summary({
      name: 's',
      help: 'h',
      percentiles: [0.5],
      registers: [registry],
    });
    summary.observe(-3);
    const points = [...(await createRegistryReader(registry).snapshot())];
    expect(points.map(({ name, value }) => [name, value])).toEqual([
      ['s', -3],
      ['s_sum', -3],
      ['s_count', 1],
    ]);
  });

  it('reads what the registries of several processes were aggregated to', async () => {
    const metricsOf = async (value: number, a: string): Promise<object[]> => {
      const registry = new client.Registry();
      const more = { name: 'h', help: 'h', labelNames: ['a'], registers: [registry] };
      new client.Histogram({ ...more, buckets: [1] }).observe({ a }, value);
      return registry.getMetricsAsJSON();
    };
    const all = [await metricsOf(0.5, 'x'), await metricsOf(2, 'y'), await metricsOf(9, 'x')];
    const registry = client.AggregatorRegistry.aggregate(all);
    const points = [...(await createRegistryReader(registry).snapshot())];
    const of = (a: string, sum: number, first: number, count: number): object => ({
      labels: { a },
      value: {
        count,
        sum,
        buckets: [
          [1, first],
          [Infinity, count],
        ],
      },
    });
    expect(points).toMatchObject([of('x', 9.5, 1, 2), of('y', 2, 0, 1)]);
  });

  it('takes a bucket of infinity that a registry writes twice', async () => {
    const registry = new client.Registry();
    const buckets = [2, Infinity];
    new client.Histogram({ name: 'h', help: 'h', buckets, registers: [registry] }).observe(1);
    const [point] = [...(await createRegistryReader(registry).snapshot())];
    expect(point!.value).toEqual({
      count: 1,
      sum: 1,
      buckets: [
        [2, 1],
        [Infinity, 1],
      ],
    });
  });

  it('collects once for each read, and gives what was there at that moment', async () => {
    const registry = new client.Registry();
    let collected = 0;
    const gauge = new client.Gauge({
      name: 'g',
      help: 'h',
      registers: [registry],
      async collect() {
        await Promise.resolve();
        this.set(++collected);
      },
    });
    const reader = createRegistryReader(registry, { now: () => 77 });
    const points = await reader.snapshot();
    gauge.set(1000);
    expect([...points]).toEqual([{ name: 'g', labels: {}, value: 1, updatedAt: 77 }]);
    expect(await pageOf(bareHandler(reader))).toContain('\ng 2\n');
    expect(collected).toBe(2);
  });

  it('fails with what a collect() throws', async () => {
    const registry = everyMetric();
    new client.Gauge({
      name: 'broken',
      help: 'h',
      registers: [registry],
      collect() {
        throw new Error('as planned');
      },
    });
    await expect(createRegistryReader(registry).snapshot()).rejects.toThrow('as planned');
  });

  it('serves the default metrics', async () => {
    const registry = new client.Registry();
    client.collectDefaultMetrics({ register: registry });
    const reader = createRegistryReader(registry);
    expect([...reader.families()]).toContainEqual(
      expect.objectContaining({ name: 'nodejs_gc_duration_seconds', type: 'histogram' }),
    );
    const page = await pageOf(createOpenMetricsHandler(reader));
    expect(page).toContain('# TYPE process_cpu_seconds_total counter\n');
    expect(page).toMatch(/^nodejs_version_info\{.*version="v.*"\} 1$/m);
    expect(page).toContain('snapscrape_rejected_points_total{reason="duplicate"} 0\n');
  });
});

describe('createRegistryReader', () => {
  it.each([undefined, null, {}, { getMetricsAsJSON: () => [] }, 'register'])(
    'rejects %s',
    (registry) => {
      expect(() => createRegistryReader(registry as unknown as MetricRegistry)).toThrow(
        expect.objectContaining({ code: 'invalid_options' }),
      );
    },
  );

  it.each(CLIENTS)('takes a registry of %s as it is', (_, __, newRegistry) => {
    expect(() => createRegistryReader(newRegistry())).not.toThrow();
    expect(REGISTRY_DEFAULTS).toEqual({ now: Date.now });
  });

  it('rejects options that are wrong', () => {
    const options = { now: 5, prefix: 'x' } as object;
    expect(() => createRegistryReader(new promClient.Registry(), options)).toThrow(/now.*prefix/);
  });

  it('fails if the registry does not return a list', async () => {
    const registry = { getMetricsAsJSON: () => ({}), getMetricsAsArray: () => [] };
    const reader = createRegistryReader(registry as unknown as MetricRegistry);
    await expect(reader.snapshot()).rejects.toMatchObject({ code: 'invalid_source_reply' });
  });

  it('takes a label for what it is called, and what lacks labels, values or a type', async () => {
    const labels = JSON.parse('{"__proto__":"p"}') as Record<string, string>;
    const registry: MetricRegistry = {
      getMetricsAsJSON: () => [
        { name: 'a', type: 'strange', values: [{ value: 1, labels }, { value: 2 }] },
        { name: 'c', values: [{ value: 3, labels: null }] },
        { name: 'b' },
      ],
      getMetricsAsArray: () => [{ name: 'a', type: 'strange', help: 'A.' }, { name: 'b' }],
    };
    expect(await pageOf(bareHandler(createRegistryReader(registry)))).toBe(
      '# HELP a A.\n# TYPE a untyped\na 2\na{__proto__="p"} 1\n# TYPE b untyped\n# TYPE c gauge\nc 3\n',
    );
  });
});
