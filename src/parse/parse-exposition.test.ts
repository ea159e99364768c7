import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  MUTATED_FORMATS,
  type MutatedFormat,
  mutatedPages,
} from '../../test/conformance/page-mutation.ts';
import { tries } from '../../test/support/tries.ts';
import {
  type Exposition,
  formatOfBytes,
  formatOfContentType,
  InvalidExpositionError,
  lintExposition,
  type ParseOptions,
  parseExposition,
  streamExposition,
} from './index.ts';

const HISTOGRAM =
  '# TYPE lag histogram\nlag_bucket{q="a",le="1"} 1\nlag_bucket{q="a",le="+Inf"} 2\nlag_sum{q="a"} 3\nlag_count{q="a"} 2\n';
const LAG = {
  name: 'lag',
  labels: { q: 'a' },
  value: {
    count: 2,
    sum: 3,
    buckets: [
      [1, 1],
      [Infinity, 2],
    ],
  },
};

function faultsOf(page: string | Uint8Array, options: ParseOptions = {}): string[] {
  try {
    return parseExposition(page, options).faults.map(
      ({ rule, line, column }) => `${rule} ${line}:${column}`,
    );
  } catch (error) {
    if (!(error instanceof InvalidExpositionError)) throw error;
    return error.faults.map(({ rule, line, column }) => `${rule} ${line}:${column}`);
  }
}

async function inPieces(page: Buffer, size: number, options: ParseOptions): Promise<string> {
  const pieces = function* (): Generator<Uint8Array> {
    for (let at = 0; at < page.length; at += size) yield page.subarray(at, at + size);
  };
  try {
    return textOf(await parseExposition(pieces(), options));
  } catch (error) {
    return (error as InvalidExpositionError).faults.map(({ rule }) => rule).join();
  }
}

function whole(page: Buffer, options: ParseOptions): string {
  try {
    return textOf(parseExposition(page, options));
  } catch (error) {
    return (error as InvalidExpositionError).faults.map(({ rule }) => rule).join();
  }
}

