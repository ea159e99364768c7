import { describe, expect, it } from 'vitest';
import { ACCEPT } from '../../test/support/page.ts';
import { until } from '../../test/support/until.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { formsOf } from './derived-forms.ts';
import { createOpenMetricsHandler } from './handler.ts';

/** How many families there are, each a piece of the page. */
const FAMILIES = 4;
const PER_FAMILY = 250;

/** A page of about 90 KiB; values have as many digits each time. */
function pointsAt(time: number, perFamily: number = PER_FAMILY): MetricPoint[] {
  return Array.from({ length: FAMILIES * perFamily }, (_, i) => ({
    name: `family_${Math.floor(i / perFamily)}`,
    labels: { number: String(i).padStart(6, '0'), pad: 'x'.repeat(50) },
    value: 10_000 + ((i * 7919 + time * 104_729) % 89_999),
  }));
}

/** An exporter whose points are given, and what compression costs. */
function exporter() {
  let points: readonly MetricPoint[] = [];
  const source = { snapshot: () => points };
  const reader = createCachedSnapshotReader(source, { mode: 'full', refreshInterval: 1e9 });
  const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
  const headers = { accept: ACCEPT.openmetrics, 'accept-encoding': 'gzip' };
  const deflated = () => {
    const { bytesByZlib, bytesByPlan } = formsOf(reader).deflater(1);
    return { byZlib: bytesByZlib, byPlan: bytesByPlan };
  };
  const refresh = async (next: readonly MetricPoint[]): Promise<void> => {
    points = next;
    await reader.refresh();
    // What a refresh sets off has its turns.
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const scrape = async (): Promise<void> => {
    const response = await handler.fetch(new Request('http://exporter/metrics', { headers }));
    expect(response.headers.get('content-encoding')).toBe('gzip');
    await response.arrayBuffer();
  };
  return { reader, refresh, scrape, deflated };
}

/** The same after some scrapes: plans are made. */
async function warmExporter() {
  const warm = exporter();
  for (let time = 0; time < 4; time++) {
    await warm.refresh(pointsAt(time));
    await warm.scrape();
  }
  /** The bytes of text that are deflated for one more page. */
  const costOf = async (next: readonly MetricPoint[]) => {
    const before = warm.deflated();
    await warm.refresh(next);
    expect(warm.deflated()).toEqual(before);
    await warm.scrape();
    const { byZlib, byPlan } = warm.deflated();
    const all = warm.reader.cacheStats().bytes;
    const share = all / FAMILIES;
    return {
      byZlib: Math.round((byZlib - before.byZlib) / share),
      byPlan: Math.round((byPlan - before.byPlan) / share),
    };
  };
  return { ...warm, costOf };
}

it('refreshes of a short page that no scrape follows deflate nothing', async () => {
  const { reader, refresh, scrape, deflated } = exporter();
  for (let time = 0; time < 5; time++) await refresh(pointsAt(time));
  expect(deflated()).toEqual({ byZlib: 0, byPlan: 0 });
  await scrape();
  const { byZlib } = deflated();
  expect(byZlib).toBeGreaterThan(reader.cacheStats().bytes);
  await scrape();
  for (let time = 5; time < 10; time++) await refresh(pointsAt(time));
  expect(deflated()).toEqual({ byZlib, byPlan: 0 });
});

it('those of a longer page deflate nothing either once there are plans for it', async () => {
  const { reader, refresh, scrape, deflated } = exporter();
  const at = (time: number) => pointsAt(time, 600);
  await refresh(at(0));
  await until('it is compressed ahead', () => deflated().byZlib > reader.cacheStats().bytes);
  for (let time = 1; time < 4; time++) {
    await refresh(at(time));
    await scrape();
  }
  const before = deflated();
  for (let time = 4; time < 8; time++) await refresh(at(time));
  expect(deflated()).toEqual(before);
  await scrape();
  const { byZlib, byPlan } = deflated();
  expect(byZlib).toBe(before.byZlib);
  expect(byPlan - before.byPlan).toBeGreaterThan(200_000);
});

describe('a full read, counted in families that are deflated by zlib and by plans', () => {
  const byPlansAlone = { byZlib: 0, byPlan: FAMILIES };
  const next = pointsAt(4);
  const [one] = next;

  it.each<[string, readonly MetricPoint[], { byZlib: number; byPlan: number }]>([
    ['only values changed', next, byPlansAlone],
    ['the order is reversed', [...next].reverse(), byPlansAlone],
    [
      'labels come in another order',
      next.map(({ labels, ...point }) => {
        return { ...point, labels: Object.fromEntries(Object.entries(labels!).reverse()) };
      }),
      byPlansAlone,
    ],
    [
      'one series is new',
      [{ ...one!, labels: { number: '000000a', pad: '' } }, ...next],
      { byZlib: 1, byPlan: FAMILIES - 1 },
    ],
    ['one series ended', next.slice(1), { byZlib: 1, byPlan: FAMILIES - 1 }],
    ['nothing changed', pointsAt(3), { byZlib: 0, byPlan: 0 }],
  ])('%s', async (_, points, cost) => {
    const { costOf } = await warmExporter();
    expect(await costOf(points)).toEqual(cost);
  });
});
