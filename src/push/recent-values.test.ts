import { describe, expect, it } from 'vitest';
import { RecentValues } from './recent-values.ts';

const AGE_MS = 600_000;
const MOST = 1024;

describe('recent values', () => {
  it('have the quantiles of the latest ones, as if these were sorted each time', () => {
    let now = 0;
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const recent = new RecentValues(() => now);
    const all: { value: number; at: number }[] = [];
    for (let round = 0; round < 4_000; round++) {
      // Now and then so long that all or some are too old.
      now += random() < 0.002 ? AGE_MS * random() * 2 : random() * 500;
      const value = Math.floor(random() * 50) - 10;
      recent.add(value);
      all.push({ value, at: now });
      if (round % 37 !== 0) continue;
      if (round % 5 === 0) now += AGE_MS / 3;
      const latest = all.slice(-MOST).filter(({ at }) => at >= now - AGE_MS);
      const sorted = latest.map(({ value }) => value).sort((a, b) => a - b);
      const quantile = (q: number) =>
        sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
      const { count, sum, quantiles } = recent.summary();
      expect(count).toBe(all.length);
      expect(sum).toBe(all.reduce((total, { value }) => total + value, 0));
      expect(quantiles).toEqual([0.1, 0.5, 0.9].map((q) => [q, quantile(q)]));
    }
  });

  it('have no quantiles when all are too old', () => {
    let now = 0;
    const recent = new RecentValues(() => now);
    recent.add(1);
    now = AGE_MS + 1;
    expect(recent.summary()).toEqual({
      count: 1,
      sum: 1,
      quantiles: [0.1, 0.5, 0.9].map((q) => [q, Number.NaN]),
    });
  });
});
