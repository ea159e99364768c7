// The server of the soak, in a process of its own: a MemoryStore, a cache that refreshes in the
// background, and the handler.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOpenMetricsHandler, MemoryStore } from '../../src/index.ts';
import { poisonedCache } from '../../test/support/poisoned-cache.ts';
import { readMemory } from '../subjects/meter.ts';
import { type ServerAnswer, type ServerCommand, SOAK_FAMILIES } from './protocol.ts';

const store = new MemoryStore({ changeLogSize: 4096, deltaBatchSize: 500 });
await store.setFamilies(SOAK_FAMILIES);
// From the sources, as no option poisons memory.
const { reader, memory } = poisonedCache(store, { background: true, refreshInterval: 300 });
const server = createServer(createOpenMetricsHandler(reader, { clientTimeout: 5000 }));
server.listen(0, '127.0.0.1');
await once(server, 'listening');

let ended = 0;

async function obey(command: ServerCommand): Promise<void> {
  switch (command.kind) {
    case 'write': {
      const { refused, refusals } = await store.upsert(command.points);
      if (refused > 0) throw new Error(`Refused: ${JSON.stringify(refusals[0])}`);
      return;
    }
    case 'delete':
      ended = await store.delete(command.ids);
      return;
    case 'delete-matching':
      ended = await store.delete({ labels: command.labels });
      return;
    case 'catch-up':
      // The first may have begun before the last write.
      await reader.refresh();
      await reader.refresh();
      return;
    case 'memory':
      return;
  }
}

async function answerTo(command: ServerCommand): Promise<ServerAnswer> {
  let failure: string | undefined;
  ended = 0;
  await obey(command).catch((error: unknown) => {
    failure = String(error);
  });
  const stats = reader.cacheStats();
  const measured = command.kind === 'memory' ? await readMemory() : { rss: 0, live: 0 };
  return {
    failure,
    ended,
    refreshes: stats.refreshes,
    deltas: stats.deltas,
    fullRefreshes: stats.fullRefreshes,
    fallbacks: stats.fallbacks,
    failures: stats.failures,
    rejected: Object.values(stats.rejected).reduce((sum, count) => sum + count, 0),
    longestSlice: stats.longestSlice,
    reused: memory.reusedBytes,
    rss: measured.rss,
    live: measured.live,
  };
}

process.on('message', (command: ServerCommand) => {
  void answerTo(command).then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit(0));
process.send!({ port: (server.address() as AddressInfo).port });
