import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createCachedSnapshotReader, type SnapshotPoint } from '../../src/index.ts';
import { HOSTILE_SERIES, LONG_SERIES, type Series } from '../support/history.ts';
import { naiveId, naivePage } from '../support/naive-page.ts';
import { bareHandler, pageOf, SYNTAXES } from '../support/page.ts';
import { tries } from '../support/tries.ts';

/** Points of some series, no two of one series with the same time. */
function pointsOf(all: readonly Series[], maxLength: number): fc.Arbitrary<SnapshotPoint[]> {
  const point = fc.record({
    series: fc.constantFrom(...all),
    value: fc.double(),
    updatedAt: fc.integer(),
  });
  const selector = (given: { series: Series; updatedAt: number }): string =>
    `${naiveId(given.series)} ${given.updatedAt}`;
  return fc
    .uniqueArray(point, { selector, maxLength, size: 'max' })
    .map((points) => points.map(({ series, ...rest }) => ({ ...series, ...rest })));
}

function newest(points: readonly SnapshotPoint[]): SnapshotPoint[] {
  const kept = new Map<string, SnapshotPoint>();
  for (const point of points) {
    const id = naiveId(point);
    const before = kept.get(id);
    if (before === undefined || before.updatedAt < point.updatedAt) kept.set(id, point);
  }
  return [...kept.values()];
}

/** The same point with its labels the other way round. */
function turned(point: SnapshotPoint): SnapshotPoint {
  return { ...point, labels: Object.fromEntries(Object.entries(point.labels).reverse()) };
}

async function expectOrderIsIrrelevant(
  points: SnapshotPoint[],
  other: SnapshotPoint[],
): Promise<void> {
  const one = createCachedSnapshotReader({ snapshot: () => points });
  const two = createCachedSnapshotReader({ snapshot: () => other.map(turned) });
  for (const syntax of SYNTAXES) {
    const page = await pageOf(bareHandler(one), syntax);
    expect(await pageOf(bareHandler(two), syntax)).toBe(page);
    expect(page).toBe(naivePage(newest(points), [], syntax));
  }
}

function shuffled(
  points: fc.Arbitrary<SnapshotPoint[]>,
): fc.Arbitrary<[SnapshotPoint[], SnapshotPoint[]]> {
  return points.chain((list) =>
    fc.tuple(
      fc.constant(list),
      fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
    ),
  );
}

it('the same points give the same bytes, whatever the order of points and of labels', async () => {
  await fc.assert(
    fc.asyncProperty(shuffled(pointsOf(HOSTILE_SERIES, 80)), ([points, other]) =>
      expectOrderIsIrrelevant(points, other),
    ),
    { numRuns: tries(100) },
  );
});

it('the same holds for pages of many chunks', async () => {
  await fc.assert(
    fc.asyncProperty(shuffled(pointsOf(LONG_SERIES, 600)), ([points, other]) =>
      expectOrderIsIrrelevant(points, other),
    ),
    { numRuns: tries(5) },
  );
});
