import { describe, expect, it } from 'vitest';
import { type ComparedFigure, judge } from '../../bench/report/comparison.ts';
import { Random } from '../../bench/workload/random.ts';

/** Rounds in which a busy machine adds up to half of a measurement, to either side by chance. */
function noisyRounds(random: Random, factor: number, rounds = 5): ComparedFigure {
  const noisy = (value: number): number => value * (1 + (random.below(1000) / 1000) ** 3 / 2);
  const pairs = Array.from({ length: rounds }, () => [noisy(20), noisy(20 * factor)] as const);
  return { pairs, unit: 'ms' };
}

function shareJudgedWorse(factor: number): number {
  const random = new Random(7);
  const trials = 1000;
  let worse = 0;
  for (let i = 0; i < trials; i++) if (judge(noisyRounds(random, factor)).isWorse) worse++;
  return worse / trials;
}

describe('judging head against base', () => {
  it('passes equal builds on a noisy machine', () => {
    expect(shareJudgedWorse(1)).toBeLessThan(0.005);
  });

  it('finds twice the cost in most runs', () => {
    expect(shareJudgedWorse(2)).toBeGreaterThan(0.95);
  });

  it('ignores a ratio whose difference is below what the meter can tell', () => {
    const pairs = [1, 2, 3, 4, 5].map(() => [0.1, 0.18] as const);
    expect(judge({ pairs, unit: 'ms' })).toMatchObject({ isWorse: false });
    expect(judge({ pairs: pairs.map(([a, b]) => [a * 10, b * 10]), unit: 'ms' }).isWorse).toBe(
      true,
    );
  });

  it('finds a tenth more on a quiet machine', () => {
    const pairs = [20, 20.3, 20.1, 20.4, 20.2].map((ms) => [ms, ms * 1.1] as const);
    expect(judge({ pairs, unit: 'ms' }).isWorse).toBe(true);
  });

  it('is not misled by one slow round of head', () => {
    const pairs = [20, 20, 20, 60].map((ms) => [20, ms] as const);
    expect(judge({ pairs, unit: 'ms' }).isWorse).toBe(false);
  });
});
