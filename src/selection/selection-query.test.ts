import { describe, expect, it } from 'vitest';
import type { Selection } from './selection.ts';
import {
  fixedSelection,
  SELECTION_CHECKS,
  type SelectionOptions,
  type SubsetOptions,
  selectionOf,
} from './selection-query.ts';

/** A selection without the places of its matchers. */
function bare(selection: Selection | undefined): unknown {
  return selection?.map((term) =>
    term.kind === 'match'
      ? { match: term.selectors.map((s) => s.map((m) => `${m.label}${m.operator}${m.value}`)) }
      : term,
  );
}

describe('a query', () => {
  it.each([
    '',
    'a=b',
    'debug=x&collect[]=cpu&namespace=x&matching=y&shardless=z&=name',
    'name[]=',
    'name[]=&name[]=&prefix[]=&match[]=&shard=',
    'shard=1/1',
    'shard=1/1&shard=1/2',
  ])('%j selects everything', (query) => {
    expect(selectionOf(query)).toBeUndefined();
  });

  it('selects by names, prefixes, selectors and shards, which restrict each other', () => {
    const query = new URLSearchParams([
      ['name[]', 'b'],
      ['name[]', ''],
      ['name[]', 'a'],
      ['prefix[]', 'gh_'],
      ['match[]', 'up{b!="x",a="ü"}'],
      ['match[]', '{}'],
      ['shard', '2/4'],
      ['shard', '1/4'],
    ]);
    const expected = [
      { kind: 'name', names: new Set(['a', 'b']) },
      { kind: 'prefix', prefixes: ['gh_'] },
      { match: [['b!=x', 'a=ü', '__name__=up'], []] },
      {
        kind: 'shard',
        shards: [
          { index: 2, of: 4 },
          { index: 1, of: 4 },
        ],
      },
    ];
    expect(bare(selectionOf(query))).toEqual(expected);
    expect(bare(selectionOf(query.toString()))).toEqual(expected);
  });

  it.each<[string, string, SubsetOptions?]>([
    ['match[]={', 'column 2'],
    ['match[]=up&match[]=up{a="b"', 'column 9'],
    ['shard=0/4', '"0/4" is not a shard'],
    ['shard=1/2000', '"1/2000" is not a shard'],
    [`name[]=${'x&name[]='.repeat(1025)}`, '1025 values of name[]; at most 1024'],
    [`match[]=${'x&match[]='.repeat(65)}`, '65 values of match[]; at most 64'],
    [`match[]=${`{${'a="b",'.repeat(60)}}&match[]=`.repeat(3)}`, '180 matchers; at most 128'],
    [`name[]=${'x'.repeat(70_000)}`, 'more than 65536 characters'],
    ['x'.repeat(200_000), 'more than 65536 characters'],
    ['match[]={a=~"x"}', 'column 5: the pattern is not allowed in queries here'],
    ['match[]={b!="",a!~"x"}', 'subsets: { patterns: true }', { patterns: false }],
    [`match[]=${'{a=~"x."}&match[]='.repeat(9)}`, '9 patterns; at most 8', { patterns: true }],
  ])('%.40s is rejected', (query, message, options) => {
    expect(() => selectionOf(query, options)).toThrow(
      expect.objectContaining({
        code: 'invalid_selector',
        message: expect.stringContaining(message),
      }),
    );
  });

  it.each([
    ['name', 'name[]'],
    ['names', 'name[]'],
    ['names[]', 'name[]'],
    ['NAME[]', 'name[]'],
    ['name[0]', 'name[]'],
    ['name%5B%5D%20', 'name[]'],
    ['name%255B%255D', 'name[]'],
    ['match%25255b%25255d', 'match[]'],
    ['match{}', 'match[]'],
    ['match()', 'match[]'],
    ['%22match%22[]', 'match[]'],
    ['match_0', 'match[]'],
    ['[match]', 'match[]'],
    ['shard:1', 'shard'],
    ['prefix', 'prefix[]'],
    ['prefixes[]', 'prefix[]'],
    ['match', 'match[]'],
    ['match[', 'match[]'],
    ['matches', 'match[]'],
    ['matcher[]', 'match[]'],
    ['matchers', 'match[]'],
    ['shards', 'shard'],
    ['shard[]', 'shard'],
    ['Shard', 'shard'],
  ])('the parameter %s is rejected, even without a value, and %s is named', (given, right) => {
    for (const value of ['', 'x', '1/2']) {
      expect(() => selectionOf(`a=b&${given}=${value}`)).toThrow(
        expect.objectContaining({
          code: 'invalid_selector',
          message: expect.stringMatching(/^Unknown parameter "/),
        }),
      );
      expect(() => selectionOf(`${given}=${value}`)).toThrow(`; write ${right}`);
    }
  });

  it('may have patterns where they are allowed, and more of plain alternatives', () => {
    const query = 'match[]={a=~"x."}&match[]={a!~"b|c"}&'.repeat(8);
    expect(selectionOf(query, { patterns: true })).toHaveLength(1);
  });
});

describe('a fixed selection', () => {
  it('is that of the same query', () => {
    const match = ['{c="d"}', 'e'];
    const options = { names: ['a'], prefixes: ['b'], match, shard: '1/2' };
    expect(fixedSelection(options)).toEqual(
      selectionOf('name[]=a&prefix[]=b&match[]={c="d"}&match[]=e&shard=1/2'),
    );
    expect(fixedSelection({ match: 'e' })).toEqual(selectionOf('match[]=e'));
    expect(fixedSelection({})).toBeUndefined();
  });

  it('may have any number of patterns', () => {
    const match = Array.from({ length: 64 }, (_, i) => `{a=~"x${i}.*",b!~".*y"}`);
    expect(SELECTION_CHECKS.match(match)).toBeUndefined();
  });

  it.each<[keyof SelectionOptions, unknown, string]>([
    ['names', [], 'not empty'],
    ['names', ['a', ''], 'not empty'],
    ['names', 'a', '1 to 1024 texts'],
    ['prefixes', [''], '1 to 64 texts'],
    ['match', '{a=b}', 'column 4'],
    ['match', '', 'not empty'],
    ['match', [''], 'not empty'],
    ['shard', '3/2', 'not a shard'],
  ])('%s: %j is rejected, and never shows everything', (option, value, problem) => {
    expect(SELECTION_CHECKS[option](value)).toContain(problem);
  });
});
