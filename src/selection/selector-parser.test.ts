import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { threadCpu } from '../../test/support/thread-cpu.ts';
import { tries } from '../../test/support/tries.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { parseSelector } from './selector-parser.ts';

// What Prometheus makes of the same is compared in test/conformance/selectors.test.ts.

function matchersOf(text: string): string[] {
  return parseSelector(text).map(
    ({ label, operator, value, column }) => `${column} ${label} ${operator} ${value}`,
  );
}

function errorOf(text: string): SnapscrapeError {
  try {
    parseSelector(text);
  } catch (error) {
    if (error instanceof SnapscrapeError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}

describe('a selector', () => {
  it.each([
    ['up', ['1 __name__ = up']],
    [' a:b { } ', ['2 __name__ = a:b']],
    ['{}', []],
    [
      'up{a="b",c!="d",e=~"x.*",f!~"y",}',
      ['6 a = b', '13 c != d', '20 e =~ x.*', '29 f !~ y', '1 __name__ = up'],
    ],
    ['{__name__=~"x.*"}', ['12 __name__ =~ x.*']],
    ['{"a name", "a label"=\'b\'}', ['2 __name__ = a name', '22 a label = b']],
    ['{a=`\\n`, b="\\n", c=\'"\', d="\'"}', ['4 a = \\n', '12 b = \n', '20 c = "', "27 d = '"]],
    ['{a="\\x41\\102\\u00fc\\U0001f600\\xc3\\xbc"}', ['4 a = ABü\u{1f600}ü']],
    ['up # all of them\n{\n# but\na="b"}', ['28 a = b', '1 __name__ = up']],
    ['{a="\u{1f600}",b="x"}', ['4 a = \u{1f600}', '10 b = x']],
    ['{__proto__="x",constructor!=""}', ['12 __proto__ = x', '29 constructor != ']],
    ['on', ['1 __name__ = on']],
  ])('%j is read', (text, expected) => {
    expect(matchersOf(text)).toEqual(expected);
  });

  it.each([
    ['', 1, 'a metric name or "{"', 'its end'],
    ['9', 1, 'a metric name or "{"', '"9"'],
    ['up{', 4, 'a label name or "}"', 'its end'],
    ['up{,}', 4, 'a label name or "}"', '",}"'],
    ['up{a}', 5, 'one of =, !=, =~ and !~', '"}"'],
    ['up{a=}', 6, 'a quoted value', '"}"'],
    ['up{a=b}', 6, 'a quoted value', '"b}"'],
    ['up{a="b" c="d"}', 10, '"," or "}"', '"c=\\"d\\"}"'],
    ['up{a="b"', 9, '"," or "}"', 'its end'],
    ['up{a="b', 8, 'a closing "', 'its end'],
    ['up{a=`b', 8, 'a closing `', 'its end'],
    ['up{a="b\n"}', 8, 'a closing " before the line ends', '"\\n\\"}"'],
    ['up{a="\\y"}', 7, 'an escape such as \\\\, \\n, \\" or \\u00e4', '"\\\\y\\"}"'],
    ['up{a="\\u12"}', 7, 'four hexadecimal digits in the escape', '"\\\\u12\\"}"'],
    ['up{a="\\400"}', 7, 'an octal escape up to \\377', '"\\\\400\\"}"'],
    ['up{a="\\ud800"}', 7, 'the escape of a Unicode character', '"\\\\ud800\\"}"'],
    ['up{a="\ud800"}', 7, 'well-formed Unicode', '"\\ud800\\"}"'],
    ['up{a="\u{1f600}"}x', 10, 'the end of the selector', '"x"'],
    ['up[5m]', 3, 'no range: a scrape has the latest values only', '"[5m]"'],
    ['up offset 5m', 4, 'no other time: a scrape has the latest values only', '"offset 5m"'],
    ['up @ 1', 4, 'no other time: a scrape has the latest values only', '"@ 1"'],
    ['rate(up[5m])', 5, 'no function: only a selector may stand here', '"(up[5m])"'],
    ['up + up', 4, '"{" or the end of the selector', '"+ up"'],
  ])('%j is rejected at column %i', (text, column, expected, found) => {
    const error = errorOf(text);
    expect(error.code).toBe('invalid_selector');
    expect(error.message).toBe(
      `The selector is wrong at column ${column}: expected ${expected}, found ${found}`,
    );
  });

  it('quotes no more than a little of what it was given', () => {
    const { message } = errorOf(`up ${'\u{1f600}'.repeat(1000)}`);
    expect(message.length).toBeLessThan(250);
    expect(message).toContain('\u{1f600}'.repeat(24));
  });

  it('may be long and have many matchers, up to a limit', () => {
    const matchers = (count: number): string => `{${'a="b",'.repeat(count)}}`;
    expect(parseSelector(matchers(64))).toHaveLength(64);
    expect(errorOf(matchers(65)).message).toContain('expected at most 64 matchers');
    expect(parseSelector(`{a="${'b'.repeat(8186)}"}`)).toHaveLength(1);
    expect(errorOf(`{a="${'b'.repeat(8188)}"}`).message).toContain('at most 8192 characters');
  });

  it('is read, or rejected as invalid_selector, in no time, whatever it is', () => {
    const part = fc.oneof(
      fc.constantFrom(
        ...'{ } , = != =~ !~ " \' ` \\ # a __name__ \n'.split(' '),
        ' ',
        '\\x',
        '\\u12',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const anything = fc.oneof(
      fc.array(part, { maxLength: 30 }).map((parts) => parts.join('')),
      fc
        .tuple(part, part, fc.nat({ max: 3000 }))
        .map(([a, b, n]) => `{${a.repeat(n)}${b.repeat(n)}`),
    );
    let slowest = 0;
    fc.assert(
      fc.property(anything, (text) => {
        const start = threadCpu();
        try {
          parseSelector(text);
        } catch (error) {
          expect(error).toMatchObject({ name: 'SnapscrapeError', code: 'invalid_selector' });
        }
        slowest = Math.max(slowest, threadCpu() - start);
      }),
      { numRuns: tries(4000) },
    );
    // Typically 2 ms; far beyond it something grows with more than the length.
    expect(slowest).toBeLessThan(500);
  });
});
