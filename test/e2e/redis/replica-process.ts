// A replica in a process of its own: a cache over a store, refreshed on its timer, that answers with the hash
// of its page and the cursor that the page is of.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCachedSnapshotReader } from '../../../src/index.ts';
import { RedisStore } from '../../../src/stores/redis/index.ts';
import { bareHandler, pageOf } from '../../support/page.ts';

const store = await RedisStore.open(process.argv[2]!, { keyPrefix: process.argv[3]! });
const reader = createCachedSnapshotReader(store, { refreshInterval: 40, background: true });
const handler = bareHandler(reader);

const server = createServer(async (_request, response) => {
  try {
    for (;;) {
      const { cursor, version } = reader.cacheStats();
      const page = await pageOf(handler);
      // A refresh in between would pair the one's page with the other's cursor.
      if (reader.cacheStats().version !== version || reader.cacheStats().cursor !== cursor)
        continue;
      const hash = createHash('sha256').update(page).digest('hex');
      const { deltas, fullRefreshes } = reader.cacheStats();
      response.end(JSON.stringify({ cursor, hash, deltas, fullRefreshes }));
      return;
    }
  } catch {
    response.writeHead(503).end();
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening at ${(server.address() as AddressInfo).port}\n`);
});
