import { describe, expect, it } from 'vitest';
import { bothSelections } from './selection.ts';
import { type SelectionOptions, selection, selectionOf } from './selection-query.ts';

const textOf = (query: string): string | undefined => selectionOf(query)?.text;

describe('a query', () => {
  it.each([
    '',
    'a=b',
    'name[]=',
    'name[]=&name[]=&prefix[]=&match[]=&shard=',
    'name=a&match=b&shards=1/2',
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
      ['match[]', 'up{b!~"x.*",a="ü"}'],
      ['match[]', '{}'],
      ['shard', '2/4'],
      ['shard', '1/4'],
    ]);
    const text =
      'match {"a"="ü","b"!~"x.*",__name__="up"},{}\nname "a","b"\nprefix "gh_"\nshard 1/4,2/4';
    expect(selectionOf(query)?.text).toBe(text);
    expect(selectionOf(query.toString())?.text).toBe(text);
  });

  it('has the same text in whatever order it is written, and another where it means another', () => {
    const same = 'match[]={a="1",b="2"}&match[]=x&name[]=n&name[]=n';
    expect(textOf('name[]=n&match[]=x&match[]={b="2",a="1"}')).toBe(textOf(same));
    const others = [
      'name[]=a,b',
      'name[]=a&name[]=b',
      'prefix[]=a',
      'match[]=a',
      'match[]={"a"}',
      'match[]={"__name__"="a"}',
      'match[]={__name__!="a"}',
      'match[]={a=""}',
      'match[]={a="\\xff"}',
      'match[]={a="\\xfe"}',
      'shard=1/2',
      'name[]=a","b',
    ];
    // The three ways to write a metric name mean the same.
    expect(new Set(others.map(textOf)).size).toBe(others.length - 2);
  });

  it.each([
    ['match[]={', 'column 2'],
    ['match[]=up&match[]=up{a="b"', 'column 9'],
    ['shard=0/4', '"0/4" is no shard'],
    ['shard=1/2000', '"1/2000" is no shard'],
    [`name[]=${'x&name[]='.repeat(1025)}`, '1025 values of name'],
    [`match[]=${'x&match[]='.repeat(65)}`, '65 values of match'],
    [`name[]=${'x'.repeat(70_000)}`, 'longer than 65536'],
    ['x'.repeat(200_000), 'longer than 65536'],
    [`match[]=${'{a=~"x."}&match[]='.repeat(17)}`, '17 patterns'],
  ])('%.40s is refused', (query, message) => {
    expect(() => selectionOf(query)).toThrow(
      expect.objectContaining({
        code: 'invalid_selector',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('with a pattern that is none is refused when it is prepared, with the column', async () => {
    const bad = selectionOf('match[]={a=~"("}');
    await expect(bad?.prepare()).rejects.toMatchObject({
      code: 'invalid_selector',
      message: expect.stringContaining('column 5'),
    });
    await expect(selectionOf('match[]={a=~"x.*"}')?.prepare()).resolves.toBeUndefined();
  });
});

describe('a fixed selection', () => {
  it('is that of the same query', () => {
    expect(selection({ names: ['a'], prefixes: ['b'], match: '{c="d"}', shard: '1/2' })?.text).toBe(
      textOf('name[]=a&prefix[]=b&match[]={c="d"}&shard=1/2'),
    );
    expect(selection({ match: ['{c="d"}', 'e'] })?.text).toBe(textOf('match[]={c="d"}&match[]=e'));
    expect(selection({})).toBeUndefined();
  });

  it('has all of its faults told together, and never shows everything for want of a name', () => {
    const wrong: SelectionOptions = { names: [], prefixes: [''], match: '{a=b}', shard: '3/2' };
    expect(() => selection(wrong, 'a view')).toThrow(
      expect.objectContaining({
        code: 'invalid_options',
        message: expect.stringMatching(
          /^a view: .*names.*; .*prefixes.*; .*match.*column 4.*; .*shard/,
        ),
      }),
    );
    for (const match of [[], '', ['']]) expect(() => selection({ match })).toThrow('not empty');
  });
});

describe('both of two selections', () => {
  it('are the terms of both, and one where there is only one', () => {
    const [a, b] = [selectionOf('name[]=a&shard=1/2'), selectionOf('name[]=b&shard=1/2')];
    expect(bothSelections(a, b)?.text).toBe('name "a"\nname "b"\nshard 1/2');
    expect(bothSelections(a, a)?.text).toBe(a?.text);
    expect(bothSelections(a, undefined)).toBe(a);
    expect(bothSelections(undefined, b)).toBe(b);
    expect(bothSelections(undefined, undefined)).toBeUndefined();
  });
});
