import { describe, expect, it } from 'vitest';
import { threadCpu } from '../../test/support/thread-cpu.ts';
import type { LabelMatcher } from './selector.ts';
import { literalAlternatives, PatternEngine, type ValuePattern } from './value-pattern.ts';

// What patterns mean is compared with Prometheus in test/conformance/selectors.test.ts.

const engine = await PatternEngine.of(undefined);

function matcher(value: string): LabelMatcher {
  return { label: 'a', operator: '=~', value, column: 7 };
}

function matches(pattern: ValuePattern, value: string): boolean {
  const text = Buffer.from(`"${value}"`);
  return pattern.matches(text, 1, text.length - 1);
}

/**
 * What something costs, in ms of this thread: the least of three, as the compiler and the garbage
 * collector have their turns, too.
 */
function costOf(run: () => void): number {
  const costs = [1, 2, 3].map(() => {
    const before = threadCpu();
    run();
    return threadCpu() - before;
  });
  return Math.min(...costs);
}

describe('a pattern', () => {
  it('matches whole values, line feeds too', () => {
    const pattern = engine.compile(matcher('x.*|y'));
    const values = ['x', 'x\\ny', 'y', 'xy', 'ax', 'yx', ''];
    expect(values.filter((value) => matches(pattern, value))).toEqual(['x', 'x\\ny', 'y', 'xy']);
    expect(matches(engine.compile(matcher('x\ny')), 'x\\ny')).toBe(true);
  });

  it.each([
    ['a(b', 'is invalid (RE2: missing closing ))'],
    ['(?=x)', 'is invalid (RE2: invalid or unsupported Perl syntax)'],
    ['(x)\\1', 'is invalid (RE2: invalid escape sequence)'],
    ['a{1001}', 'is invalid (RE2: invalid repeat count)'],
    ['(a{500}b{400}){1000}', 'is invalid (RE2: invalid repeat count)'],
    ['\ud800.', 'is not Unicode'],
  ])('%j is rejected, and the error names its place', (pattern, reason) => {
    for (const compile of [
      () => engine.compile(matcher(pattern)),
      () => engine.compileQuery(matcher(pattern.replace('){', ')+{'))),
    ]) {
      expect(compile).toThrow(expect.objectContaining({ code: 'invalid_selector' }));
    }
    expect(() => engine.compile(matcher(pattern))).toThrow(
      `The selector is wrong at column 7: the pattern ${reason}`,
    );
  });

  it.each([
    ['[a-zA-ZäöüÄÖÜß]+', 'Größe', 'x1'],
    ['[А-Яа-я]+', 'Москва', 'Moscow'],
    ['[\\x20-\\x7e]{2}', 'ab', 'ä'],
    ['(?:[0-9]{1,3}\\.){3}[0-9]{1,3}', '10.0.0.1', '10.0.0'],
    ['[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}', '0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f', 'x'],
    ['(?i)[äöüß\\p{Greek}]+', 'ÄΣ', 'x'],
    [`(${Array.from({ length: 600 }, (_, i) => `host-${i}`).join('|')})\\.net`, 'host-9.net', 'x'],
    ['\\pL{1000}', 'ü'.repeat(1000), 'ü'.repeat(999)],
    [`(?i)[${'\u0080-\u{1e000}'.repeat(50)}]+`, 'Ü', 'u'],
  ])('%.40s may be fixed by options', (pattern, yes, no) => {
    const compiled = engine.compile(matcher(pattern));
    expect([matches(compiled, yes), matches(compiled, no)]).toEqual([true, false]);
  });
});

describe('a pattern of a query', () => {
  it.each([
    '[a-zA-ZäöüÄÖÜß]+',
    '[А-Яа-я]+',
    '[\\x20-\\x7e]{2}',
    '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
    '[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}',
    '(?i)web-.*',
    '.*[13579]',
    '(a|b)+c?',
  ])('%s is accepted', (pattern) => {
    expect(() => engine.compileQuery(matcher(pattern))).not.toThrow();
  });

  it.each([
    ['x'.repeat(128).concat('.'), 'at most 128 characters'],
    ['(a){2}', 'must not repeat a group a number of times: "){"'],
    ['a{60}b{1,41}', 'at most 100 repetitions'],
    ['a{101,}', 'at most 100 repetitions'],
    ['(?i)ü', '(?i) with ASCII characters only'],
    ['(?s-i:x)(?si:\\x{80})', '(?i) with ASCII characters only'],
    ['(?i)\\pL', '(?i) with ASCII characters only'],
  ])('%.30s is rejected, and the error names the limit', (pattern, message) => {
    expect(() => engine.compileQuery(matcher(pattern))).toThrow(
      expect.objectContaining({
        code: 'invalid_selector',
        message: expect.stringMatching(/column 7: the pattern .* in a query$/),
      }),
    );
    expect(() => engine.compileQuery(matcher(pattern))).toThrow(message);
  });

  it('matches no value over 1024 bytes', () => {
    const pattern = engine.compileQuery(matcher('.*'));
    expect(matches(pattern, 'x'.repeat(1024))).toBe(true);
    expect(matches(pattern, 'x'.repeat(1025))).toBe(false);
    expect(matches(engine.compile(matcher('.*')), 'x'.repeat(60_000))).toBe(true);
  });

  it('stays compiled while it is in use', () => {
    const kept = engine.compileQuery(matcher('kept.*'));
    for (let i = 0; i < 150; i++) {
      engine.compileQuery(matcher(`x${i}.*`));
      expect(engine.compileQuery(matcher('kept.*'))).toBe(kept);
    }
    for (let i = 0; i < 150; i++) engine.compileQuery(matcher(`y${i}.*`));
    expect(engine.compileQuery(matcher('kept.*'))).not.toBe(kept);
  });

  it('takes a few ms at most to compile and to match, whatever it is', () => {
    const hostile = [
      '\\pL{100}',
      '.{100}',
      '\\pL'.repeat(42),
      `[${'\\pL\\PN'.repeat(15)}]{100}`,
      `[^${'\u0080-\uffff'.repeat(30)}]{90}`,
      '.*a'.repeat(42),
      `.*a${'.'.repeat(20)}.{100}`,
      `(a|b)*a${'(a|b)'.repeat(20)}`,
      `${'(a*)*'.repeat(25)}`,
      `${'(.?.?)'.repeat(21)}`,
      `.*${'[a-y]?'.repeat(20)}`,
      `(?i)${'(k|s|K|S)*'.repeat(12)}`,
      `${'('.repeat(60)}x${')*'.repeat(30)}`,
    ].filter((pattern) => pattern.length <= 128);
    const values = [
      'a'.repeat(1024),
      'ab'.repeat(512),
      'ü'.repeat(512),
      Array.from({ length: 1024 }, (_, i) => 'ab'[(i * i * 7 + (i >> 3)) % 2]).join(''),
    ];
    for (const pattern of hostile) {
      const compile = (): ValuePattern | undefined => {
        try {
          return engine.compileQuery(matcher(pattern));
        } catch {
          return undefined;
        }
      };
      let compiled: ValuePattern | undefined;
      // Typically below 5 ms.
      const compiling = costOf(() => {
        compiled = compile();
      });
      expect(compiling, pattern).toBeLessThan(30);
      if (compiled === undefined) continue;
      for (const value of values) {
        const matching = costOf(() => void matches(compiled!, value));
        expect(matching, pattern).toBeLessThan(30);
      }
    }
  });
});

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
