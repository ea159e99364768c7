import type { FamilyMetadata, FamilyMetadataFault } from '../model/family-metadata.ts';
import { compareKeys } from '../model/key/index.ts';
import type { Chunk } from './chunk.ts';

/** All samples of one metric name, in series order; perhaps none yet. Immutable. */
export interface Family {
  /** The metric name. */
  readonly name: string;
  /** What is declared of the family; undefined for a family without a declaration. */
  readonly metadata: FamilyMetadata | undefined;
  /** The lines; none of a family that is declared and has no points. */
  readonly chunks: readonly Chunk[];
  /** How many series there are. */
  readonly series: number;
  /** How long the lines are together, with their tails. */
  readonly bytes: number;
}

/**
 * Everything that a source said at one time, rendered: the still frame that scrapes are served
 * from.
 *
 * Immutable, and shared between scrapes without copying. A refresh that changes nothing yields the
 * same object, so forms derived from a snapshot may be keyed by it.
 */
export interface Snapshot {
  /** In the order of their names. */
  readonly families: readonly Family[];
  /** Metadata that could not be used. */
  readonly familyFaults: readonly FamilyMetadataFault[];
  /** How many series there are. */
  readonly series: number;
  /** How long the lines are together, with their tails. */
  readonly bytes: number;
}

/** The snapshot of nothing, which the first refresh starts from. It is never served. */
export const EMPTY_SNAPSHOT: Snapshot = Object.freeze({
  families: Object.freeze([]),
  familyFaults: Object.freeze([]),
  series: 0,
  bytes: 0,
});

/** The place of a family in a list in the order of the names: a binary search. */
export function familyPlace(
  families: readonly Pick<Family, 'name'>[],
  name: string,
): number | undefined {
  let low = 0;
  let high = families.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(families[middle]!.name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return families[low]?.name === name ? low : undefined;
}

/** A family of some chunks. */
export function familyOf(
  name: string,
  metadata: FamilyMetadata | undefined,
  chunks: readonly Chunk[],
): Family {
  let series = 0;
  let bytes = 0;
  for (const chunk of chunks) {
    series += chunk.series;
    bytes += chunk.bytes;
  }
  return Object.freeze({ name, metadata, chunks, series, bytes });
}

/** A snapshot of some families, which must be in the order of their names. */
export function snapshotOf(
  families: readonly Family[],
  familyFaults: readonly FamilyMetadataFault[],
): Snapshot {
  let series = 0;
  let bytes = 0;
  for (const family of families) {
    series += family.series;
    bytes += family.bytes;
  }
  return Object.freeze({ families: Object.freeze(families), familyFaults, series, bytes });
}
