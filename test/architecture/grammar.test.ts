import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');
const CODEC = 'model/key/';

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

/** Files with a grammar of their own that has such signs too. */
const OTHER_GRAMMARS: Readonly<Record<string, string>> = {
  'selection/selector-parser.ts': 'selectors as clients send them',
  'server/landing-page.ts': 'HTML',
  'stores/redis/cluster-slots.ts': 'hash tags in keys of Redis',
  'stores/redis/layout.ts': 'hash tags in keys of Redis',
};

function signsIn(source: string): string[] {
  const code = source
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '');
  return Object.keys(SIGNS).filter((sign) => SIGNS[sign]!.test(code));
}

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  // The contract suite is a test: it holds ids that it compares with.
  .filter((file) => /(?<!\.test)\.ts$/.test(file) && !file.startsWith('testing/'));
const others = files.filter((file) => !file.startsWith(CODEC));
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
    const inside = [...read(file).matchAll(/from '[./]*(?:model\/)?key\/([^']+)'/g)];
    for (const [, target] of inside) expect(target).toBe('index.ts');
  });
});
