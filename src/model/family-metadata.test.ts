import { describe, expect, it } from 'vitest';
import { catalogFamilies } from './family-metadata.ts';
import { isMetricName } from './key/index.ts';

function only(family: unknown) {
  const { byName, faults } = catalogFamilies([family]);
  return { families: [...byName.values()], faults };
}

describe('the catalogue of families', () => {
  it.each([
    { name: 'a', type: 'gauge' },
    { name: 'a_total', type: 'counter', help: '' },
    { name: 'a', type: 'unknown', help: 'Two\nlines, "quotes" and \u{1f600}.' },
    { name: 'a_bytes', type: 'gauge', unit: 'bytes' },
    { name: 'a_bytes_total', type: 'counter', unit: 'bytes', help: 'All of it.' },
    { name: 'a_b_c', type: 'gauge', unit: 'b_c' },
    { name: 'a', type: 'gauge', unit: 'bytes' },
    { name: 'a_info', type: 'info' },
    { name: 'a.b "c"\n花火', type: 'gauge' },
    { name: 'a', type: 'stateset' },
    { name: 'a', type: 'summary' },
    { name: 'a', type: 'histogram' },
    { name: 'a', type: 'gaugehistogram' },
  ])('takes %j as it is', (family) => {
    expect(only(family)).toEqual({ families: [family], faults: [] });
  });

  it.each([
    [{ name: 'a', type: 'gauge', unit: 'by tes' }, 'unit that is not text'],
    [{ name: '', type: 'gauge' }, 'not a legal metric name'],
    [{ name: '\ud800', type: 'gauge' }, 'not a legal metric name'],
    [{ name: 'a', type: 'gauge', unit: 5 }, 'unit that is not text'],
    [{ name: 'a', type: 'gauge', help: 5 }, 'help that is not a well-formed string'],
    [{ name: 'a', type: 'gauge', help: '\ud800' }, 'help that is not a well-formed string'],
    [{ name: 'a', type: 'untyped' }, 'use one of counter, gauge, unknown'],
    [{ name: 'a' }, 'use one of counter, gauge, unknown'],
    [{ type: 'gauge' }, 'not a legal metric name'],
    [undefined, 'give an object with name and type'],
    ['a gauge', 'give an object with name and type'],
  ])('tells what is wrong with %j', (family, message) => {
    const { families, faults } = only(family);
    expect(faults).toEqual([
      { name: expect.any(String), message: expect.stringContaining(message) },
    ]);
    // What is sound of it is used.
    const isFamily = /help|unit/.test(message);
    expect(families).toEqual(
      isFamily ? [expect.not.objectContaining({ unit: expect.anything() })] : [],
    );
  });

  it('leaves out an empty unit and what is undefined, without a word', () => {
    const family = { name: 'a', type: 'gauge', help: undefined, unit: '' };
    expect(only(family)).toEqual({ families: [{ name: 'a', type: 'gauge' }], faults: [] });
  });

  it('keeps the first word on a family, and reports another one', () => {
    const first = { name: 'a', type: 'gauge', help: 'First.' };
    const given = [
      first,
      { ...first },
      { ...first, help: 'Second.' },
      { ...first, type: 'counter' },
    ];
    const { byName, faults } = catalogFamilies(given);
    expect([...byName.values()]).toEqual([first]);
    expect(faults.map(({ name }) => name)).toEqual(['a', 'a']);
    expect(faults[0]!.message).toContain('conflicts with metadata given earlier');
  });

  it('keeps a hundred faults, each with a short name', () => {
    const bad = Array.from({ length: 500 }, (_, i) => ({ name: `${'x '.repeat(200)}${i}` }));
    const { faults } = catalogFamilies(bad);
    expect(faults).toHaveLength(100);
    expect(Math.max(...faults.map(({ name }) => name.length))).toBe(200);
  });
});

describe('names', () => {
  it.each(['a', 'A9', '_', ':', 'a:b_c', '__name__'])('%s is legal', (name) => {
    expect(isMetricName(name)).toBe(true);
  });

  it.each(['', '9a', 'a-b', 'a.b', 'a b', 'é', 'a\n', '\na'])('%j is not legal', (name) => {
    expect(isMetricName(name)).toBe(false);
  });
});
