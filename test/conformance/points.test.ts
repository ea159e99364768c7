import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SnapshotPoint } from '../../src/index.ts';
import { expectedReading } from './expectation.ts';
import { FORMATS, type Format, serve } from './formats.ts';
import { HOSTILE_PIECES, hostilePoints } from './hostile.ts';
import { JUDGES, type Judge, type JudgeName, useJudge } from './judges.ts';
import { sortedSamples } from './reading.ts';

/** Every piece alone and at each place of a label value. */
const EVERY_PIECE: readonly SnapshotPoint[] = HOSTILE_PIECES.flatMap((piece, at) =>
  [piece, `${piece}x`, `x${piece}x`, `x${piece}`, `${piece}${piece}`].map((text, place) => ({
    name: 'hostile',
    labels: { at: `${at}.${place}`, first: text, last: text },
    value: at,
    updatedAt: 1,
  })),
);

/** Doubles at the edges of what decimal text can carry. */
const EVERY_VALUE: readonly SnapshotPoint[] = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e5,
  1e6,
  123456789,
  1e20,
  1e21,
  1e-6,
  1e-7,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 63),
  5e-324,
  2.2250738585072014e-308,
  Number.MAX_VALUE,
  Infinity,
  -Infinity,
  NaN,
].map((value, at) => ({ name: 'values', labels: { at: String(at) }, value, updatedAt: 1 }));

/** A label of 10 kB; the grammar of `expfmt` takes minutes over it in OpenMetrics. */
const LONG: readonly SnapshotPoint[] = ['x', '"', '\\', '\u{1f600}', '\n'].map((unit, at) => ({
  name: 'long',
  labels: { at: String(at), text: unit.repeat(10_240 / Buffer.byteLength(unit)) },
  value: 1,
  updatedAt: 1,
}));

async function expectReadBack(
  judge: Pick<Judge, 'read'>,
  name: JudgeName,
  format: Format,
  points: readonly SnapshotPoint[],
): Promise<void> {
  const found = await judge.read(await serve({ points }, format));
  expect(found.error).toBeUndefined();
  const expected = expectedReading({ points }, format, name);
  expect(sortedSamples(found.samples)).toEqual(sortedSamples(expected.samples));
}

describe.each(JUDGES)('%s reads back exactly the points that went in', (name) => {
  const judge = useJudge(name);

  describe.each(FORMATS)('in $name', (format) => {
    it('with every hostile piece at every place of a label value', async () => {
      await expectReadBack(judge, name, format, EVERY_PIECE);
    });

    it('with values at the edges of a double', async () => {
      await expectReadBack(judge, name, format, EVERY_VALUE);
    });

    const takesMinutes = name === 'expfmt' && format.isOpenMetrics;
    if (!takesMinutes) {
      it('with labels of 10 kB', async () => {
        await expectReadBack(judge, name, format, LONG);
      });
    }

    it('with no points at all', async () => {
      await expectReadBack(judge, name, format, []);
    });

    it('with generated points', async () => {
      await fc.assert(
        fc.asyncProperty(hostilePoints, (points) => expectReadBack(judge, name, format, points)),
        { numRuns: 40 },
      );
    });
  });
});