const textOf = ({ families, points, faultCount }: Exposition): string =>
  JSON.stringify({ families, points, faultCount }, (_, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  );

describe('parseExposition', () => {
  it('makes one point of a histogram, also if its lines are apart in their family', () => {
    expect(parseExposition(HISTOGRAM).points).toEqual([LAG]);
    const [type, ...lines] = HISTOGRAM.trim().split('\n');
    const apart = [type, ...lines.reverse()].join('\n');
    expect(parseExposition(`${apart}\n`, { rules: 'tolerant' }).points).toEqual([LAG]);
  });

  it('gives lines as they are that make no whole histogram', () => {
    const { families, points } = parseExposition(HISTOGRAM.replace(/lag_sum.*\n/, ''), {
      rules: 'tolerant',
    });
    expect(points.map(({ name, value }) => [name, value])).toEqual([
      ['lag_bucket', 1],
      ['lag_bucket', 2],
      ['lag_count', 2],
    ]);
    expect(families.map(({ name, type }) => [name, type])).toEqual([
      ['lag_bucket', 'unknown'],
      ['lag_count', 'unknown'],
      ['lag', 'histogram'],
    ]);
  });

  it('takes any label name, and keeps the labels of each sample apart', () => {
    const { points } = parseExposition('a{__proto__="x",constructor="y"} 1\na{b="z"} 2\n', {
      rules: 'tolerant',
    });
    expect(points.map(({ labels }) => Object.entries(labels))).toEqual([
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ],
      [['b', 'z']],
    ]);
    expect(Object.getPrototypeOf(points[0]!.labels)).toBe(Object.prototype);
  });

  it('keeps points of several lines with equal beginnings apart', () => {
    const page =
      '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\nh_bucket{le="1",x="le"} 1\n' +
      'h_bucket{le="+Inf",x="le"} 1\nh_sum{x="le"} 1\nh_count{x="le"} 1\n# TYPE g gauge\ng{le="5"} 7\n';
    expect(parseExposition(page).points.map(({ name, labels }) => [name, labels])).toEqual([
      ['h', {}],
      ['h', { x: 'le' }],
      ['g', { le: '5' }],
    ]);
  });

  it('keeps help of U+0000 alone, which the lexer of Prometheus does not see', () => {
    const helpBy = (rules: ParseOptions['rules']): unknown =>
      parseExposition('# HELP a \0\na 1\n', { rules }).families[0]?.help;
    expect([helpBy('specification'), helpBy('tolerant')]).toEqual(['\0', '\0']);
    expect(helpBy('prometheus')).toBe('');
  });

  it('says where each fault is, and goes on behind it', () => {
    const page = '# TYPE a gauge\na{l="1} 1\na{l=1} 1\na 1 x\n# TYPE b\nb 1e\nc 1\n';
    expect(faultsOf(page)).toEqual([
      'label_open 2:5',
      'label_value 3:5',
      'timestamp 4:5',
      'type_word 5:9',
      'value 6:3',
    ]);
    expect(faultsOf(page, { rules: 'prometheus' })).toHaveLength(1);
    const { points, faultCount } = parseExposition(page, { rules: 'tolerant', maxFaults: 2 });
    expect([points, faultCount]).toEqual([[{ name: 'c', labels: {}, value: 1 }], 5]);
  });

  it('throws an error that tells the first place and how many follow', () => {
    const parse = (): unknown => parseExposition('a x\nb y\n');
    expect(parse).toThrow(
      'The page breaks the rule value at line 1, column 3: A sample has no number as its value. ' +
        'Write a decimal number, NaN, +Inf or -Inf; 1 more follow',
    );
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid_exposition', faultCount: 2 }));
  });

  it.each<[string, ParseOptions, string]>([
    ['a 1\n'.repeat(100), { maxBytes: 99 }, 'limit'],
    ['a 1\n'.repeat(100), { maxLines: 50, rules: 'tolerant' }, 'limit'],
    [`a{l="${'x'.repeat(300)}"} 1\n`, { maxLineBytes: 100 }, 'limit'],
    ['a{b="1",c="2",d="3"} 1\n', { maxLabels: 2 }, 'limit'],
  ])('keeps its limits: %#', (page, options, rule) => {
    expect(faultsOf(page, options)[0]).toMatch(new RegExp(`^${rule} `));
  });

  it('passes over a line that is too long, by tolerant rules', () => {
    const page = `a 1\nb{l="${'x'.repeat(5000)}"} 1\nc 1\n`;
    const { points, faults } = parseExposition(page, { rules: 'tolerant', maxLineBytes: 1000 });
    expect(points.map(({ name }) => name)).toEqual(['a', 'c']);
    expect(faults).toEqual([expect.objectContaining({ rule: 'limit', line: 2 })]);
  });

  it('reads text, bytes, and web and Node streams alike', async () => {
    const bytes = Buffer.from(HISTOGRAM);
    const expected = parseExposition(HISTOGRAM);
    expect(parseExposition(bytes)).toEqual(expected);
    expect(
      await parseExposition(Readable.from([bytes.subarray(0, 30), bytes.subarray(30)])),
    ).toEqual(expected);
    expect(await parseExposition(new Response(bytes).body!)).toEqual(expected);
    const parts: Exposition[] = [];
    for await (const part of streamExposition(
      Readable.from([bytes.subarray(0, 30), bytes.subarray(30)]),
    ))
      parts.push(part);
    expect(parts.flatMap(({ points }) => points)).toEqual(expected.points);
    await expect(parseExposition(Readable.from([1]))).rejects.toMatchObject({
      code: 'invalid_source_reply',
    });
    expect(() => parseExposition(7 as never)).toThrow('the page must be text, bytes or a stream');
  });

  it('finds what is not UTF-8, in text too', () => {
    expect(
      faultsOf(Buffer.from([0x61, 0x7b, 0x6c, 0x3d, 0x22, 0xff, 0x22, 0x7d, 0x20, 0x31, 0x0a])),
    ).toEqual(['utf8 1:5']);
    expect(faultsOf('a{l="\ud800"} 1\n')).toEqual(['utf8 1:5']);
    expect(parseExposition('a{l="\u{1f600}é"} 1\n').points[0]!.labels).toEqual({ l: '\u{1f600}é' });
  });

  it.each(Object.keys(MUTATED_FORMATS) as MutatedFormat[])(
    'reads mutated pages of %s alike, however they are cut, and throws coded errors alone',
    async (format) => {
      const pages = mutatedPages(format, 5);
      for (let i = 0; i < tries(120); i++) {
        const { body } = pages.next().value;
        for (const rules of ['specification', 'prometheus', 'tolerant'] as const) {
          const options = { format, rules };
          const text = whole(body, options);
          for (const size of [1, 7]) {
            expect(
              await inPieces(body, size, options),
              JSON.stringify(body.toString('latin1')),
            ).toBe(text);
          }
        }
        await lintExposition(body, { format });
      }
    },
  );
});

describe('formatOfContentType', () => {
  it.each([
    ['text/plain; version=0.0.4; charset=utf-8; escaping=underscores', 'text'],
    ['TEXT/PLAIN', 'text'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text; version="2.0.0"', 'openmetrics2'],
    ['application/openmetrics-text; version=2.0.0-rc', 'openmetrics'],
    [
      'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
      'protobuf',
    ],
    ['text/plain; version=1; version=2', undefined],
    ['text/html', undefined],
    ['', undefined],
  ])('takes %s for %s', (contentType, format) => {
    expect(formatOfContentType(contentType)).toBe(format);
  });
});

describe('formatOfBytes', () => {
  it.each([
    ['# TYPE a gauge\na 1\n# EOF\n', 'openmetrics'],
    ['# EOF', 'openmetrics'],
    ['a 1\n', 'text'],
    ['\na 1\n', 'text'],
    ['', 'text'],
    ['\u0012\n\u0001a\u0018\u0001', 'protobuf'],
    ['b\n\u000brtt_seconds', 'protobuf'],
  ])('takes %j for %s', (text, format) => {
    const bytes = Buffer.from(text, 'latin1');
    expect(formatOfBytes(bytes, bytes)).toBe(format);
  });
});
