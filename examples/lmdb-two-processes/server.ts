// Serves what the collectors have written. It may be started before or after them, and be restarted: the
// store is a file, so the first page after a restart is already whole.
import { createServer } from 'node:http';
import { createCachedSnapshotReader, createOpenMetricsHandler } from 'snapscrape';
import { LmdbStore } from 'snapscrape/lmdb';

const [folder = './data', port = '9464'] = process.argv.slice(2);

const store = await LmdbStore.open(folder);
const reader = createCachedSnapshotReader(store, { background: true, refreshInterval: 1_000 });
const server = createServer(createOpenMetricsHandler(reader));
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
