// Serves what the collectors have written. Start as many as you like, on as many hosts: replicas
// that have come to the same cursor serve the same bytes. While Redis is away each serves what it
// had.
import { createServer } from 'node:http';
import { createCachedSnapshotReader, createOpenMetricsHandler } from 'snapscrape';
import { RedisStore } from 'snapscrape/redis';

const [url = 'redis://127.0.0.1:6379', port = '9464'] = process.argv.slice(2);

const store = await RedisStore.open(url, {
  retention: 60_000,
  onError: ({ message }) => console.error(message),
});
// More often than Prometheus scrapes: then no scrape sees older data than the one before it,
// whichever replicas have answered the two.
const reader = createCachedSnapshotReader(store, { background: true, refreshInterval: 1_000 });

// What a replica tells of itself differs from replica to replica, so it has a page of its own.
const data = createOpenMetricsHandler(reader, { selfMetrics: false });
const own = createOpenMetricsHandler(reader, {
  prefixes: ['snapscrape_'],
  selfMetrics: 'always',
});
const server = createServer((request, response) => {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  if (path === '/metrics') data(request, response);
  else if (path === '/replica') own(request, response);
  else if (path === '/cursor') response.end(`${reader.cacheStats().cursor}\n`);
  else response.writeHead(404).end();
});
server.listen(Number(port), '127.0.0.1', () => {
  const address = server.address();
  const at = typeof address === 'object' && address !== null ? address.port : port;
  console.log(`http://127.0.0.1:${at}/metrics`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    reader.close();
    void store.close();
  });
}
