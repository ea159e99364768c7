import { expect, it } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { TokenBucket } from './token-bucket.ts';

it('lets a burst through, then one each interval', () => {
  const clock = new Clock();
  const bucket = new TokenBucket({ intervalMs: 100, burst: 3 }, clock.now);
  const take = (count: number): number[] => Array.from({ length: count }, () => bucket.take());
  expect(take(4)).toEqual([0, 0, 0, 100]);
  clock.advance(40);
  expect(bucket.take()).toBeCloseTo(60);
  clock.advance(60);
  expect(take(2)[0]).toBe(0);
  clock.advance(10_000);
  expect(take(4)).toEqual([0, 0, 0, 100]);
});

it('gives nothing for a clock that goes back', () => {
  const clock = new Clock();
  const bucket = new TokenBucket({ intervalMs: 100, burst: 1 }, clock.now);
  expect(bucket.take()).toBe(0);
  clock.advance(-100_000);
  expect(bucket.take()).toBe(100);
  clock.advance(100);
  expect(bucket.take()).toBe(0);
});
