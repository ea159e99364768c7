import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { manyPoints } from '../../test/support/many-points.ts';
import { ACCEPT } from '../../test/support/page.ts';
import { ScriptedSource, state } from '../../test/support/scripted-source.ts';
import { until } from '../../test/support/until.ts';
import { GzipStem } from '../formats/gzip.ts';
import { type CachedSnapshotReader, createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { formsOf } from './derived-forms.ts';
import { createOpenMetricsHandler } from './handler.ts';
import type { HandlerOptions } from './handler-options.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * A source with a family of dozens of chunks and a small one; every value changes with each read.
 */
function changing(): CachedSnapshotReader {
  const source = new ScriptedSource();
  const points = manyPoints(4000, 700);
  source.answer = () => [...points, state(0)].map((p) => ({ ...p, value: source.reads }));
  return createCachedSnapshotReader(source, { refreshInterval: 1e9 });
}

type Handler = ReturnType<typeof createOpenMetricsHandler>;

/** Scrapes with gzip as Prometheus does; answers whether all of the page lay ready. */
async function isReady(handler: Handler, query = ''): Promise<boolean> {
  const headers = { accept: ACCEPT.openmetrics, 'accept-encoding': 'gzip' };
  const response = await handler.fetch(new Request(`http://exporter/metrics${query}`, { headers }));
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  return response.headers.has('content-length');
}

/** Has a new snapshot made, and waits until what is compressed ahead is. */
async function refreshed(reader: CachedSnapshotReader): Promise<number> {
  const deflater = formsOf(reader).deflater(1);
  const before = deflater.deflated;
  await reader.refresh();
  let last = -1;
  let calm = 0;
  await until('nothing is compressed any more', () => {
    calm = deflater.deflated === last ? calm + 1 : 0;
    last = deflater.deflated;
    return calm > 25;
  });
  return deflater.deflated - before;
}

describe('a view', () => {
  it.each<[string, HandlerOptions, string]>([
    ['of everything', {}, ''],
    ['that is fixed', { match: '{i=~".*[13579]"}' }, ''],
    ['of a shard', { shard: '1/2' }, ''],
  ])('%s is made ahead after each refresh', async (_, options, query) => {
    const reader = changing();
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false, ...options });
    await reader.refresh();
    for (let i = 0; i < 2; i++) {
      expect(await refreshed(reader)).toBeGreaterThan(15);
      expect(await isReady(handler, query)).toBe(true);
    }
  });

  it('of a query is neither made ahead nor kept', async () => {
    const reader = changing();
    const handler = createOpenMetricsHandler(reader, { compressions: ['gzip'] });
    await reader.refresh();
    await refreshed(reader);
    const whole = await refreshed(reader);
    for (let i = 0; i < 3; i++) {
      const before = formsOf(reader).deflater(1).deflated;
      expect(await isReady(handler, '?shard=1/2')).toBe(false);
      expect(formsOf(reader).deflater(1).deflated - before).toBeGreaterThan(10);
      expect(await refreshed(reader)).toBe(whole);
    }
  });

  it('is not made ahead if no client can get gzip', async () => {
    const reader = changing();
    const handler = createOpenMetricsHandler(reader, { compressions: [] });
    await reader.refresh();
    expect(await refreshed(reader)).toBe(0);
    expect(await isReady(handler)).toBe(true);
  });
});

describe('a page that lies ready', () => {
  it('is neither compressed nor joined by the scrapes that get it', async () => {
    const joining = vi.spyOn(GzipStem, 'of');
    onTestFinished(() => joining.mockRestore());
    const reader = changing();
    const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
    await reader.refresh();
    await refreshed(reader);
    await isReady(handler);
    const { deflated } = formsOf(reader).deflater(1);
    const joined = joining.mock.calls.length;
    expect(joined).toBeGreaterThan(0);
    for (let i = 0; i < 3; i++) expect(await isReady(handler)).toBe(true);
    expect(formsOf(reader).deflater(1).deflated).toBe(deflated);
    expect(joining.mock.calls.length).toBe(joined);
  });
});

describe('what several views have in common', () => {
  it('is compressed once, for handlers of one reader and for queries', async () => {
    const reader = changing();
    const deflater = formsOf(reader).deflater(1);
    const one = createOpenMetricsHandler(reader, { selfMetrics: false });
    const other = createOpenMetricsHandler(reader, { selfMetrics: false, names: ['many'] });
    await isReady(one);
    const first = deflater.deflated;
    expect(first).toBeGreaterThan(15);
    await isReady(other);
    await isReady(one, '?name[]=many');
    await isReady(one, '?prefix[]=ma');
    // Their headers alone are joined anew.
    expect(deflater.deflated - first).toBeLessThan(5);
  });

  it('is not shared by another level, whose bytes are others', () => {
    const reader = changing();
    expect(formsOf(reader).deflater(9)).not.toBe(formsOf(reader).deflater(1));
    expect(formsOf(changing()).deflater(1)).not.toBe(formsOf(reader).deflater(1));
  });
});

describe('the snapshot before', () => {
  /** What buffers hold, in bytes, once nothing is garbage any more. */
  async function heldBytes(): Promise<number> {
    for (let i = 0; i < 5; i++) {
      collectGarbage();
      await new Promise((resolve) => setImmediate(resolve));
    }
    return process.memoryUsage().arrayBuffers;
  }

  it.each([
    ['and nothing is made ahead', []],
    ['and another format is made ahead', ['gzip'] as const],
  ])('is let go of when the next one is published, %s', async (_, compressions) => {
    const reader = changing();
    const handler = createOpenMetricsHandler(reader, { compressions });
    await reader.refresh();
    await refreshed(reader);
    const one = await heldBytes();
    const bytes = reader.cacheStats().bytes;
    for (const query of ['', '?name[]=many', '?shard=1/2']) {
      const response = await handler.fetch(new Request(`http://exporter/metrics${query}`));
      await response.arrayBuffer();
    }
    await refreshed(reader);
    await refreshed(reader);
    expect((await heldBytes()) - one).toBeLessThan(bytes / 2);
  });
});
