// A replica in a process of its own: a cache over a store, refreshed on its timer, that answers
// with the hash of its page and the version that stands above it.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCachedSnapshotReader } from '../../../src/index.ts';
import { RedisStore } from '../../../src/stores/redis/index.ts';
import { bareHandler, scrape } from '../../support/page.ts';

const store = await RedisStore.open(process.argv[2]!, { keyPrefix: process.argv[3]! });
const reader = createCachedSnapshotReader(store, { refreshInterval: 40, background: true });
const handler = bareHandler(reader);

const server = createServer(async (_request, response) => {
  try {
    const answer = await scrape(handler);
    const version = answer.headers.get('x-snapscrape-version');
    // Until the first delta a replica may not know which state it is at.
    if (answer.status !== 200 || version === null) throw new Error('There is no state to tell of');
    const hash = createHash('sha256')
      .update(await answer.text())
      .digest('hex');
    response.end(JSON.stringify({ version, hash }));
  } catch {
    response.writeHead(503).end();
  }
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening at ${(server.address() as AddressInfo).port}\n`);
});
