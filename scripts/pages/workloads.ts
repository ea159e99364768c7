import { type Change, Workload } from '../../bench/workload/workload.ts';
import type { SnapshotPoint } from '../../src/index.ts';
import { SYNTAXES } from './formats.ts';
import type { PageSink } from './page-sink.ts';

const ALL_CHANGES: readonly Change[] = [
  { kind: 'value', share: 0 },
  { kind: 'value', share: 0.0001 },
  { kind: 'value', share: 0.01 },
  { kind: 'new', share: 0.01 },
  { kind: 'deleted', share: 0.01 },
  { kind: 'value', share: 1 },
];
/** Enough where each page takes seconds. */
const FEW_CHANGES = ALL_CHANGES.filter(({ share }) => share === 0.01);
/** A busy machine must not change what is served. */
const PATIENCE_MS = 3_600_000;

/** The workload of the benchmark through its changes: read by deltas, read fully, and selected. */
export async function renderWorkload(sink: PageSink, series: number): Promise<void> {
  const workload = new Workload({ series, names: 'regular' });
  const store = new sink.library.MemoryStore({ maxSeries: series * 2, changeLogSize: series });
  await store.setFamilies(workload.families);
  await store.upsert(workload.points());
  const all = { refreshInterval: 0, refreshTimeout: PATIENCE_MS };
  const fromStore = sink.library.createCachedSnapshotReader(store, all);
  const source = { snapshot: () => workload.points(), families: () => workload.families };
  const fromSource = sink.library.createCachedSnapshotReader(source, { ...all, mode: 'full' });
  const readers: readonly [string, typeof fromStore][] = [
    ['store', fromStore],
    ['full', fromSource],
  ];
  const handlers = readers.map(
    ([name, reader]) => [name, sink.handler(reader, { scrapeTimeout: PATIENCE_MS })] as const,
  );
  const changes = series > 100_000 ? FEW_CHANGES : ALL_CHANGES;
  for (const change of changes) {
    const { gone, points } = changed(workload, change);
    await store.upsert(points);
    await store.delete(gone.map((point) => sink.library.seriesId(point)));
    for (const [name, handler] of handlers) {
      const title = `${name} ${change.kind} ${change.share}`;
      await sink.pages(title, handler, { formats: SYNTAXES });
      const codings = ['gzip'];
      for (const query of ['?shard=2/7', '?match[]={user=~".*1"}', '?match[]={org!=""}']) {
        await sink.pages(title, handler, { query, codings, formats: SYNTAXES });
      }
    }
  }
  await store.close();
}

/** Makes a change. Returns the points that are new or have other values, and those that ended. */
function changed(
  workload: Workload,
  change: Change,
): { readonly points: SnapshotPoint[]; readonly gone: SnapshotPoint[] } {
  const places = [...workload.change(change)];
  const pointsOf = (present: number): SnapshotPoint[] =>
    places.filter((at) => workload.present[at] === present).map((at) => workload.point(at));
  return { points: pointsOf(1), gone: pointsOf(0) };
}
