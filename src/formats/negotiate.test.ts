import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tries } from '../../test/support/tries.ts';
import { offeredFormats } from './format.ts';
import { parseHeaderList } from './http-list.ts';
import { negotiate } from './negotiate.ts';

const OM = 'application/openmetrics-text';
const TEXT = 'text/plain';

const OFFERED = offeredFormats({ openMetrics: true, createdLines: false });

/** The answer in short: media type, version if there is one, and escaping. */
function answer(accept: string | undefined): string {
  const { contentType, mediaType, parameters, escaping } = negotiate(accept, OFFERED);
  const [type, ...rest] = contentType.split('; ');
  expect(type).toBe(mediaType);
  expect(rest.at(-1)).toBe(`escaping=${escaping}`);
  return [mediaType, parameters.version, escaping].filter(Boolean).join(' ');
}

const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

const CONTENT_TYPES = [
  'text/plain; version=0.0.4; charset=utf-8',
  'text/plain; version=1.0.0; charset=utf-8',
  'application/openmetrics-text; version=1.0.0; charset=utf-8',
  'application/openmetrics-text; version=0.0.1; charset=utf-8',
  'application/openmetrics-text; version=2.0.0; charset=utf-8',
  'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
];

describe('negotiation', () => {
  it.each([
    [undefined, `${TEXT} 0.0.4 underscores`],
    ['', `${TEXT} 0.0.4 underscores`],
    ['text/*', `${TEXT} 0.0.4 underscores`],
    [TEXT, `${TEXT} 0.0.4 underscores`],
    [OM, `${OM} 0.0.1 underscores`],
    [`${OM};version=2.0.0`, `${OM} 2.0.0 allow-utf-8`],
    [`${OM};version=2.0`, `${TEXT} 0.0.4 underscores`],
    [PROTOBUF, 'application/vnd.google.protobuf underscores'],
    [PROTOBUF.replace(';encoding=delimited', ''), `${TEXT} 0.0.4 underscores`],
    [PROTOBUF.replace('delimited', 'text'), `${TEXT} 0.0.4 underscores`],
    [
      `${PROTOBUF},application/vnd.google.protobuf;q=0`,
      'application/vnd.google.protobuf underscores',
    ],
    [`${TEXT};version=1.0.0`, `${TEXT} 1.0.0 underscores`],
    [`${TEXT};version="1.0.0"`, `${TEXT} 1.0.0 underscores`],
    ['APPLICATION/OpenMetrics-Text; VERSION=1.0.0', `${OM} 1.0.0 underscores`],
    ['application/json', `${TEXT} 0.0.4 underscores`],
    // The highest weight wins, at a tie what is named first.
    [`${TEXT};q=0.5,${OM};version=1.0.0;q=0.6`, `${OM} 1.0.0 underscores`],
    [`${TEXT};q=0.5,${OM};q=0.5`, `${TEXT} 0.0.4 underscores`],
    [`*/*,${OM};version=1.0.0;q=0.1`, `${OM} 1.0.0 underscores`],
    // A weight of zero excludes, and the most specific word on a format counts.
    [`${OM};version=1.0.0;q=0`, `${TEXT} 0.0.4 underscores`],
    [`${TEXT};q=0`, `${OM} 1.0.0 underscores`],
    [`${TEXT};q=0,*/*`, `${OM} 1.0.0 underscores`],
    [`text/*;q=0`, `${OM} 1.0.0 underscores`],
    [`*/*;q=0,${TEXT};version=1.0.0`, `${TEXT} 1.0.0 underscores`],
    [`${TEXT};q=0,${TEXT};version=0.0.4`, `${TEXT} 0.0.4 underscores`],
    [
      `${TEXT};version=0.0.4;q=0,${OM};version=0.0.1;q=0,${OM};version=1.0.0;q=0`,
      `${TEXT} 1.0.0 underscores`,
    ],
    // Nothing is left: what every scraper reads.
    ['*/*;q=0', `${TEXT} 0.0.4 underscores`],
    // `escaping` counts in the clause that is chosen, and only a known one.
    [`${OM};version=1.0.0;escaping=dots`, `${OM} 1.0.0 dots`],
    [`${OM};version=1.0.0;escaping=values`, `${OM} 1.0.0 values`],
    [`${OM};version=1.0.0;escaping=none`, `${OM} 1.0.0 underscores`],
    [`text/html;escaping=dots,${TEXT};q=0.5`, `${TEXT} 0.0.4 underscores`],
    [`*/*;escaping=allow-utf-8`, `${TEXT} 0.0.4 underscores`],
  ])('answers %j with %s', (accept, expected) => {
    expect(answer(accept)).toBe(expected);
  });

  it('answers anything with a format on offer', () => {
    const piece = fc.constantFrom(
      OM,
      TEXT,
      '*/*',
      ',',
      ';',
      'q=',
      '0',
      '0.5',
      'version=1.0.0',
      '"',
      '\\',
      '=',
      ' ',
    );
    const header = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(header, (accept) => {
        const { contentType } = negotiate(accept, OFFERED);
        const given = contentType.replace(/; escaping=[a-z0-9-]+$/, '');
        expect(CONTENT_TYPES).toContain(given);
      }),
      { numRuns: tries(500) },
    );
  });

  it.each([
    ['clauses', (n: number) => 'a/b;q=0.5,'.repeat(n)],
    ['parameters', (n: number) => `a/b${';c=d'.repeat(n)}`],
    ['open quotes', (n: number) => `a/b;c="${'\\"'.repeat(n)}`],
    ['quotes', (n: number) => '"'.repeat(n)],
    ['spaces', (n: number) => `a/b;${' '.repeat(n)}c${' '.repeat(n)}=${' '.repeat(n)}d`],
  ])('takes time that grows with the header alone: a million %s', (_, header) => {
    // Were it to grow with the square, this would take an hour.
    expect(answer(`${header(300_000)},${TEXT}`)).toMatch(/^text\/plain 0\.0\.4/);
  });
});

describe('a header list', () => {
  it.each([
    ['', []],
    [' , ,', []],
    ['A', ['a 1']],
    ['a;q=0.5, b ; Q=0.25 ;c', ['a 0.5', 'b 0.25']],
    ['a;q=5, b;q=-1, c;q=x', ['a 1', 'b 0', 'c 1']],
    ['a;q=0.5x, b;q=0x1, c;q=.5, d;q=5e-1', ['a 1', 'b 1', 'c 0.5', 'd 0.5']],
    ['a;c="x,y;z";q=0.5', ['a 0.5 c=x,y;z']],
    ['a;c="x\\"y",b', ['a 1 c=x"y', 'b 1']],
    ['a;c=1;c=2;C=3', ['a 1 c=1']],
    ['a;c="', ['a 1 c="']],
    [';q=0.5', []],
  ])('%j is read as %j', (header, expected) => {
    const members = parseHeaderList(header).map(({ value, q, parameters }) =>
      [value, q, ...[...parameters].map((pair) => pair.join('='))].join(' '),
    );
    expect(members).toEqual(expected);
  });
});
