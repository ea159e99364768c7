import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader } from '../../src/index.ts';
import { elapse } from '../support/elapse.ts';
import { ScriptedSource, state } from '../support/scripted-source.ts';

const PERIOD = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/**
 * How old the data of each scrape was, for scrapes that come at some times, and how often it was
 * read.
 */
async function agesAt(scrapes: readonly number[]): Promise<{ ages: number[]; reads: number }> {
  const source = new ScriptedSource();
  source.answer = () => [state(Date.now())];
  const reader = createCachedSnapshotReader(source, {
    refreshInterval: PERIOD,
    now: () => Date.now(),
  });
  const ages: number[] = [];
  const start = Date.now();
  for (const time of scrapes) {
    await elapse(start + time - Date.now(), 500);
    const [point] = await reader.snapshot();
    ages.push(Date.now() - (point!.value as number));
  }
  reader.close();
  return { ages, reads: source.reads };
}

/** Scrapes once a period, each up to `jitter` ms sooner or later, the same each time. */
function scrapeTimes(jitter: number): number[] {
  let seed = 1;
  return Array.from({ length: 200 }, (_, i) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return 1000 + i * PERIOD + Math.round((seed / 2_147_483_647 - 0.5) * 2 * jitter);
  });
}

it.each([0, 1, 20, 500])(
  'a scraper with the period of the interval and %d ms of jitter leads to a read each time (free/sql_exporter#83)',
  async (jitter) => {
    const scrapes = scrapeTimes(jitter);
    const { ages, reads } = await agesAt(scrapes);
    expect(Math.max(...ages)).toBeLessThanOrEqual(PERIOD);
    // Judged at scrape time alone, the source would be read only about every other time.
    expect(Math.abs(reads - scrapes.length)).toBeLessThanOrEqual(2);
  },
);

it('a store that is rarely scraped is rarely read', async () => {
  const source = new ScriptedSource();
  const reader = createCachedSnapshotReader(source, {
    refreshInterval: PERIOD,
    now: () => Date.now(),
  });
  await reader.snapshot();
  await elapse(PERIOD * 0.6);
  await reader.snapshot();
  await elapse(PERIOD * 100, 5000);
  // One read at first, and one that was foreseen for a scraper of this period.
  expect(source.reads).toBe(2);
  expect(vi.getTimerCount()).toBe(0);
});
