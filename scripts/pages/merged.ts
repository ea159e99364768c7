import fc from 'fast-check';
import type { SnapshotPoint, SnapshotReader } from '../../src/index.ts';
import { HOSTILE_SERIES, LONG_SERIES, type Series } from '../../test/support/history.ts';
import type { PageSink } from './page-sink.ts';

/** Pages of several readers as one: each way with duplicates, labelled and not, cached and not. */
export async function renderMerged(sink: PageSink): Promise<void> {
  const all = { hostile: members(HOSTILE_SERIES, 20), long: members(LONG_SERIES, 2) };
  for (const [kind, samples] of Object.entries(all)) {
    for (const [i, lists] of samples.entries()) {
      for (const duplicates of ['first', 'newest', 'add'] as const) {
        for (const readerLabel of [undefined, 'l', 'member']) {
          const readers = lists.map((points, at) => memberOf(sink, points, at));
          const merged = sink.library.mergeReaders(readers, { duplicates, readerLabel });
          await sink.readerPages(`${kind} ${i} ${duplicates} ${readerLabel}`, merged);
        }
      }
    }
  }
}

function memberOf(sink: PageSink, points: readonly SnapshotPoint[], at: number): SnapshotReader {
  const family = { name: at === 0 ? 'a' : 'size_bytes', type: 'counter' } as const;
  const source = { snapshot: () => points, families: () => [{ ...family, help: `Of ${at}.` }] };
  return at === 1 ? source : sink.library.createCachedSnapshotReader(source);
}

/** The points of three readers, many times. */
function members(all: readonly Series[], count: number): SnapshotPoint[][][] {
  const point = fc.record({
    series: fc.constantFrom(...all),
    value: fc.oneof(fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity), fc.double()),
    updatedAt: fc.integer({ min: 0, max: 3 }),
  });
  const points = fc.array(point, { maxLength: all.length, size: 'max' });
  const lists = fc.array(points, { minLength: 3, maxLength: 3 });
  return fc
    .sample(lists, { seed: 4, numRuns: count })
    .map((sample) =>
      sample.map((one) =>
        one.map(({ series, value, updatedAt }) => ({ ...series, value, updatedAt })),
      ),
    );
}
