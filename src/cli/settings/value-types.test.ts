import { describe, expect, it } from 'vitest';
import { suggestionFor } from './suggestion.ts';
import { count, duration, durationText, type Parsed, size } from './value-types.ts';

const readValue = <T>(parsed: Parsed<T>): T | undefined =>
  'value' in parsed ? parsed.value : undefined;

describe('a duration', () => {
  const any = duration(0, 1e15);
  it.each([
    ['0', 0],
    ['0s', 0],
    ['15d', 1_296_000_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['500ms', 500],
    ['1w', 604_800_000],
    ['1y', 31_536_000_000],
    ['10us', 0.01],
  ])('%s is read', (text, ms) => {
    const read = readValue(any.parse(text, ''));
    expect(read).toBe(ms);
    expect(readValue(any.parse(durationText(ms), ''))).toBeCloseTo(ms, 9);
  });

  it.each(['', '15', '-1s', '1 d', '1D', 's', '1s ', '1h30', `${'1s'.repeat(60)}`])(
    '%j is rejected as a duration',
    (text) => expect(any.parse(text, '')).toEqual({ problem: expect.stringContaining('duration') }),
  );

  it('is within bounds', () => {
    expect(duration(1000, 60_000).parse('2m', '')).toEqual({ problem: 'must be from 1s to 1m' });
  });
});

describe('a size', () => {
  it.each([
    ['8MB', 8 * 1024 ** 2],
    ['8MiB', 8 * 1024 ** 2],
    ['512kb', 512 * 1024],
    ['1GB', 1024 ** 3],
    ['10B', 10],
  ])('%s is read', (text, bytes) => {
    const type = size(1, 1024 ** 4);
    expect(readValue(type.parse(text, ''))).toBe(bytes);
    expect(readValue(type.parse(type.text(bytes), ''))).toBe(bytes);
  });

  it.each(['', '8', 'MB', '1.5MB', '-1MB', '8 MB', '8TB'])('%j is rejected as a size', (text) => {
    expect(size(1, 1e9).parse(text, '')).toHaveProperty('problem');
  });

  it('and a number are within bounds', () => {
    expect(size(1024, 2048).parse('1B', '')).toEqual({ problem: 'must be from 1KB to 2KB' });
    expect(count(1, 5).parse('6', '')).toHaveProperty('problem');
    expect(count(1, 5).parse('5', '')).toEqual({ value: 5 });
  });
});

describe('a suggestion', () => {
  it('is the nearest known name, if one is near', () => {
    const known = ['retention', 'series_limit', 'url', 'url_file'];
    expect(suggestionFor('retencion', known)).toBe('retention');
    expect(suggestionFor('url_fil', known)).toBe('url_file');
    expect(suggestionFor('limit', known)).toBeUndefined();
    expect(suggestionFor('x'.repeat(10_000), known)).toBeUndefined();
  });
});
