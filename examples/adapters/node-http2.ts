import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { listening, metrics, port } from './metrics.ts';

// Prometheus speaks HTTP/2 over TLS alone; `allowHTTP1` serves everybody else.
const server = createSecureServer(
  {
    cert: readFileSync(process.env.TLS_CERT ?? 'tls.crt'),
    key: readFileSync(process.env.TLS_KEY ?? 'tls.key'),
    allowHTTP1: true,
  },
  (request, response) => {
    const [path] = request.url.split('?');
    if (path === '/metrics') metrics(request, response);
    else response.writeHead(404).end('Not found\n');
  },
);
server.listen(port, () => listening((server.address() as AddressInfo).port));
