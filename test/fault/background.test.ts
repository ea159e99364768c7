import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CacheConfig, createCachedSnapshotReader } from '../../src/index.ts';
import { elapse } from '../support/elapse.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { Gate, never, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { turns } from '../support/until.ts';

const INTERVAL = 15_000;

function inBackground(source: ScriptedSource, config: CacheConfig = {}) {
  return createCachedSnapshotReader(source, {
    background: true,
    refreshInterval: INTERVAL,
    now: () => Date.now(),
    ...config,
  });
}

/** A source that notes when it is read. */
function notingSource(answer?: (read: number) => unknown) {
  const source = new ScriptedSource();
  const times: number[] = [];
  source.answer = () => {
    times.push(Date.now());
    return answer === undefined ? [state(source.reads)] : answer(source.reads);
  };
  const gaps = (): number[] => times.slice(1).map((time, i) => time - times[i]!);
  return { source, gaps };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a refresh in the background', () => {
  it('refreshes at once and then once an interval, with jitter, whether it is read or not', async () => {
    const { source, gaps } = notingSource();
    const reader = inBackground(source);
    await turns();
    expect(source.reads).toBe(1);
    await elapse(50 * INTERVAL);
    expect(gaps().length).toBeGreaterThanOrEqual(47);
    for (const gap of gaps()) {
      expect(gap).toBeGreaterThanOrEqual(0.95 * INTERVAL);
      expect(gap).toBeLessThanOrEqual(1.05 * INTERVAL);
    }
    expect(new Set(gaps()).size).toBeGreaterThan(20);
    const { reads } = source;
    for (let i = 0; i < 100; i++) await pageOf(bareHandler(reader));
    expect(source.reads).toBe(reads);
    reader.close();
  });

  it('retries sooner and sooner less after failures, and forgets them', async () => {
    const good = new Set([1, 8]);
    const { source, gaps } = notingSource((read) =>
      good.has(read) ? [state(read)] : Promise.reject(new Error('no')),
    );
    const reader = inBackground(source);
    await elapse(10 * INTERVAL);
    const seconds = gaps().map((gap) => gap / 1000);
    const expected = [15, 1, 2, 4, 8, 15, 15, 15, 1, 2, 4];
    for (const [i, about] of expected.entries()) {
      expect(Math.abs(seconds[i]! - about)).toBeLessThanOrEqual(about * 0.05 + 0.001);
    }
    reader.close();
  });

  it.each([
    [5000, INTERVAL],
    [20_000, 21_500],
  ])('of a source that takes %d ms leaves about %d ms from start to start', async (took, about) => {
    const { source, gaps } = notingSource(
      (read) => new Promise((resolve) => setTimeout(resolve, took, [state(read)])),
    );
    const reader = inBackground(source);
    await elapse(10 * INTERVAL);
    expect(gaps().length).toBeGreaterThan(4);
    for (const gap of gaps())
      expect(Math.abs(gap - about)).toBeLessThanOrEqual(INTERVAL * 0.05 + 1000);
    reader.close();
  });

  it('does not run wild at the longest interval there is', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999);
    const { source } = notingSource();
    const reader = inBackground(source, { refreshInterval: 2_147_483_647 });
    await elapse(60_000);
    expect(source.reads).toBe(1);
    reader.close();
    vi.restoreAllMocks();
  });
});

describe('a page that is refreshed in the background', () => {
  it('lets no read wait for a refresh once there is a snapshot', async () => {
    const source = new ScriptedSource();
    const reader = inBackground(source);
    const handler = bareHandler(reader);
    expect(await pageOf(handler)).toBe(statePage(1));
    expect(source.reads).toBe(1);
    source.answer = never;
    await elapse(INTERVAL * 1.1);
    expect(source.reads).toBe(2);
    // No timer moves on here, so none can have ended a wait.
    expect(await pageOf(handler)).toBe(statePage(1));
    reader.close();
  });

  it('shows all of the last good page while a new one is made (gluster-prometheus#159)', async () => {
    const source = new ScriptedSource();
    const points = [1, 2, 3].map((i) => ({ ...state(1), labels: { i: `${i}` } }));
    source.answer = () => points;
    const reader = inBackground(source);
    const handler = bareHandler(reader);
    const before = await pageOf(handler);
    const gate = new Gate();
    const seen: string[] = [];
    source.answer = async function* slowly() {
      for (const point of points) {
        yield { ...point, value: 2 };
        seen.push(await pageOf(handler), await pageOf(handler, 'text', 'gzip'));
      }
      gate.open();
    };
    await elapse(INTERVAL * 1.1);
    await gate.promise;
    expect(seen).toEqual([before, before, before, before, before, before]);
    await reader.refresh();
    expect(await pageOf(handler)).toBe(before.replaceAll(' 1\n', ' 2\n'));
    reader.close();
  });

  it('ends the last good page at maxStaleness, and a good refresh brings it back', async () => {
    const { source } = notingSource((read) =>
      read === 1 || Date.now() - start > 60_000 ? [state(read)] : Promise.reject(new Error('no')),
    );
    const start = Date.now();
    const reader = inBackground(source, { maxStaleness: 40_000 });
    const handler = bareHandler(reader);
    await elapse(40_000);
    expect(await pageOf(handler)).toBe(statePage(1));
    await elapse(1);
    expect((await scrape(handler)).status).toBe(503);
    await elapse(40_000);
    expect((await scrape(handler)).status).toBe(200);
    reader.close();
  });
});
