import {
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  MemoryStore,
  type OpenMetricsHandler,
} from 'snapscrape';

interface Metrics {
  readonly store: MemoryStore;
  readonly handler: OpenMetricsHandler;
}

// Next bundles each route, page and instrumentation.ts with a copy of every module they import. A
// store at module level exists once in each copy: what one writes, another does not serve.
// `globalThis` is one for the process.
const shared = globalThis as typeof globalThis & { snapscrapeMetrics?: Metrics };

function create(): Metrics {
  const store = new MemoryStore();
  // Read when it is scraped, not by a timer: the first page has what `register()` has written.
  const reader = createCachedSnapshotReader(store, { refreshInterval: 1_000 });
  // Next takes `Content-Encoding` off what a route answers, and gzip without it is noise to a
  // scraper. So nothing is compressed here; Next, or the proxy before it, compresses what it sends.
  return { store, handler: createOpenMetricsHandler(reader, { compressions: [] }) };
}

/** The store that every part of the app writes to, and the handler that serves it. */
export const metrics: Metrics = (shared.snapscrapeMetrics ??= create());
