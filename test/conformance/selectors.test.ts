import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SnapscrapeError, seriesId } from '../../src/index.ts';
import { parseSelector } from '../../src/selection/selector-parser.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { familyOf, snapshotOf } from '../../src/snapshot/snapshot.ts';
import { selectedIds, selectorFor } from '../support/selecting.ts';
import { skipWithout, toolPath } from '../support/tools.ts';
import { type AskingProcess, startAsking } from './asking-process.ts';

// Prometheus's own parser and matchers say what a selector means.

type Series = Readonly<Record<string, string>>;

interface Job {
  readonly question: { readonly selector: string; readonly series: readonly Series[] };
}

interface Verdict {
  readonly refusal?: string;
  readonly selected: readonly boolean[];
}

const VALUES = [
  '',
  'x',
  'X',
  'xy',
  'y',
  'xx',
  'x\ny',
  '\n',
  'a b',
  '"',
  '\\',
  "'",
  '`',
  'ü',
  'Ü',
  'ß',
  'ſ',
  's',
  'S',
  'k',
  '\u212a',
  'ς',
  'σ',
  'Σ',
  'İ',
  'i',
  'ı',
  '\u{1f600}',
  '\u{10400}',
  '\u{10428}',
  '\ufffd',
  '\0',
  '\u0085',
  '\u2028',
  '1',
  '٣',
  'a.b',
  'a|b',
  'foo-bar',
  '10.0.0.1',
  '__proto__',
  'e\u0301',
  'é',
  '\u00a0',
  ' ',
  '_',
] as const;

const SERIES: readonly Series[] = [
  ...VALUES.map((a) => ({ __name__: 'up', a, ...(a.length > 1 && { b: 'x' }) })),
  { __name__: 'up' },
  { __name__: 'a:b', b: 'x', a: 'y' },
  { __name__: 'on', a: 'x' },
  { __name__: 'xy', aa: 'x', b: '' },
];

/**
 * What we take, and Prometheus does not: the words that PromQL keeps for itself as metric names.
 */
