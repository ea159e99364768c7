import type { Entries, Payload } from '../model/entries.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { parseSeriesId } from '../model/series-id.ts';
import { readPayload } from '../model/value/index.ts';
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
            // A payload that was admitted can be read.
            const parts = readPayload(chunk.payload(line))!;
            yield { name, labels, ...parts, updatedAt: chunk.updatedAt[line]! };
          }
        }
      }
    },
  };
}

/** The lines of a snapshot as entries: a page for each chunk, in series order. */
export function* snapshotEntries({ families }: Snapshot): Generator<Entries, void, undefined> {
  for (const { chunks } of families) {
    for (const chunk of chunks) {
      const keys: string[] = [];
      const payloads: Payload[] = [];
      for (let line = 0; line < chunk.series; line++) {
        keys.push(chunk.id(line));
        payloads.push(chunk.payload(line));
      }
      yield { keys, payloads, times: Array.from(chunk.updatedAt) };
    }
  }
}
