// Serves what the collectors have written. Start it before or after them. The store is a file, so
// the first page after a restart is complete.
import { createServer } from 'node:http';
import { createCachedSnapshotReader, createOpenMetricsHandler } from 'snapscrape';
import { LmdbStore } from 'snapscrape/lmdb';

const [folder = './data', port = '9464', retention = '60000'] = process.argv.slice(2);

// Only a store with a retention ends series. The server has one too, because every collector may be
// gone.
const store = await LmdbStore.open(folder, { retention: Number(retention) });
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
