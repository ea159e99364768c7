import { SnapscrapeError } from '../../model/errors.ts';

/**
 * The version of the layout of new data sets. This code reads and writes all versions up to it:
 * version 1 has plain numbers only, and is made version 2 before the first other payload.
 */
export const SCHEMA = 2;

/** The most partitions that a data set has. */
export const MOST_PARTITIONS = 256;
/** The most buckets that a partition has: all of them are keys of one call. */
export const MOST_BUCKETS_EACH = 4_096;

/** How a data set is spread over keys. Set when it is made, and the same for every process. */
export interface Layout {
  /** The version of what is in the keys. */
  readonly schema: number;
  /** Parts with a log of changes each; all keys of one are in the same slot of a cluster. */
  readonly partitions: number;
  /** Hashes of samples in each partition. */
  readonly buckets: number;
}

/** Does something with each partition, all at once; returns what came of it by their numbers. */
export function forEachPartition<Result>(
  { partitions }: Pick<Layout, 'partitions'>,
  work: (partition: number) => Promise<Result>,
): Promise<Result[]> {
  return Promise.all(numbersBetween(0, partitions).map(work));
}

/** The numbers from one on to another, without that. */
export function numbersBetween(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** How a layout is named within a partition. */
export function layoutName({ schema, partitions, buckets }: Layout): string {
  return `${schema}:${partitions}:${buckets}`;
}

/** Whether two layouts, perhaps of two versions, put each series into the same place. */
export function isSameSpread(one: Layout, other: Layout): boolean {
  return one.partitions === other.partitions && one.buckets === other.buckets;
}

/**
 * Reads a layout from what a store says of itself; throws `store_schema_newer` when a newer version
 * of this package made it.
 */
export function readLayout(schema: string, partitions: string, buckets: string): Layout {
  if (Number(schema) > SCHEMA) {
    throw new SnapscrapeError(
      'store_schema_newer',
      `The data set has the layout ${schema} and this version knows ${SCHEMA}; upgrade snapscrape`,
    );
  }
  const layout = {
    schema: Number(schema),
    partitions: Number(partitions),
    buckets: Number(buckets),
  };
  const isSound =
    isWithin(layout.schema, SCHEMA) &&
    isWithin(layout.partitions, MOST_PARTITIONS) &&
    isWithin(layout.buckets, MOST_BUCKETS_EACH);
  if (!isSound) {
    throw new SnapscrapeError(
      'store_unavailable',
      'The key of the data set holds something else; give another keyPrefix',
    );
  }
  return layout;
}

function isWithin(count: number, most: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= most;
}

/** The keys of one partition. */
export interface PartitionKeys {
  /** A hash: sequence number, how many series, layout, fence. */
  readonly state: string;
  /** A stream: the changes. */
  readonly log: string;
  /** A hash: for each bucket what the next sweep must know. */
  readonly marks: string;
  /** A hash of series ids and samples. */
  readonly bucket: (number: number) => string;
  /** A hash: what is kept with each group. */
  readonly groups: string;
  /** A hash of the ids of a group's series, by the name of the group. */
  readonly group: (name: string) => string;
}

/** The names of all keys of a data set. What stands in braces decides on the slot in a cluster. */
export class Keys {
  /** A hash: schema, layout, version of the families, last fence. */
  readonly meta: string;
  /** A hash of metric names and metadata as JSON. */
  readonly families: string;
  /** The store that may write, if only one may. */
  readonly lease: string;
  /** Held while series are added beside a budget for several partitions. */
  readonly budget: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.meta = `${prefix}{meta}`;
    this.families = `${prefix}{meta}:families`;
    this.lease = `${prefix}{meta}:lease`;
    this.budget = `${prefix}{meta}:budget`;
  }

  /** The keys of a partition. */
  partition(number: number): PartitionKeys {
    const stem = `${this.#prefix}{${number}}`;
    return {
      state: `${stem}:state`,
      log: `${stem}:log`,
      marks: `${stem}:marks`,
      bucket: (bucket) => `${stem}:${bucket}`,
      groups: `${stem}:groups`,
      group: (name) => `${stem}:group:${name}`,
    };
  }
}

/**
 * A number from 0 to 2³² - 1 that decides where a series is: FNV-1a over UTF-16 units, then mixed.
 */
export function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  // FNV alone leaves the lower bits of similar texts alike (the finalizer of MurmurHash3).
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** The partition that a series is in, by its hash. */
export function partitionOf(hash: number, { partitions }: Omit<Layout, 'schema'>): number {
  return hash % partitions;
}

/** The bucket that a series is in within its partition, by its hash. */
export function bucketOf(hash: number, { partitions, buckets }: Omit<Layout, 'schema'>): number {
  return Math.floor(hash / partitions) % buckets;
}
