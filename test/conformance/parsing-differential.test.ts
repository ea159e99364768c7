import { describe, expect, it } from 'vitest';
import { useJudge } from './judges.ts';
import { MUTATED_FORMATS, type MutatedFormat, mutatedPages } from './page-mutation.ts';
import { difference } from './parsing-judge.ts';

// By rules: 'prometheus' a page is read as Prometheus reads it. `scripts/fuzz-parser.ts` compares
// more.

const PAGES = Number(process.env.SNAPSCRAPE_PAGES ?? 4000);
const SEED = Number(process.env.SNAPSCRAPE_SEED ?? 1);

/** Lines that are nearly as the ones before, of which something is remembered. */
const REMEMBERED: readonly string[] = [
  '{"a.b"} 1\na.b 1\n',
  '{"a.b"} 1\na.b{x="1"} 1\n',
  'a{"c.d"="1"} 1\na{c.d="1"} 2\n',
  'a{"1"="1"} 1\na{1="1"} 2\n',
  '# TYPE a histogram\na_sum{le="1"} 1\na_bucket{le="1",le="2"} 1\n',
  '# TYPE a histogram\na_sum{x="1",} 1\na_bucket{x="1",,le="2"} 1\n',
  '# TYPE a histogram\na_bucket{x="1"le="1"} 1\na_bucket{x="1,le="2"} 1\n',
  '# TYPE a histogram\na_bucket{x="1" , le="1"} 1\na_bucket{x="1" ,,le="2"} 1\n',
  '# TYPE a histogram\n{"a_sum",x="1"} 1\na_bucket{"a_sum",x="1",le="1"} 1\n',
];

describe('mutated pages by the rules of Prometheus', () => {
  const judge = useJudge('textparse-utf8');

  it.each(Object.keys(MUTATED_FORMATS) as MutatedFormat[])('%s', async (format) => {
    const pages = mutatedPages(format, SEED);
    for (let i = 0; i < PAGES; i++) {
      const page = pages.next().value;
      const found = await difference(page, judge);
      expect(
        found,
        `page ${i} of seed ${SEED}: ${JSON.stringify(page.body.toString('latin1'))}`,
      ).toBeUndefined();
    }
  });

  // What mutations seldom come to.
  it.each([
    ['openmetrics2', '# TYPE a histogram\na{le=""} {count:1,sum:1,bucket:[+Inf:1]}\n# EOF\n'],
    [
      'openmetrics2',
      '# TYPE a histogram\na{le="1"} {count:0,sum:0,schema:3,zero_threshold:1,zero_count:0}\n# EOF\n',
    ],
    ['openmetrics2', '# TYPE a summary\na{quantile="1"} {count:1,sum:1,quantile:[]}\n# EOF\n'],
    ['openmetrics2', '# TYPE a summary\na{quantile="1"} {count:1,sum:1,quantile:[0.5:1]}\n# EOF\n'],
    ...REMEMBERED.flatMap(
      (text) =>
        [
          ['text', text],
          ['openmetrics', `${text}# EOF\n`],
        ] as const,
    ),
  ] as const)('a page of %s: %j', async (format, text) => {
    const page = { contentType: MUTATED_FORMATS[format], body: Buffer.from(text, 'latin1') };
    expect(await difference(page, judge)).toBeUndefined();
  });

  it.each([
    ['a histogram with a label le', '1d0a0161180422160a070a026c651201313a0b080111000000000000f03f'],
    ['one with an empty label le', '1c0a0161180422150a060a026c6512003a0b080111000000000000f03f'],
    [
      'a summary without quantiles, with a label quantile',
      '230a01611802221c0a0d0a087175616e74696c65120131220b080111000000000000f03f',
    ],
    [
      'one with a quantile',
      '370a0161180222300a0d0a087175616e74696c65120131221f080111000000000000f03f1a1209000000000000e03f11000000000000f03f',
    ],
  ])('%s in protobuf', async (_, hex) => {
    const page = { contentType: MUTATED_FORMATS.protobuf, body: Buffer.from(hex, 'hex') };
    expect(await difference(page, judge)).toBeUndefined();
  });
});
