import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPeer } from '../../bench/subjects/peer-package.ts';
import {
  createRegistryReader,
  type FamilyMetadata,
  type MetricPoint,
  mergeReaders,
} from '../../src/index.ts';
import { createExporterServer, type ExporterServer } from '../../src/server/index.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { type Prometheus, type QueriedSeries, startPrometheus } from './prometheus.ts';

const BEGAN = Date.now() - 60_000;

const FAMILIES: readonly FamilyMetadata[] = [
  { name: 'jobs_total', type: 'counter', help: 'Jobs.' },
  { name: 'lag_seconds', type: 'histogram', unit: 'seconds', help: 'Lag.' },
  { name: 'rtt_seconds', type: 'histogram', unit: 'seconds', help: 'Round trips.' },
  { name: 'age', type: 'gaugehistogram', help: 'Age.' },
  { name: 'wait_seconds', type: 'summary', unit: 'seconds', help: 'Wait.' },
  { name: 'build_info', type: 'info', help: 'Build.' },
  { name: 'door', type: 'stateset', help: 'Door.' },
  { name: 'room.celsius', type: 'gauge', help: 'Air.' },
  { name: 'timed', type: 'gauge', help: 'With a timestamp.' },
];

function points(): readonly MetricPoint[] {
  const now = Date.now();
  const startTime = BEGAN;
  const exemplars = [{ labels: { trace_id: 'abc' }, value: 0.7, timestamp: BEGAN + 1_000 }];
  return [
    { name: 'jobs_total', labels: { queue: 'mail' }, value: 17, startTime, exemplars },
    {
      name: 'lag_seconds',
      value: {
        count: 10,
        sum: 4.5,
        buckets: [
          [0.5, 2],
          [1, 8],
          [Infinity, 10],
        ],
      },
      startTime,
      exemplars,
    },
    {
      name: 'rtt_seconds',
      value: {
        count: 12,
        sum: 18.4,
        schema: 0,
        zeroThreshold: 0.001,
        zeroCount: 2,
        positiveSpans: [
          [0, 2],
          [1, 2],
        ],
        positiveBuckets: [1, 3, 2, 4],
      },
    },
    {
      name: 'age',
      value: {
        count: 42,
        sum: 99.5,
        buckets: [
          [1, 34],
          [Infinity, 42],
        ],
      },
    },
    {
      name: 'wait_seconds',
      value: {
        count: 12,
        sum: 3.5,
        quantiles: [
          [0.5, 0.1],
          [1, 2],
        ],
      },
    },
    { name: 'build_info', labels: { version: '4.2' }, value: 1 },
    { name: 'door', labels: { door: 'open' }, value: 1 },
    { name: 'door', labels: { door: 'shut' }, value: 0 },
    { name: 'room.celsius', labels: { 'room.name': 'hall' }, value: 21.5 },
    { name: 'timed', value: 5, timestamp: now - (now % 1_000) - 5_000 },
  ];
}

const JOBS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  default: {},
  text: { scrape_protocols: ['PrometheusText0.0.4'] },
  om2: { scrape_protocols: ['OpenMetricsText2.0.0'], scrape_native_histograms: true },
  protobuf: { scrape_protocols: ['PrometheusProto'], scrape_native_histograms: true },
};
const FEATURES = 'exemplar-storage,openmetrics2';

interface Histogram {
  readonly Histogram: new (options: object) => { observe(value: number): void };
  readonly Registry: new () => Parameters<typeof createRegistryReader>[0];
}

/** What an exporter that uses prom-client has. */
function registry(): Parameters<typeof createRegistryReader>[0] {
  const { Histogram, Registry } = loadPeer('prom-client') as Histogram;
  const register = new Registry();
  const options = { name: 'client_seconds', help: 'Client.', buckets: [0.5, 1] };
  const histogram = new Histogram({ ...options, registers: [register] });
  for (const value of [0.2, 0.7, 0.8, 3]) histogram.observe(value);
  return register;
}

