import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pace } from './pace.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a pace', () => {
  it('is due once half its budget is used up, and not again before as much after a rest', async () => {
    const pace = new Pace(10);
    expect(pace.shouldYield()).toBe(false);
    vi.advanceTimersByTime(4);
    expect(pace.shouldYield()).toBe(false);
    vi.advanceTimersByTime(1);
    expect(pace.shouldYield()).toBe(true);
    await pace.yield();
    expect(pace.shouldYield()).toBe(false);
  });

  it('lets the event loop turn when it rests', async () => {
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    await new Pace(5).yield();
    expect(hasTurned).toBe(true);
  });

  it('remembers its longest slice of work, not of waiting', async () => {
    const pace = new Pace(5);
    vi.advanceTimersByTime(7);
    await pace.yield();
    vi.advanceTimersByTime(3);
    await pace.yield();
    vi.advanceTimersByTime(1000);
    await pace.yieldAfterWait();
    vi.advanceTimersByTime(2);
    pace.end();
    expect(pace.longestSlice).toBe(7);
  });

  it('ends the work at a rest, with the reason of its signal', async () => {
    const ending = new AbortController();
    const pace = new Pace(5, ending.signal);
    await pace.yield();
    pace.throwIfAborted();
    ending.abort(new Error('enough'));
    await expect(pace.yield()).rejects.toThrow('enough');
    expect(() => pace.throwIfAborted()).toThrow('enough');
  });
});
