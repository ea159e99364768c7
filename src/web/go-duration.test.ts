import { expect, it } from 'vitest';
import { parseGoDuration } from './go-duration.ts';

it.each([
  ['0', 0],
  ['-0', 0],
  ['1s', 1000],
  ['1.5h', 5_400_000],
  ['1m30s', 90_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['250ms', 250],
  ['1000us', 1],
  ['1000µs', 1],
  ['2000000ns', 2],
  ['-1s', -1000],
  ['+1s', 1000],
])('reads %s', (text, ms) => {
  expect((parseGoDuration(text) ?? Number.NaN) + 0).toBeCloseTo(ms, 9);
});

it.each(['', '1', '1d', 's', '.s', '1 s', '1s ', '1S', '1e3s', '--1s', '0x1s', '1s1', '٣s'])(
  'rejects %j',
  (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  },
);

it('rejects endless texts at once', () => {
  expect(parseGoDuration(`${'1'.repeat(1_000_000)}x`)).toBeUndefined();
});
