import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RepeatLimit } from './repeat-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function limit(): {
  written: string[];
  add: (text: string, start?: string, component?: string) => void;
} {
  const written: string[] = [];
  const repeats = new RepeatLimit((text) => written.push(text));
  return {
    written,
    add: (text, start = 'topic', component = 'cache') => repeats.add({ component, start }, text),
  };
}

describe('a limit on repeated lines', () => {
  it('writes the first at once, and the number of the others once a minute', () => {
    const { written, add } = limit();
    for (let i = 0; i < 42; i++) add('a');
    expect(written).toEqual(['a']);
    vi.advanceTimersByTime(59_999);
    expect(written).toEqual(['a']);
    vi.advanceTimersByTime(1);
    expect(written).toEqual(['a', 'a suppressed=41']);
    // That line has a minute of its own.
    add('a');
    vi.advanceTimersByTime(59_999);
    expect(written).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(written.at(-1)).toBe('a suppressed=1');
  });

  it('writes again what came once and comes again after a minute', () => {
    const { written, add } = limit();
    add('a');
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual(['a']);
    add('a');
    expect(written).toEqual(['a', 'a']);
  });

  it('keeps texts apart', () => {
    const { written, add } = limit();
    for (const text of ['a', 'b', 'a', 'b', 'b']) add(text);
    vi.advanceTimersByTime(60_000);
    expect(written).toEqual(['a', 'b', 'a suppressed=1', 'b suppressed=2']);
  });

  it('writes what was left out before the line that says that it is over', () => {
    const { written, add } = limit();
    for (let i = 0; i < 3; i++) add('error');
    add('other', 'error of another', 'store');
    add('other', 'error of another', 'store');
    vi.advanceTimersByTime(30_000);
    add('recovered', 'info');
    const first = ['error', 'other', 'error suppressed=2', 'recovered'];
    expect(written).toEqual(first);
    vi.advanceTimersByTime(600_000);
    expect(written).toEqual([...first, 'other suppressed=1']);
  });

  it('ends with the latest line, however often a component fails and recovers', () => {
    for (let events = 2; events < 300; events += 7) {
      const { written, add } = limit();
      for (let i = 0; i < events; i++) {
        if (i % 2 === 0) add('error');
        else add('recovered', 'info');
        vi.advanceTimersByTime(((i * 7_919) % 13) * 100);
      }
      const afterEvents = written.length;
      vi.advanceTimersByTime(600_000);
      expect(written.at(-1)).toMatch(events % 2 === 0 ? /^recovered/ : /^error/);
      expect(written.length - afterEvents).toBeLessThanOrEqual(2);
      const minutes = (events * 600) / 60_000;
      expect(written.length).toBeLessThanOrEqual(2 * (minutes + 3));
    }
  });

  it('counts the texts of one topic together beyond the tenth, and the other topics go on', () => {
    const { written, add } = limit();
    for (let i = 0; i < 100_000; i++) add(`text ${i}`);
    // The eleventh begins the line of the rest.
    expect(written).toHaveLength(11);
    add('other', 'another topic', 'store');
    expect(written).toHaveLength(12);
    vi.advanceTimersByTime(60_000);
    expect(written.slice(12)).toEqual(['text 99999 suppressed=99989']);
    // Nothing is left of the ten, so that the next ones are written.
    vi.advanceTimersByTime(60_000);
    expect(vi.getTimerCount()).toBe(0);
    add('text 0');
    expect(written.at(-1)).toBe('text 0');
  });

  it('is bounded for any number of topics too', () => {
    const { written, add } = limit();
    for (let i = 0; i < 100_000; i++) add(`text ${i}`, `topic ${i}`);
    expect(written.length).toBeLessThanOrEqual(257);
    expect(vi.getTimerCount()).toBeLessThanOrEqual(257);
  });
});
