import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  expositionSource,
} from '../../src/index.ts';
import { lintExposition, parseExposition } from '../../src/parse/index.ts';
import { seriesOf } from '../support/prometheus-series.ts';
import { skipWithout } from '../support/tools.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';

// Prometheus gives text also to one that asks for OpenMetrics; we serve OpenMetrics then.
const ACCEPT = {
  text: 'text/plain;version=0.0.4',
  'OpenMetrics 1': 'application/openmetrics-text;version=1.0.0',
  protobuf:
    'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited',
} as const;

describe("Prometheus's own page", () => {
  skipWithout('prometheus');
  let folder: string;
  let prometheus: Prometheus | undefined;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'real-pages-'));
    prometheus = await startPrometheus(folder, []);
  });
  afterAll(async () => {
    await prometheus?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function fetchPage(accept: string): Promise<{ body: Buffer; format: string }> {
    const response = await fetch(`${prometheus!.url}/metrics`, { headers: { accept } });
    const body = Buffer.from(await response.arrayBuffer());
    return { body, format: response.headers.get('content-type')! };
  }

  it.each(Object.entries(ACCEPT))(
    'keeps all rules in %s, and is the same by each of them',
    async (_, accept) => {
      const { body, format } = await fetchPage(accept);
      const strict = parseExposition(body, { format });
      expect(strict.points.length).toBeGreaterThan(150);
      const series = seriesOf(strict).sort();
      for (const rules of ['prometheus', 'tolerant'] as const) {
        const page = parseExposition(body, { format, rules });
        expect(page.faultCount).toBe(0);
        expect(seriesOf(page).sort()).toEqual(series);
      }
    },
  );

  it.each(Object.entries(ACCEPT))('is served again sample by sample in %s', async (_, accept) => {
    const { body, format } = await fetchPage(accept);
    const page = parseExposition(body, { format });
    const reader = createCachedSnapshotReader({
      snapshot: () => page.points,
      families: () => page.families,
    });
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    const response = await handler.fetch(new Request('http://localhost/', { headers: { accept } }));
    const served = response.headers.get('content-type')!;
    const again = parseExposition(Buffer.from(await response.arrayBuffer()), { format: served });
    expect(reader.cacheStats().lastRejected).toEqual([]);
    expect(seriesOf(again).sort()).toEqual(seriesOf(page).sort());
  });

  it('is a source: its families and types are those of the page', async () => {
    const reader = createCachedSnapshotReader(expositionSource(`${prometheus!.url}/metrics`));
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    const text = await (await handler.fetch(new Request('http://localhost/'))).text();
    expect(text).toContain('# TYPE prometheus_http_requests_total counter\n');
    expect(text).toContain('# TYPE prometheus_tsdb_compaction_duration_seconds histogram\n');
    expect(reader.cacheStats().lastRejected).toEqual([]);
  });

  it('has no errors for the linter', async () => {
    const { body, format } = await fetchPage(ACCEPT.text);
    const { findings } = await lintExposition(body, { format });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  });
});
