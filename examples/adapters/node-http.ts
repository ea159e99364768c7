import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHealthHandler } from 'snapscrape/server';
import { listening, metrics, port, reader } from './metrics.ts';

const health = createHealthHandler(reader);

const server = createServer((request, response) => {
  const [path = ''] = (request.url ?? '').split('?');
  if (path === '/metrics') metrics(request, response);
  else if (path.startsWith('/-/')) health(request, response);
  else response.writeHead(404).end('Not found\n');
});
server.listen(port, () => listening((server.address() as AddressInfo).port));
