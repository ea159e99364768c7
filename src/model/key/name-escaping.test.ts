import { describe, expect, it } from 'vitest';
import { readVectors } from '../../../test/support/vectors.ts';
import {
  ESCAPING_SCHEMES,
  type EscapingScheme,
  escapeName,
  KeyFrame,
  labelPair,
  metricNameText,
  renameLabels,
  splitLabels,
  unescapeValuesName,
} from './index.ts';

interface NameVector {
  readonly kind: string;
  readonly name: string;
  readonly metric: Readonly<Partial<Record<EscapingScheme, string>>>;
  readonly label: Readonly<Partial<Record<EscapingScheme, string>>>;
  readonly commonUnescape: { readonly values: string };
  readonly quotedMetric: string;
  readonly quotedLabel: string;
}

const NAMES = readVectors<NameVector>('utf8-escaping.jsonl').filter(({ kind }) => kind === 'name');

/** Go reads no code points of six digits. */
const UNREAD_IN_GO: ReadonlySet<string> = new Set(['a\u{10ffff}']);

describe('the name', () => {
  it.each(NAMES)('$name is escaped in each scheme', ({ name, metric, label }) => {
    for (const scheme of ESCAPING_SCHEMES) {
      expect(escapeName(name, scheme, 'metric')).toBe(metric[scheme] ?? name);
      expect(escapeName(name, scheme, 'label')).toBe(label[scheme] ?? name);
    }
  });

  it.each(NAMES)(
    '$name is read back from the scheme of values',
    ({ name, metric, commonUnescape }) => {
      const expected = UNREAD_IN_GO.has(name) ? name : commonUnescape.values;
      expect(unescapeValuesName(metric.values!)).toBe(expected);
    },
  );

  it.each(NAMES)('$name is quoted if need be', ({ name, quotedMetric, quotedLabel }) => {
    expect(metricNameText(name)).toBe(quotedMetric);
    const labels = renameLabels(labelPair('x', '1'), () => name);
    expect(labels).toBe(`${quotedLabel}="1"`);
    expect(splitLabels(labels!)).toEqual([[name, '1']]);
  });

  it.each(['U__a_', 'U__a_2e', 'U__a_x_', 'U__a_110000_', 'U__a_d800_', 'U__a_0000061_', 'a_2e_'])(
    '%s is not of the scheme of values, and stays',
    (name) => {
      expect(unescapeValuesName(name)).toBe(name);
    },
  );
});

describe('the keys of a name', () => {
  it.each([
    ['a', 'a', 'a{b="c"}', 'a{b="c",le="1"}', 'a{le="1"}'],
    ['a.b', '{"a.b"}', '{"a.b",b="c"}', '{"a.b",b="c",le="1"}', '{"a.b",le="1"}'],
  ])('%s are written and taken apart', (name, bare, labelled, both, last) => {
    const frame = new KeyFrame(name);
    expect(frame.keyOf('')).toBe(bare);
    expect(frame.keyOf('b="c"')).toBe(labelled);
    expect(frame.keyOf('b="c"', 'le="1"')).toBe(both);
    expect(frame.keyOf('', 'le="1"')).toBe(last);
    expect(frame.labelsOf(bare)).toBe('');
    expect(frame.labelsOf(labelled)).toBe('b="c"');
  });
});

describe('labels with other names', () => {
  it('are in the order of these', () => {
    const labels = '"b.c"="1",x="\\"}\\\\"';
    expect(renameLabels(labels, (name) => (name === 'x' ? 'a' : 'b_c'))).toBe(
      'a="\\"}\\\\",b_c="1"',
    );
  });

  it('are none if two have one name, or one has the name of the metric', () => {
    expect(renameLabels('"b-c"="1","b.c"="2"', () => 'b_c')).toBeUndefined();
    expect(renameLabels('"-name-"="1"', () => '__name__')).toBeUndefined();
  });
});
