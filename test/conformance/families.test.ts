import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FamilyMetadata, FamilyType } from '../../src/index.ts';
import { expectedReading } from './expectation.ts';
import { type Content, FORMATS, type Format, serve } from './formats.ts';
import { HOSTILE_PIECES, hostileText } from './hostile.ts';
import { JUDGES, type Judge, type JudgeName, useJudge } from './judges.ts';
import { type ReadSample, sortedFamilies, sortedSamples } from './reading.ts';

/** Families with one point each. */
function contentOf(families: readonly FamilyMetadata[], clashing: readonly string[] = []): Content {
  const points = families.map(({ name }, value) => ({ name, labels: {}, value, updatedAt: 1 }));
  return { points, families, clashing };
}

const counter = (name: string): FamilyMetadata => ({ name, type: 'counter', help: `A ${name}.` });
const gauge = (name: string): FamilyMetadata => ({ name, type: 'gauge', help: `A ${name}.` });

const CASES: readonly (readonly [string, Content])[] = [
  ['a counter with _total', contentOf([counter('a_total')])],
  ['a counter without _total', contentOf([counter('a')])],
  ['a gauge and an unknown', contentOf([gauge('a'), { name: 'b', type: 'unknown' }])],
  ['a family that is not declared', { points: contentOf([gauge('a')]).points }],
  ['an empty help', contentOf([{ name: 'a', type: 'gauge', help: '' }])],
  [
    'units',
    contentOf([
      { name: 'a_seconds', type: 'gauge', help: 'With help.', unit: 'seconds' },
      { name: 'b_bytes_total', type: 'counter', unit: 'bytes' },
      { name: 'c_bytes', type: 'unknown', unit: 'bytes' },
      { name: 'd_seconds', type: 'counter', unit: 'seconds' },
    ]),
  ],
  ['a gauge a beside a counter a_total', contentOf([gauge('a'), counter('a_total')], ['a_total'])],
  [
    'a gauge a_created beside a counter a_total',
    contentOf([gauge('a_created'), counter('a_total')], ['a_total']),
  ],
  [
    'a counter a_total with a unit beside a gauge of its name',
    contentOf([gauge('a_s'), { name: 'a_s_total', type: 'counter', unit: 's' }], ['a_s_total']),
  ],
  [
    'a counter a_total_total beside a counter a_total',
    contentOf([counter('a_total'), counter('a_total_total')], ['a_total_total']),
  ],
  ['counters that share a beginning', contentOf([counter('a_total'), counter('a_b_total')])],
  [
    'gauges that look like parts of histograms and summaries',
    contentOf(['a', 'a_bucket', 'a_count', 'a_sum', 'b_gcount', 'b_gsum', 'c_info'].map(gauge)),
  ],
];

async function expectReadBack(
  judge: Pick<Judge, 'read'>,
  name: JudgeName,
  format: Format,
  content: Content,
): Promise<void> {
  const found = await judge.read(await serve(content, format));
  expect(found.error).toBeUndefined();
  const expected = expectedReading(content, format, name);
  expect(sortedFamilies(found.families)).toEqual(sortedFamilies(expected.families));
  expect(sortedSamples(found.samples)).toEqual(sortedSamples(expected.samples));
}

/** Families of every type with hostile help; none claims a name of another. */
const hostileFamilies: fc.Arbitrary<FamilyMetadata[]> = fc
  .array(fc.tuple(fc.constantFrom<FamilyType>('counter', 'gauge', 'unknown'), hostileText))
  .map((kinds) =>
    kinds.map(([type, help], at) => {
      return { name: `family_${at}${type === 'counter' ? '_total' : ''}`, type, help };
    }),
  );

/**
 * `expfmt` refuses help that ends in a carriage return, which the grammar of OpenMetrics allows.
 */
function readable(name: JudgeName, families: readonly FamilyMetadata[]): FamilyMetadata[] {
  const end = name === 'expfmt' ? /\r+$/ : /(?!)/;
  return families.map((family) => ({ ...family, help: (family.help ?? '').replace(end, '') }));
}

describe.each(JUDGES)('%s reads back the families that were declared', (name) => {
  const judge = useJudge(name);

  describe.each(FORMATS)('in $name', (format) => {
    it.each(CASES)('with %s', async (_, content) => {
      await expectReadBack(judge, name, format, content);
    });

    // Python calls such a family by the empty name, which it then refuses.
    const isRefused = name === 'python' && !format.isOpenMetrics;
    if (!isRefused) {
      it('with a counter named _total alone', async () => {
        const content = contentOf([counter('_total')], ['_total']);
        await expectReadBack(judge, name, format, content);
      });
    }

    it('with every hostile piece at every place of help', async () => {
      const texts = HOSTILE_PIECES.flatMap((piece) => [piece, `${piece}x${piece}y${piece}`]);
      const families = texts.map(
        (help, at): FamilyMetadata => ({ name: `family_${at}`, type: 'gauge', help }),
      );
      await expectReadBack(judge, name, format, contentOf(readable(name, families)));
    });

    it('with generated help', async () => {
      const property = fc.asyncProperty(hostileFamilies, (families) =>
        expectReadBack(judge, name, format, contentOf(readable(name, families))),
      );
      await fc.assert(property, { numRuns: 40 });
    });

    it('with a counter that wants the creation time of another for its name', async () => {
      // Which of the two stays a counter is open; the page must be legal and lose nothing.
      const content = contentOf([counter('a_total'), counter('a_created_total')]);
      const found = await judge.read(await serve(content, format));
      expect(found.error).toBeUndefined();
      expect(namesOf(found.samples)).toEqual(['a_created_total', 'a_total']);
    });
  });
});

function namesOf(samples: readonly ReadSample[]): string[] {
  return sortedSamples(samples).map(({ labels }) => labels[0]?.[1] ?? '');
}
