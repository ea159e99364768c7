import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCachedSnapshotReader, type SnapshotPoint } from '../../src/index.ts';
import { naiveId } from '../support/naive-page.ts';
import { bareHandler, pageOf } from '../support/page.ts';
import { tries } from '../support/tries.ts';

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,3}$/);
const labelName = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,3}$/);
const text = fc.string({ unit: 'binary', maxLength: 6 });

const points: fc.Arbitrary<SnapshotPoint[]> = fc.uniqueArray(
  fc.record({
    name,
    labels: fc.dictionary(labelName, text, { maxKeys: 4 }),
    value: fc.double(),
    updatedAt: fc.double({ noNaN: true, noDefaultInfinity: true }),
  }),
  { selector: naiveId, maxLength: 40 },
);

/** A point's identity: names of labels in order, labels without a value left out. */
function canonical(point: SnapshotPoint): SnapshotPoint {
  const labels = Object.entries(point.labels).filter(([, value]) => value !== '');
  return { ...point, labels: Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

function inSeriesOrder(given: readonly SnapshotPoint[]): SnapshotPoint[] {
  const key = (point: SnapshotPoint): [string, string] => [point.name, naiveId(point)];
  return given.map(canonical).sort((a, b) => {
    const [[nameA, idA], [nameB, idB]] = [key(a), key(b)];
    return nameA === nameB ? (idA < idB ? -1 : 1) : nameA < nameB ? -1 : 1;
  });
}

it('a cached reader gives back the points of its source, and a reader of it the same page', async () => {
  await fc.assert(
    fc.asyncProperty(points, async (given) => {
      const reader = createCachedSnapshotReader({ snapshot: () => given });
      const read = [...(await reader.snapshot())];
      expect(read).toEqual(inSeriesOrder(given));
      // `toEqual` does not tell -0 from 0, nor the order of labels.
      const entries = (list: readonly SnapshotPoint[]): unknown[] =>
        list.map((p) => [Object.entries(p.labels), Object.is(p.value, -0)]);
      expect(entries(read)).toEqual(entries(inSeriesOrder(given)));
      const again = createCachedSnapshotReader({ snapshot: () => reader.snapshot() });
      expect(await pageOf(bareHandler(again))).toBe(await pageOf(bareHandler(reader)));
    }),
    { numRuns: tries(100) },
  );
});