const RESERVED = /^(?:\s|#[^\n]*\n)*(?:on|ignoring|group_left|group_right|bool|atan2|inf|nan)\b/i;

/** What Prometheus accepts and we do not: two groups of one name. */
const NOT_TAKEN = /at most|duplicate capture group name/;

/**
 * Of 5000 selectors, so many at least must be read, and so many not, for the comparison to tell.
 */
const ENOUGH: unknown = expect.toSatisfy((count: number) => count >= 500);

let judge: AskingProcess<Job, Verdict> | undefined;

/** What we make of a selector: the verdict on each series, or why there is none. */
async function ours(selector: string): Promise<readonly boolean[] | string> {
  try {
    const selection = [{ kind: 'match', selectors: [parseSelector(selector)] }] as const;
    const ids = new Set(selectedIds(await selectorFor(selection).select(SNAPSHOT)));
    return SERIES.map((series) => ids.has(idOf(series)));
  } catch (error) {
    if (!(error instanceof SnapscrapeError) || error.code !== 'invalid_selector') throw error;
    return error.message;
  }
}

function idOf({ __name__: name, ...labels }: Series): string {
  return seriesId({ name: name!, labels });
}

const SNAPSHOT = snapshotOf(
  [...new Set(SERIES.map(({ __name__ }) => __name__!))].sort().map((name) => {
    const builder = new ChunkBuilder(noWork());
    const ids = new Set(SERIES.filter(({ __name__ }) => __name__ === name).map(idOf));
    for (const id of [...ids].sort()) builder.addLine(id, 1, 1, true);
    return familyOf(name, undefined, builder.finish());
  }),
  [],
);

async function compare(selector: string): Promise<'selects' | 'refuses'> {
  const theirs = await judge!.ask({ question: { selector, series: SERIES } });
  const own = await ours(selector);
  if (typeof own === 'string') {
    if (!NOT_TAKEN.test(own))
      expect(theirs.refusal, `${selector}: we refuse: ${own}`).toBeDefined();
    return 'refuses';
  }
  if (theirs.refusal !== undefined) {
    expect(selector, `Prometheus refuses: ${theirs.refusal}`).toMatch(RESERVED);
    return 'refuses';
  }
  expect(own, selector).toEqual(theirs.selected);
  return 'selects';
}

beforeAll(() => {
  const command = toolPath('judge-go');
  judge = command === undefined ? undefined : startAsking('judge-go', command);
});
afterAll(() => judge?.close());

describe('a selector means what it means to Prometheus', () => {
  skipWithout('judge-go');

  it.each([
    'up',
    ' up ',
    'up{}',
    '{}',
    '{,}',
    'up{,}',
    'up{a="x",}',
    'up{a="x",,}',
    '{a="x"}',
    '{a=""}',
    '{a!=""}',
    '{a!="x"}',
    'a:b',
    ':a',
    'a:b{a="y"}',
    '{a:b="x"}',
    '{__name__="up"}',
    '{__name__=~"u.|xy"}',
    'up{__name__="up"}',
    'up{__name__="xy"}',
    'up{"xy"}',
    '{"up"}',
    '{"up",a="x"}',
    '{a="x","up"}',
    '{"up","xy"}',
    '{""}',
    '{"a"="x"}',
    '{\'a\'="x"}',
    '{`a`=`x`}',
    '{"a.b"="x"}',
    '{"a.b"!="x"}',
    '{""=""}',
    '{""="x"}',
    'up{a=`\\`}',
    'up{a="\\\\"}',
    'up{a="\\""}',
    "up{a='\"'}",
    "up{a='\\''}",
    'up{a="\\\'"}',
    "up{a='\\\"'}",
    'up{a="\\n"}',
    'up{a="\n"}',
    'up{a=`\n`}',
    'up{a="\\x78"}',
    'up{a="\\170"}',
    'up{a="\\777"}',
    'up{a="\\u00fc"}',
    'up{a="\\U0001f600"}',
    'up{a="\\xc3\\xbc"}',
    'up{a="\\303\\274"}',
    'up{a="\\xff"}',
    'up{a!="\\xff"}',
    'up{a="\\ud800"}',
    'up{a="\\U00110000"}',
    'up{a="\\ufffd"}',
    'up{a="\ufffd"}',
    'up{a=`\ufffd`}',
    'up{a="\\q"}',
    'up{a="\\x7"}',
    'up{a="\\a\\b\\f\\r\\t\\v"}',
    'up{a="\\0"}',
    'up{a="\\000"}',
    'up{a="\0"}',
    'up#c',
    'up{#c\na="x"}',
    'up{#c',
    '#c\nup',
    'up{a#c\n=#d\r"x"}',
    '',
    ' ',
    '#',
    'up up',
    'up{}{}',
    'up{a="x"}}',
    'up{{',
    'up{a}',
    'up{a=}',
    'up{a=x}',
    'up{a=="x"}',
    'up{a>"x"}',
    'up{a=~}',
    'up{=~"x"}',
    'up{1a="x"}',
    'up{a1="x"}',
    '1up',
    'ü',
    'up{ü="x"}',
    'up{"ü"!="x"}',
    'up[5m]',
    'up offset 5m',
    'up @ 1',
    'rate(up)',
    'rate(up[5m])',
    '(up)',
    '-up',
    'up + 1',
    'up{a="x"} # end',
    '"up"',
    '1',
    'sum',
    'sum{a="x"}',
    'offset',
    'and',
    'by{}',
    'start',
    'fill',
    'fill_left',
    'step',
    'on',
    'bool{a="x"}',
    'inf',
    'NaN',
    'infinity',
    'on{a="x"}',
    'up {a="x"}',
    'up\t{\r\na\n=\n"x"\n}\n',
    'up\u00a0',
    'up\v',
    'up{a="x"\u00a0}',
    'up{a="x" b="x"}',
    'up{a="x";b="x"}',
    'up{a="x" "up"}',
    'up,',
    ',up',
    'up{a = "x" , b != "y"}',
    'up{a! ="x"}',
    'up{a= ~"x"}',
    'up{a!~"x"}',
    'up{a!"x"}',
    'up{a="\ud83d\ude00"}',
  ])('%j', async (selector) => {
    await compare(selector);
  });

  it.each([
    'x.*',
    '.*',
    '.+',
    '.',
    '',
    '|',
    'x|',
    '|x',
    'x|y',
    '(x|y)',
    'x|xy',
    '(?:x|xy)',
    '^x$',
    '^x',
    'x$',
    '$',
    '^',
    '(?m)x$',
    '(?m)^x$\n^y$',
    'x.y',
    '(?-s)x.y',
    '(?-s:.)',
    '(?s:.)',
    '[^x]',
    '[^x]*',
    '(?i)x',
    '(?i)X',
    '(?i:x)y',
    '(?i)ü',
    '(?i)s',
    '(?i)ſ',
    '(?i)k',
    '(?i)\u212a',
    '(?i)σ',
    '(?i)ß',
    '(?i)i',
    '(?i)İ',
    '(?i)ı',
    '(?i)\u{10400}',
    '(?i)[a-z]',
    '(?i)[^a-z]',
    '\\pL',
    '\\PL',
    '\\p{L}',
    '\\p{Lu}',
    '\\p{Greek}',
    '\\p{^Greek}',
    '\\P{Greek}',
    '\\p{Any}',
    '\\p{Nope}',
    '\\p{Script=Greek}',
    '\\p{Latin}',
    '\\p{So}',
    '\\p{Nd}',
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '\\s+',
    '\\bx\\b',
    '\\Bx',
    'x\\b',
    '\\Ax\\z',
    '\\Z',
    '\\z',
    '\\A',
    '\\C',
    '\\Q.\\E',
    '\\Qa.b\\E',
    '\\Qa.b',
    'a\\.b',
    'a.b',
    '[[:alpha:]]',
    '[[:^alpha:]]',
    '[[:word:]]+',
    '[[:nope:]]',
    '[a]',
    '[]a]',
    '[^]a]',
    '[a-',
    '[b-a]',
    '[a-\\d]',
    'a(b',
    'a)b',
    '()',
    '(?P<n>x)',
    '(?<n>x)',
    '(?P<n>x)(?P<n>y)',
    '(?P=n)',
    '(?=x)',
    '(?!x)',
    '(?<=x)',
    '(?>x)',
    '(?#x)',
    '(x)\\1',
    'x**',
    'x*+',
    'x*?',
    'x+?',
    'x??',
    'x{2}',
    'x{1,2}',
    'x{,2}',
    'x{2,1}',
    'x{1001}',
    'x{2',
    '{2}',
    '*',
    '+',
    '?',
    '\\x78',
    '\\x{78}',
    '\\x{1F600}',
    '\\x{110000}',
    '\\170',
    '\\0',
    '\\08',
    '\\u0078',
    '\\e',
    '\\a',
    '\\f',
    '\\t',
    '\\n',
    '\\r',
    '\\v',
    '\\ü',
    '\\_',
    '\\-',
    '\\/',
    '/',
    '#',
    '(?x)a b',
    '(?U)x+',
    '(?is)X.Y',
    '(?z)',
    '(?i',
    '(?',
    '(',
    '\\',
    '[\\',
    '10\\.0\\.0\\.\\d+',
    '\ufffd',
    '\\x{fffd}',
    '[^\\x00-\\x{10FFFF}]',
    'x\\ny',
    'x\ny',
    '(?i)é',
    'é',
    'e\u0301',
    'x.{0}',
    '(x{0})y',
    '.{1}',
    '.{2,}',
    '(a|b|)+',
    '(|x)y',
    '\\Q\\E',
    '\\E',
    '[\\Qx\\E]',
    '__proto__',
    '.*-.*',
    'foo-.*|x',
    'foo-bar|x.y',
  ])('the pattern %j', async (pattern) => {
    for (const operator of ['=~', '!~']) {
      await compare(`up{a${operator}${quoted(pattern)}}`);
    }
  });

  it.each(['\\p{Emoji}+', '\\p{Alphabetic}', '\\p{White_Space}', '\\p{Garay}', '\\p{Sidetic}'])(
    'but for properties and scripts that it does not know: %s',
    async (pattern) => {
      const selector = `up{a=~"${pattern.replace('\\', '\\\\')}"}`;
      const { refusal } = await judge!.ask({ question: { selector, series: SERIES } });
      expect(refusal).toContain('invalid character class range');
      expect(await ours(selector)).toContain(false);
    },
  );

  it('any other, made up at random', async () => {
    const part = fc.oneof(
      fc.constantFrom(
        'up',
        'a',
        'b',
        'xy',
        '{',
        '}',
        ',',
        '=',
        '!=',
        '=~',
        '!~',
        ' ',
        '"x"',
        '""',
        '"up"',
        "'y'",
        '`x.*`',
        '#',
        '\n',
        '"',
        '\\',
        'on',
        '__name__',
        '(',
        '[',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const value = fc.oneof(
      fc.constantFrom(...VALUES, '.*', 'x.*', '[^x]+', '(?i)X'),
      fc.string({ maxLength: 5 }),
    );
    const sound = fc
      .array(
        fc.tuple(
          fc.constantFrom('a', 'b', '__name__', '"a"', 'zz'),
          fc.constantFrom('=', '!=', '=~', '!~'),
          value,
        ),
        {
          maxLength: 3,
        },
      )
      .map((list) => `up{${list.map(([l, o, v]) => `${l}${o}${quoted(v)}`).join(',')}}`);
    const selector = fc.oneof(
      sound,
      fc.array(part, { maxLength: 10 }).map((parts) => parts.join('')),
    );
    expect(await compareAll(selector)).toEqual({ selects: ENOUGH, refuses: ENOUGH });
  });

  it('any other pattern, made up at random', async () => {
    const pieces =
      '. * + ? | ( ) (?: (?i) (?i: [ ] [^ ^ $ - {2} {1,} {,3} \\ \\b \\d \\S \\pL \\PN \\x41 \\Q \\E & , : = <n> # /';
    const piece = fc.oneof(fc.constantFrom(...pieces.split(' ')), fc.constantFrom(...VALUES));
    const pattern = fc.array(piece, { maxLength: 8 }).map((parts) => parts.join(''));
    const operator = fc.constantFrom('=~', '!~');
    const selector = fc.tuple(operator, pattern).map(([o, p]) => `up{a${o}${quoted(p)}}`);
    expect(await compareAll(selector)).toEqual({ selects: ENOUGH, refuses: ENOUGH });
  });
});

/** Compares many selectors and answers how many were read and how many were not. */
async function compareAll(
  selector: fc.Arbitrary<string>,
): Promise<{ selects: number; refuses: number }> {
  const counts = { selects: 0, refuses: 0 };
  await fc.assert(
    fc.asyncProperty(selector, async (text) => {
      counts[await compare(text)]++;
    }),
    { numRuns: 5000 },
  );
  return counts;
}

/** Quotes any text, also what a selector may only have as an escape. */
function quoted(text: string): string {
  const rare = /["\\\n\ufffd]/g;
  return `"${text.replace(rare, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`;
}
