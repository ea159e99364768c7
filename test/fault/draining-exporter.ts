import { once } from 'node:events';
import { mergeReaders } from '../../src/index.ts';
import { createExporterServer, drainOnSignals } from '../../src/server/index.ts';
import { state } from '../support/scripted-source.ts';

// An exporter as a process of its own: a scrape is answered when a line comes in. It says what it
// does.

const reader = {
  snapshot: async () => {
    console.log('reading');
    await once(process.stdin, 'data');
    // What is read from must not keep it alive.
    process.stdin.destroy();
    return [state(7)];
  },
};
// Of several readers those without a cache are read for each scrape.
const server = createExporterServer(mergeReaders([reader]), {
  listenAddresses: ['127.0.0.1:0'],
  handler: { selfMetrics: false },
  drainTimeout: 20_000,
});
const [address] = await server.start();
console.log(String(address?.port));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => console.log('draining'));
}
await drainOnSignals(server);
console.log('closed');
