import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');
const CODEC = 'model/key/';
const VALUE_CODEC = 'model/value/';

/** What code looks like that writes a series id, takes one apart or knows which names are legal. */
const SIGNS: Readonly<Record<string, RegExp>> = {
  'a label and its quote': /\w="|\}="|'="/,
  'a brace behind a name': /(?<!\\u)\{\$\{|['"`]\{\\?"/,
  'a brace alone': /(['"`])[{}]\1/,
  'a class of all but braces': /\[\^[{}]/,
  'a quote and a closing brace': /"\}[`']/,
  'a code of a brace, quote or backslash': /\b(?:0x(?:7b|7d|22|5c)|123|125|0x3d)\b/i,
  'the names that are legal': /\[a-zA-Z_:?\]\[a-zA-Z0-9_:?\]/,
};

/** What code looks like that writes the text of a value or a tail, or takes it apart. */
const VALUE_SIGNS: Readonly<Record<string, RegExp>> = {
  'a field of a composite': /[{,'"`]g?(?:count|sum):(?! )|(?:bucket|quantile|_spans|_buckets):\[/,
  'a start time': /st@/,
  'an exemplar': /['"`] # /,
};

/** Files with a grammar of their own that has such signs too. */
const OTHER_GRAMMARS: Readonly<Record<string, string>> = {
  'cli/settings/serve-settings.ts': 'an example in a help text',
  'parse/characters.ts': 'pages as others write them',
  'parse/fault-rules.ts': 'pages as others write them',
  'push/status-page/groups-page.ts': 'HTML',
  'push/redirection.ts': 'HTML',
  'selection/selector-parser.ts': 'selectors as clients send them',
  'server/landing-page.ts': 'HTML',
  'stores/redis/cluster-slots.ts': 'hash tags in keys of Redis',
  'stores/redis/layout.ts': 'hash tags in keys of Redis',
};

function signsIn(source: string, known = SIGNS): string[] {
  const code = source
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '');
  return Object.keys(known).filter((sign) => known[sign]!.test(code));
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  // The contract suite is a test: it holds ids that it compares with.
  .filter((file) => /(?<!\.test)\.ts$/.test(file) && !file.startsWith('testing/'));
const others = files.filter((file) => !file.startsWith(CODEC) && !file.startsWith(VALUE_CODEC));
const read = (file: string): string => readFileSync(join(SRC, file), 'utf8');

describe('the grammar of series ids', () => {
  it.each([
    'return `§{label}="§{escaped}"`;',
    "const brace = id.indexOf('{');",
    'const [name] = id.split("{");',
    'return `§{name}{§{pairs.join()}}`;',
    'samples: () => [[\'reason="full"\', 1]],',
    "heads.map((head, i) => `§{i === 0 ? '{' : '\",'}§{head}`);",
    "local life = named[string.match(id, '^[^{]*')]",
    'const BACKSLASH = 0x5c;',
    "return id.endsWith('\"}') ? labels : undefined;",
    'const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*§/;',
  ])('is seen in %s', (code) => {
    // A dollar sign before a brace would look like a forgotten template.
    expect(signsIn(code.replaceAll('§', '$'))).not.toEqual([]);
  });

  it('is known to the codec', () => {
    const known = files.filter((file) => file.startsWith(CODEC)).flatMap((f) => signsIn(read(f)));
    expect(new Set(known).size).toBeGreaterThan(3);
  });

  it.each(others)('is not known to %s', (file) => {
    const signs = signsIn(read(file));
    if (file in OTHER_GRAMMARS) expect(signs, 'an exception that is not needed').not.toEqual([]);
    else expect(signs, `${file} knows how a series id is written; ask ${CODEC}`).toEqual([]);
  });

  it.each(others)('is entered by %s at its door', (file) => {
    const inside = [...read(file).matchAll(/from '[./]*(?:model\/)?(?:key|value)\/([^']+)'/g)];
    for (const [, target] of inside) expect(target).toBe('index.ts');
  });
});

describe('the grammar of values and tails', () => {
  it.each([
    'return `{count:§{count},sum:§{sum}}`;',
    "const sum = text.indexOf(',gsum:');",
    "line.includes('bucket:[')",
    'tail += ` st@§{seconds}`;',
    "text.split(' # ')",
  ])('is seen in %s', (code) => {
    expect(signsIn(code.replaceAll('§', '$'), VALUE_SIGNS)).not.toEqual([]);
  });

  // A parser reads pages as others write them.
  const strangers = files.filter((file) => !/^(?:model\/value|parse)\//.test(file));

  it.each(strangers)('is not known to %s', (file) => {
    const signs = signsIn(read(file), VALUE_SIGNS);
    expect(signs, `${file} knows how a value is written; ask ${VALUE_CODEC}`).toEqual([]);
  });
});
