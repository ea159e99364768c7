import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RepeatLimit } from './repeat-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function limit(): { written: string[]; add: (text: string, topic?: string) => void } {
  const written: string[] = [];
  const repeats = new RepeatLimit((text) => written.push(text));
  return { written, add: (text, topic = 'topic') => repeats.add(topic, text) };
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

  it('counts the texts of one topic together beyond the tenth, and the other topics go on', () => {
    const { written, add } = limit();
    for (let i = 0; i < 100_000; i++) add(`text ${i}`);
    // The eleventh begins the line of the rest.
    expect(written).toHaveLength(11);
    add('other', 'another topic');
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
