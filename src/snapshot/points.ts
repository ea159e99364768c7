import type { SnapshotPoint } from '../model/metric-point.ts';
import { parseSeriesId } from '../model/series-id.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The points of a snapshot, in series order, read back from its lines as they are asked for.
 *
 * May be gone through any number of times, also while refreshes go on: the snapshot stays as it is.
 */
export function snapshotPoints(snapshot: Snapshot): Iterable<SnapshotPoint> {
  return {
    *[Symbol.iterator](): Generator<SnapshotPoint, void, undefined> {
      for (const family of snapshot.families) {
        for (const chunk of family.chunks) {
          for (let line = 0; line < chunk.series; line++) {
            const { name, labels } = parseSeriesId(chunk.id(line));
            yield { name, labels, value: chunk.values[line]!, updatedAt: chunk.updatedAt[line]! };
          }
        }
      }
    },
  };
}
