import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { elapsedClock, soundClock } from './clock.ts';

describe('the clock of ages', () => {
  let own = 0;
  beforeEach(() => {
    own = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => own);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is the own clock of the process, if no other is given', () => {
    const elapsed = elapsedClock();
    own += 5;
    expect(elapsed()).toBe(1_005);
  });

  it('follows a given clock forward, and its own where that steps back', () => {
    const wall = new Clock();
    const elapsed = elapsedClock(wall.now);
    wall.advance(10);
    own += 1;
    expect(elapsed()).toBe(10);
    wall.advance(-3_600_000);
    own += 4;
    expect(elapsed()).toBe(14);
    wall.advance(20);
    expect(elapsed()).toBe(34);
    expect(elapsed()).toBe(34);
  });

  it('never goes back, whatever the given clock does', () => {
    const wall = new Clock();
    const elapsed = elapsedClock(wall.now);
    let last = elapsed();
    for (const step of [5, -1, -1e12, 3, 1e12, -7, 0]) {
      wall.advance(step);
      own += 2;
      const next = elapsed();
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });
});

describe('a sound clock', () => {
  it.each([
    [() => 5, 5],
    [() => Number.NaN, undefined],
    [() => 'now' as unknown as number, undefined],
    [
      () => {
        throw new Error('no time');
      },
      undefined,
    ],
  ])('tells the time of %s, or that of the system', (given, time) => {
    const told = soundClock(given)();
    if (time !== undefined) expect(told).toBe(time);
    else expect(Math.abs(told - Date.now())).toBeLessThan(1_000);
  });
});
