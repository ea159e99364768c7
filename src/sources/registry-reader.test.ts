import * as promClient from 'prom-client';
import { describe, expect, it } from 'vitest';
import { naiveId } from '../../test/support/naive-page.ts';
import { bareHandler, pageOf } from '../../test/support/page.ts';
import { SUCCESSOR, SUCCESSOR_REMEDY } from '../../test/support/successor-client.ts';
import { createOpenMetricsHandler } from '../http/handler.ts';
import { parseSeriesId } from '../model/series-id.ts';
import type { MetricRegistry } from './metric-registry.ts';
import { createRegistryReader, REGISTRY_DEFAULTS } from './registry-reader.ts';

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
    const ours = samplesOf(await pageOf(bareHandler(createRegistryReader(registry))));
    expect(own.size).toBe(25);
    expect(ours).toEqual(own);
  });

  it('gives what a registry of OpenMetrics writes, before and after it wrote a page', async () => {
    const registry = new client.Registry<promClient.OpenMetricsContentType>();
    registry.setContentType(client.openMetricsContentType);
    everyMetric(registry);
    const handler = bareHandler(createRegistryReader(registry));
    const ours = await pageOf(handler, 'openmetrics');
    expect(ours).toContain('# TYPE c counter\n');
    expect(ours).toContain('# TYPE d counter\n');
    const own = samplesOf((await registry.metrics()).replaceAll(' Nan\n', ' NaN\n'));
    expect(samplesOf(ours)).toEqual(own);
    expect(await pageOf(handler, 'openmetrics')).toBe(ours);
  });

  it('tells HELP and TYPE: histograms and summaries are taken apart', async () => {
    const page = await pageOf(bareHandler(createRegistryReader(everyMetric())));
    const help = 'Some "help"\\nwith \\\\ in it.';
    const types: readonly (readonly [string, string])[] = [
      ['c', 'counter'],
      ['d_total', 'counter'],
      ...['empty_bucket', 'empty_count', 'empty_sum'].map((name) => [name, 'untyped'] as const),
      ['g', 'gauge'],
      ...['h_bucket', 'h_count', 'h_sum'].map((name) => [name, 'untyped'] as const),
      ...['s', 's_count', 's_sum'].map((name) => [name, 'untyped'] as const),
    ];
    expect(page.match(/^#.*$/gm)).toEqual(
      types.flatMap(([name, type]) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`]),
    );
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
    const page = await pageOf(createOpenMetricsHandler(createRegistryReader(registry)));
    expect(page).toContain('# TYPE process_cpu_seconds_total counter\n');
    expect(page).toMatch(/^nodejs_version_info\{.*version="v.*"\} 1$/m);
    expect(page).toContain('snapscrape_rejected_points_total{reason="duplicate"} 0\n');
  });
});

describe('createRegistryReader', () => {
  it.each([undefined, null, {}, { getMetricsAsJSON: () => [] }, 'register'])(
    'refuses %s',
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

  it('refuses options that are wrong', () => {
    const options = { now: 5, prefix: 'x' } as object;
    expect(() => createRegistryReader(new promClient.Registry(), options)).toThrow(/now.*prefix/);
  });

  it('fails where the registry answers with no list', async () => {
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
      '# HELP a A.\n# TYPE a untyped\na 2\na{__proto__="p"} 1\n# TYPE c gauge\nc 3\n',
    );
  });
});