describe('a real Prometheus that scrapes all types', () => {
  skipWithout('prometheus');
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-types-'));
  let server: ExporterServer | undefined;
  let prometheus: Prometheus | undefined;

  beforeAll(async () => {
    if (toolPath('prometheus') === undefined) return;
    const own = { snapshot: points, families: () => FAMILIES };
    const reader = mergeReaders([own, createRegistryReader(registry())]);
    server = createExporterServer(reader, {
      listenAddresses: ['127.0.0.1:0'],
      handler: { createdLines: true },
    });
    const [address] = await server.start();
    const target = `127.0.0.1:${address!.port}`;
    const jobs = Object.entries(JOBS).map(([name, settings]) => ({ name, target, settings }));
    prometheus = await startPrometheus(folder, jobs, [`--enable-feature=${FEATURES}`]);
  });

  afterAll(async () => {
    await prometheus?.stop();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Asks again and again until there is an answer; Prometheus takes its time. */
  async function first(expression: string): Promise<QueriedSeries> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const [series] = await prometheus!.query(expression);
      if (series !== undefined) return series;
      if (performance.now() > deadline) throw new Error(`${expression} has no series`);
      await setTimeout(100);
    }
  }
  const value = async (expression: string): Promise<number> => (await first(expression)).value;

  it.each(Object.keys(JOBS))('has no complaint about the job %s', async (job) => {
    await first(`scrape_samples_scraped{job="${job}"} > 0`);
    expect(await value(`min_over_time(up{job="${job}"}[1m])`)).toBe(1);
  });

  it.each(['default', 'text', 'om2'])('computes a quantile of classic buckets: %s', async (job) => {
    const buckets = `lag_seconds_bucket{job="${job}"}`;
    expect(await value(`histogram_quantile(0.5, ${buckets})`)).toBeCloseTo(0.75);
    expect(await value(`histogram_quantile(0.5, client_seconds_bucket{job="${job}"})`)).toBe(0.75);
    expect(await value(`lag_seconds_count{job="${job}"}`)).toBe(10);
  });

  it.each(['om2', 'protobuf'])('has native histograms whole: %s', async (job) => {
    expect(await value(`histogram_count(rtt_seconds{job="${job}"})`)).toBe(12);
    expect(await value(`histogram_sum(rtt_seconds{job="${job}"})`)).toBe(18.4);
    expect(await value(`histogram_fraction(0, 2, rtt_seconds{job="${job}"})`)).toBeCloseTo(0.5);
  });

  it.each(Object.keys(JOBS))('has all other types: %s', async (job) => {
    expect(await value(`jobs_total{job="${job}",queue="mail"}`)).toBe(17);
    expect(await value(`wait_seconds{job="${job}",quantile="0.5"}`)).toBe(0.1);
    expect(await value(`wait_seconds_sum{job="${job}"}`)).toBe(3.5);
    expect(await value(`build_info{job="${job}",version="4.2"}`)).toBe(1);
    expect(await value(`door{job="${job}",door="shut"}`)).toBe(0);
    expect(await value(`age_bucket{job="${job}",le="+Inf"}`)).toBe(42);
  });

  it.each(['default', 'om2'])('has UTF-8 names: %s', async (job) => {
    expect(await value(`{"room.celsius",job="${job}","room.name"="hall"}`)).toBe(21.5);
  });

  it.each(['text', 'protobuf'])('has UTF-8 names escaped: %s', async (job) => {
    expect(await value(`room_celsius{job="${job}",room_name="hall"}`)).toBe(21.5);
  });

  it('has created lines as series', async () => {
    expect(await value('jobs_created{job="default"}')).toBeCloseTo(BEGAN / 1000, 3);
  });

  it.each(Object.keys(JOBS))('has the time of a sample: %s', async (job) => {
    const at = await value(`timestamp(timed{job="${job}"})`);
    expect(Date.now() / 1000 - at).toBeGreaterThanOrEqual(5);
    expect(Number.isInteger(at)).toBe(true);
  });

  it('has exemplars by its API', async () => {
    await first('lag_seconds_count{job="default"}');
    for (const query of ['jobs_total', 'lag_seconds_bucket']) {
      const found = await prometheus!.exemplars(query, BEGAN - 1_000, Date.now());
      expect(found).toContainEqual(expect.objectContaining({ labels: { trace_id: 'abc' } }));
    }
  });

  it.each([
    ['lag_seconds', 'histogram'],
    ['client_seconds', 'histogram'],
    ['rtt_seconds', 'histogram'],
    ['wait_seconds', 'summary'],
    ['age', 'gaugehistogram'],
  ])('knows the type of %s', async (name, type) => {
    await first(`scrape_samples_scraped{job="om2"}`);
    expect(await prometheus!.types(name)).toContain(type);
  });
});
