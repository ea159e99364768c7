import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { FamilyMetadata, MetricPoint } from '../../src/index.ts';
import { createExporterServer, type ExporterServer } from '../../src/server/index.ts';
import { skipWithoutCommand } from '../support/certificates.ts';
import { freePort } from '../support/redis-servers.ts';
import { type RunningProcess, startProcess } from './process.ts';

const FAMILIES: readonly FamilyMetadata[] = [
  { name: 'jobs_total', type: 'counter', help: 'Jobs.' },
  { name: 'lag_seconds', type: 'histogram', unit: 'seconds' },
  { name: 'rtt_seconds', type: 'histogram' },
  { name: 'age', type: 'gaugehistogram' },
  { name: 'wait_seconds', type: 'summary' },
  { name: 'build_info', type: 'info' },
  { name: 'door', type: 'stateset' },
  { name: 'thing', type: 'unknown' },
  { name: 'room.celsius', type: 'gauge' },
  { name: 'later', type: 'gauge', help: 'Has no points yet.' },
];

const POINTS: readonly MetricPoint[] = [
  { name: 'jobs_total', labels: { queue: 'a\\b"c\nd' }, value: 17, startTime: 1_000 },
  { name: 'lag_seconds', value: { count: 10, sum: 4.5, buckets: [[0.5, 2], [1, 8], [Infinity, 10]] } }, // biome-ignore format: as a table
  {
    name: 'rtt_seconds',
    value: {
      count: 3,
      sum: 4,
      schema: 0,
      zeroThreshold: 0.001,
      zeroCount: 0,
      positiveSpans: [[0, 1]],
      positiveBuckets: [3],
    },
  },
  { name: 'age', value: { count: 42, sum: 99.5, buckets: [[1, 34], [Infinity, 42]] } }, // biome-ignore format: as a table
  { name: 'wait_seconds', value: { count: 12, sum: 3.5, quantiles: [[0.5, 0.1]] } },
  { name: 'build_info', labels: { version: '4.2' }, value: 1 },
  { name: 'door', labels: { door: 'open' }, value: 1 },
  { name: 'door', labels: { door: 'shut' }, value: 0 },
  { name: 'thing', value: -1.5e-7 },
  { name: 'room.celsius', labels: { 'room.name': 'hall' }, value: 21.5 },
];

/** Every series of the page in text, with its value. */
const SERIES: Readonly<Record<string, number>> = {
  'jobs_total{queue="a\\\\b\\"c\\nd"}': 17,
  'lag_seconds_bucket{le="0.5"}': 2,
  'lag_seconds_bucket{le="1"}': 8,
  'lag_seconds_bucket{le="+Inf"}': 10,
  lag_seconds_sum: 4.5,
  lag_seconds_count: 10,
  'rtt_seconds_bucket{le="+Inf"}': 3,
  rtt_seconds_sum: 4,
  rtt_seconds_count: 3,
  'age_bucket{le="1"}': 34,
  'age_bucket{le="+Inf"}': 42,
  age_gcount: 42,
  age_gsum: 99.5,
  'wait_seconds{quantile="0.5"}': 0.1,
  wait_seconds_sum: 3.5,
  wait_seconds_count: 12,
  'build_info{version="4.2"}': 1,
  'door{door="open"}': 1,
  'door{door="shut"}': 0,
  thing: -1.5e-7,
  'room_celsius{room_name="hall"}': 21.5,
};

describe('a VictoriaMetrics that scrapes all types in text', () => {
  skipWithoutCommand('victoria-metrics');
  const folder = mkdtempSync(join(tmpdir(), 'snapscrape-victoria-'));
  let server: ExporterServer | undefined;
  let victoria: RunningProcess | undefined;
  let url = '';

  beforeAll(async () => {
    const source = { snapshot: () => POINTS, families: () => FAMILIES };
    const handler = { selfMetrics: false };
    server = createExporterServer(source, { listenAddresses: ['127.0.0.1:0'], handler });
    const [address] = await server.start();
    const config = join(folder, 'victoria.yml');
    const target = { targets: [`127.0.0.1:${address!.port}`] };
    const job = { job_name: 'types', scrape_interval: '1s', static_configs: [target] };
    // JSON is YAML.
    writeFileSync(config, JSON.stringify({ scrape_configs: [job] }));
    const listen = `127.0.0.1:${await freePort()}`;
    url = `http://${listen}`;
    victoria = startProcess('victoria-metrics', [
      `-promscrape.config=${config}`,
      `-storageDataPath=${join(folder, 'data')}`,
      `-httpListenAddr=${listen}`,
      '-search.latencyOffset=0s',
      '-search.disableCache',
    ]);
  });

  afterAll(async () => {
    await victoria?.stop();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The values of the series that an expression chooses; none before it has any. */
  async function query(expression: string): Promise<readonly number[]> {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
      // It starts to listen after a while.
      .catch(() => undefined);
    if (response === undefined) return [];
    const { data } = (await response.json()) as {
      readonly data: { readonly result: readonly { readonly value: [number, string] }[] };
    };
    return data.result.map(({ value }) => Number(value[1]));
  }

  it('has each series with its value, and skipped no line', async () => {
    const wanted = Object.keys(SERIES).length;
    const scraped = '{job="types",__name__!~"up|scrape_.*"}';
    const all = async (): Promise<boolean> => (await query(scraped)).length === wanted;
    await vi.waitUntil(all, { timeout: 60_000, interval: 200 });
    for (const [series, value] of Object.entries(SERIES)) {
      expect([series, await query(series)]).toEqual([series, [value]]);
    }
    expect(await query('scrape_samples_scraped{job="types"}')).toEqual([wanted]);
    expect(await query('up{job="types"}')).toEqual([1]);
    expect(victoria!.output()).not.toMatch(/cannot (?:parse|unmarshal)/);
  });

  it('computes a quantile of the buckets', async () => {
    const quantile = 'histogram_quantile(0.5, lag_seconds_bucket)';
    await vi.waitUntil(async () => (await query(quantile)).length === 1, { timeout: 60_000 });
    expect((await query(quantile))[0]).toBeCloseTo(0.75);
  });
});
