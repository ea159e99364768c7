import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { patternCost } from './pattern-cost.ts';
import { literalAlternatives, loadPatternEngine } from './value-pattern.ts';

// What patterns mean is compared with Prometheus in test/conformance/selectors.test.ts.

const engine = await loadPatternEngine();

describe('a pattern', () => {
  it('matches whole values, line feeds too', () => {
    const pattern = engine.compile('x.*|y', 1);
    const values = ['x', 'x\ny', 'y', 'xy', 'ax', 'yx', ''];
    expect(values.filter((value) => pattern.matches(value))).toEqual(['x', 'x\ny', 'y', 'xy']);
  });

  it('is compiled once while it is in use', () => {
    expect(engine.compile('kept.*', 1)).toBe(engine.compile('kept.*', 9));
  });

  it.each([
    ['a(b', "is none of RE2's (missing closing ))"],
    ['(?=x)', "is none of RE2's (invalid or unsupported Perl syntax)"],
    ['(x)\\1', "is none of RE2's (invalid escape sequence)"],
    ['a{1001}', "is none of RE2's (invalid repeat count)"],
    ['\ud800.', 'is not Unicode'],
  ])('%j is refused, and it is said where it stands', (pattern, reason) => {
    expect(() => engine.compile(pattern, 7)).toThrow(
      expect.objectContaining({
        code: 'invalid_selector',
        message: `The selector is wrong at column 7: the pattern ${reason}`,
      }),
    );
  });

  it.each([
    ['a repetition of repetitions', '(a{500}b{400}){1000}'],
    ['repetitions that hide behind what looks like a class', '\\Q[\\E(.{900}){900}[]]'],
    ['a long one', '.'.repeat(3000)],
    ['long alternatives', Array.from({ length: 600 }, (_, i) => `a${i}.`).join('|')],
    ['many classes of Unicode', '\\pL'.repeat(60)],
    ['ranges to fold', `(?i)[${'\u0080-\u{1e000}'.repeat(300)}]`],
    ['a class of classes', `(?i)[${'\\p{L}'.repeat(300)}]`],
    ['deep groups', `${'('.repeat(900)}x${')'.repeat(900)}`],
    ['brackets', '[[:'.repeat(666)],
  ])('%s is refused before it costs anything', (_, pattern) => {
    const start = performance.now();
    expect(() => engine.compile(pattern, 1)).toThrow(/too large|none of RE2's/);
    // Some of them would take seconds, the others a few ms; the machine may be busy.
    expect(performance.now() - start).toBeLessThan(500);
  });

  it.each([
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    '(?:[0-9]{1,3}\\.){3}[0-9]{1,3}',
    '(?i)[äöüß\\p{Greek}]+',
    `(${Array.from({ length: 100 }, (_, i) => `host-${i}`).join('|')})\\.example\\.org`,
  ])('%s is none too large', (pattern) => {
    expect(engine.compile(pattern, 1).matches('x')).toBe(false);
  });

  it('costs what it is repeated', () => {
    expect(patternCost('abc')).toBe(3);
    expect(patternCost('a{5}')).toBe(5);
    expect(patternCost('(ab){5}c{2,3}d{4,}e{}')).toBe(15 + 3 + 4 + 3);
    expect(patternCost('\\Q{5}\\E')).toBe(7);
    expect(patternCost('[a{5}]{2}')).toBe(2);
    expect(patternCost('\\x{5}\\p{Greek}')).toBe(1 + 151);
    expect(patternCost('((((')).toBeGreaterThanOrEqual(0);
  });

  it('takes no more memory than is set aside for it, however many states it has', () => {
    const before = heapInUse();
    const patterns = Array.from({ length: 10 }, (_, i) => engine.compile(`.*a.{${150 + i}}`, 1));
    let noise = 1;
    for (let i = 0; i < 100; i++) {
      let value = '';
      for (let c = 0; c < 300; c++) {
        noise = (Math.imul(noise, 1_103_515_245) + 12_345) >>> 0;
        value += noise & 0x10000 ? 'a' : 'b';
      }
      for (const [at, pattern] of patterns.entries()) {
        expect(pattern.matches(value)).toBe(value.at(-151 - at) === 'a');
      }
    }
    // Without the bound each takes five to ten times as much.
    expect((heapInUse() - before) / patterns.length).toBeLessThan(1.5e6);
    expect(patterns).toHaveLength(10);
  });
});

function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

describe('literal alternatives', () => {
  it.each([
    ['a', ['a']],
    ['a|b', ['a', 'b']],
    ['', ['']],
    ['a|', ['a', '']],
    ['foo-bar|ü', ['foo-bar', 'ü']],
  ])('of %j are values', (pattern, values) => {
    expect(literalAlternatives(pattern)).toEqual(values);
  });

  it.each(['a.b', 'a*', '(a|b)', '^a', 'a$', '\\d', 'a{2}', '[a]', 'a?', 'a+'])(
    '%j has none',
    (pattern) => {
      expect(literalAlternatives(pattern)).toBeUndefined();
    },
  );
});
