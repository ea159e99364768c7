import fc from 'fast-check';
import { expect, it } from 'vitest';
import { tries } from '../../test/support/tries.ts';
import { formatSampleValue } from './sample-value.ts';

/** Reads a value as the parsers of the formats do. */
function read(text: string): number {
  const infinite = /^([+-])Inf$/.exec(text);
  if (infinite !== null) return infinite[1] === '+' ? Infinity : -Infinity;
  return Number(text);
}

// OpenMetrics 1.0.0 ABNF: realnumber and the words beside it.
const NUMBER = /^([+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]Inf|NaN)$/;

it.each([
  [0, '0'],
  [-0, '-0'],
  [1, '1'],
  [-1.5, '-1.5'],
  [0.1, '0.1'],
  [1e21, '1e+21'],
  [1e-7, '1e-7'],
  [5e-324, '5e-324'],
  [Number.MAX_VALUE, '1.7976931348623157e+308'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  [Infinity, '+Inf'],
  [-Infinity, '-Inf'],
  [Number.NaN, 'NaN'],
])('%s is written as %s', (value, text) => {
  expect(formatSampleValue(value)).toBe(text);
});

it('every double reads back as the same double, from text that both formats allow', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const text = formatSampleValue(value);
      expect(text).toMatch(NUMBER);
      expect(Object.is(read(text), value)).toBe(true);
      // The room that a line is given for it.
      expect(text.length).toBeLessThanOrEqual(30);
    }),
    { numRuns: tries(2000) },
  );
});
