import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type HandlerOptions,
  MemoryStore,
  type SnapshotPoint,
  type SnapshotReader,
  seriesId,
} from '../../dist/index.js';
import { Random } from '../workload/random.ts';
import type { Change, Workload } from '../workload/workload.ts';
import { CompactSource } from './compact-source.ts';
import type { Subject } from './subject.ts';

/** A source and what a writer does to it. */
interface WritableSource {
  readonly reader: SnapshotReader;
  readonly note: (change: Change, touched: Uint32Array) => Promise<void> | void;
}

/** Every refresh in between is asked for, never due; a longer one would be no timer. */
const NEVER_DUE = 2_147_483_647;
const FULL_INTERVAL = 1000;

/** The cache and the handler over a source. */
function snapscrapeSubject(
  { reader: source, note }: WritableSource,
  options?: HandlerOptions,
): Subject {
  // A clock of our own makes a full refresh due exactly where one is wanted.
  let now = 0;
  const reader = createCachedSnapshotReader(source, {
    refreshInterval: NEVER_DUE,
    refreshTimeout: NEVER_DUE,
    fullRefreshInterval: FULL_INTERVAL,
    maxStaleness: Number.POSITIVE_INFINITY,
    now: () => now,
    onError: (error) => {
      throw error;
    },
  });
  return {
    listener: createOpenMetricsHandler(reader, options),
    build: () => reader.refresh(),
    note: (change, touched) => {
      if (change.kind === 'full') now += FULL_INTERVAL;
      return note(change, touched);
    },
    refresh: () => reader.refresh(),
  };
}

/** Points made on demand, in the order of their ids. */
export function overCompactSource(workload: Workload, options?: HandlerOptions): Subject {
  const source = new CompactSource(workload);
  const note: WritableSource['note'] = (_, touched) => source.note(touched);
  return snapscrapeSubject({ reader: source, note }, options);
}

/** A MemoryStore that was filled in the order of the ids, or in any order. */
export async function overMemoryStore(workload: Workload, isShuffled: boolean): Promise<Subject> {
  const store = new MemoryStore();
  await store.setFamilies(workload.families);
  await store.upsert(isShuffled ? shuffledPoints(workload) : workload.points());
  return snapscrapeSubject({
    reader: store,
    note: async (change, touched) => {
      const places = Array.from(touched);
      if (change.kind !== 'deleted') await store.upsert(places.map((i) => workload.point(i)));
      else await store.delete(places.map((i) => seriesId(workload.point(i))));
    },
  });
}

/** An array of plain points, in the order of their ids or in any order; it never changes. */
export function overArray(workload: Workload, isShuffled: boolean): Subject {
  const points = isShuffled ? shuffledPoints(workload) : [...workload.points()];
  const families = (): typeof workload.families => workload.families;
  return snapscrapeSubject({
    reader: { snapshot: () => points, families },
    note: ({ kind }) => {
      if (kind !== 'full') throw new Error('The array of plain points never changes');
    },
  });
}

function shuffledPoints(workload: Workload): SnapshotPoint[] {
  const random = new Random(3);
  const points = [...workload.points()];
  for (let i = points.length - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [points[i], points[other]] = [points[other]!, points[i]!];
  }
  return points;
}
