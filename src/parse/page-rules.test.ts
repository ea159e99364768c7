import { describe, expect, it } from 'vitest';
import { InvalidExpositionError, type ParseOptions, parseExposition } from './index.ts';

/** The rules that a page breaks by its specification, each with its line and column. */
function faultsOf(page: string | Uint8Array, options: ParseOptions): string[] {
  try {
    parseExposition(page, options);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidExpositionError)) throw error;
    return error.faults.map(({ rule, line, column }) => `${rule} ${line}:${column}`);
  }
}

const HISTOGRAM = '# TYPE a histogram\n';
const whole = (label: string): string =>
  `a_bucket{x="${label}",le="+Inf"} 1\na_sum{x="${label}"} 1\na_count{x="${label}"} 1\n`;

describe('OpenMetrics 1.0 by the specification', () => {
  it.each<[string, string[]]>([
    // States of one metric are together, and have its timestamp.
    ['# TYPE a stateset\na{x="1",a="s"} 1\na{x="1",a="t"} 0\na{x="2",a="s"} 1\n', []],
    [
      '# TYPE a stateset\na{x="1",a="s"} 1\na{x="2",a="s"} 1\na{x="1",a="t"} 0\n',
      ['interleaved 4:1'],
    ],
    ['# TYPE a stateset\na{a="s"} 1 2\na{a="t"} 0 1\n', ['timestamp_order 3:10']],
    ['# TYPE a stateset\na{a="s"} 1 2\na{a="t"} 0\n', ['timestamp_order 3:10']],
    ['# TYPE a stateset\na{a="s"} 1\na{a="s"} 0\n', ['duplicate_series 3:1']],
    ['# TYPE a stateset\na{a=""} 1\n', []],
    // When a counter began is said beside its value.
    ['# TYPE a counter\na_created 1\na_total 1\n', []],
    [
      '# TYPE a counter\na_total{x="1"} 1\na_total{x="2"} 1\na_created{x="1"} 1\n',
      ['interleaved 4:1'],
    ],
    ['# TYPE a counter\na_total 1 1\na_created 1\n', ['timestamp_order 3:11']],
    ['# TYPE a counter\na_total 1\na_created 1\na_created 2\n', ['duplicate_series 4:1']],
    // Bounds are decimal numbers or +Inf.
    [`${HISTOGRAM}a_bucket{le="inf"} 0\n`, ['bucket_label 2:20']],
    [`${HISTOGRAM}a_bucket{le="+INF"} 0\n`, ['bucket_label 2:21']],
    [`${HISTOGRAM}a_bucket{le="0x1p3"} 0\na_bucket{le="+Inf"} 0\n`, ['bucket_label 2:22']],
    // Lines of a histogram or summary are there once at a time.
    [`${HISTOGRAM}a_bucket{le="+Inf"} 1 2\na_bucket{le="+Inf"} 2 1\n`, ['timestamp_order 3:21']],
    [`${HISTOGRAM}${whole('1')}a_sum{x="1"} 2\n`, ['duplicate_series 2:1']],
    [
      '# TYPE a summary\na{quantile="0.5"} 1\na{quantile="0.5"} 1\na_sum 1\na_count 1\n',
      ['duplicate_series 2:1'],
    ],
  ])('%j', (page, faults) => {
    expect(faultsOf(`${page}# EOF\n`, { format: 'openmetrics' })).toEqual(faults);
  });
});

describe('text by the specification', () => {
  it('has each histogram once', () => {
    expect(faultsOf(HISTOGRAM + whole('1') + whole('2'), {})).toEqual([]);
    expect(faultsOf(HISTOGRAM + whole('1') + whole('2') + whole('1'), {})).toEqual([
      'duplicate_series 8:1',
    ]);
  });
});

describe('the column of a fault', () => {
  const page = 'a{x="é",y="\u{1f600}",z="z} 1\n';

  it('is counted in characters, whatever else is in the page', () => {
    const broken = Buffer.concat([
      Buffer.from(`${page}b{x="`),
      Buffer.of(0xff),
      Buffer.from('"} 1\n'),
    ]);
    expect(faultsOf(page, {})).toEqual(['label_open 1:17']);
    expect(faultsOf(broken, {})).toEqual(['label_open 1:17', 'utf8 2:5']);
  });

  it('comes with the line as it is', () => {
    const broken = Buffer.concat([Buffer.from(page), Buffer.of(0xff)]);
    const { faults } = parseExposition(broken, { rules: 'tolerant' });
    expect(faults[0]).toMatchObject({ excerpt: page.trim(), mark: page.indexOf('"z}') });
  });
});
