import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  MemoryStore,
  type OpenMetricsHandler,
} from 'snapscrape';

/** What every example serves: put your own store in its place. */
const store = new MemoryStore();
await store.setFamilies([{ name: 'queue_jobs', type: 'gauge', help: 'Jobs that wait.' }]);
await store.upsert([
  { name: 'queue_jobs', labels: { queue: 'mail' }, value: 3 },
  { name: 'queue_jobs', labels: { queue: 'search' }, value: 5 },
]);

/** One reader for the process: a timer refreshes it, whatever is scraped. */
export const reader: CachedSnapshotReader = createCachedSnapshotReader(store, {
  background: true,
  refreshInterval: 15_000,
});

/** One handler for the process, for whichever framework. */
export const metrics: OpenMetricsHandler = createOpenMetricsHandler(reader);

/** Where to listen; any free port where it is 0. */
export const port: number = Number(process.env.PORT ?? 9464);

/** Tells where the exporter listens. */
export function listening(at: number | undefined): void {
  console.log(`listening on port ${at}`);
}
