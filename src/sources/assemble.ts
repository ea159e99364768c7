import { FamilyCataloguer, type FamilyType } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { invalidOptions } from '../model/options.ts';
import { describeSubject } from '../model/rejection.ts';
import type { ReadOptions, SnapshotReader } from '../model/snapshot-reader.ts';
import { forEachItem } from '../refresh/source-items.ts';
import { Pace } from '../scheduling/pace.ts';
import { Assembler, type AssemblyStats } from './assembler.ts';

/** A reader of histograms and summaries that a source has as flat samples. */
export interface AssembledReader extends SnapshotReader {
  /** What became of the flat samples of the last read that came to its end. */
  assemblyStats(): AssemblyStats;
}

/** How long the event loop is held at most, in ms. */
const SLICE_MS = 5;
/** How many points are taken out between two looks at the clock. */
const STRIDE = 64;

/**
 * Makes a reader that has each histogram and summary of a source as one point, if the source has
 * them as flat samples: `x_bucket`, `x_sum`, `x_count`, `x_created`, and quantiles of `x`.
 *
 * The source's `families()` says which names are histograms, gauge histograms and summaries.
 * Samples may come in any order; those of composites are held until the source has ended.
 * What cannot be assembled stays as it is, and is counted by its reason. All other points pass as
 * they are. Each read is a full one, as a delta seldom has all samples of a histogram.
 *
 * @throws SnapscrapeError `invalid_options` if the source is not a snapshot reader.
 *
 * @example
 * ```ts
 * const cached = createCachedSnapshotReader(assemble(flatSource));
 * ```
 */
export function assemble(source: SnapshotReader): AssembledReader {
  if (typeof (source as Partial<SnapshotReader> | null | undefined)?.snapshot !== 'function') {
    throw invalidOptions('assemble', [
      `source (${describeSubject(source)}) must be a snapshot reader: an object with snapshot()`,
    ]);
  }
  let stats = new Assembler([], false).stats();
  return {
    async snapshot(options) {
      const pace = new Pace(SLICE_MS, options?.signal);
      const assembler = new Assembler(await typesOf(source, options, pace), false);
      const points = await assembled(assembler, await source.snapshot(options), pace);
      stats = assembler.stats();
      return points;
    },
    families: (options) => source.families?.(options) ?? [],
    ...(source.writeStats !== undefined && { writeStats: () => source.writeStats!() }),
    ...(source.lastWrites !== undefined && {
      lastWrites: (options: ReadOptions) => source.lastWrites!(options),
    }),
    assemblyStats: () => stats,
  };
}

async function typesOf(
  source: SnapshotReader,
  options: ReadOptions | undefined,
  pace: Pace,
): Promise<[string, FamilyType][]> {
  // What is wrong with metadata is reported when families() is read.
  const catalog = new FamilyCataloguer();
  const families = (await source.families?.(options)) ?? [];
  await forEachItem('families()', families, pace, (family) => catalog.add(family));
  return [...catalog.byName.values()].map(({ name, type }) => [name, type]);
}

async function assembled(
  assembler: Assembler,
  points: unknown,
  pace: Pace,
): Promise<readonly MetricPoint[]> {
  // A list: an async generator would ask each point for `then`, which one of them may throw at.
  const all: MetricPoint[] = [];
  await forEachItem('snapshot()', points, pace, (point) => {
    if (!assembler.take(point)) all.push(point as MetricPoint);
  });
  for (const point of assembler.takeRest()) {
    all.push(point);
    if (all.length % STRIDE === 0 && pace.shouldYield()) await pace.yield();
  }
  return all;
}
