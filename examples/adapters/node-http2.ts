import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { listening, metrics, port } from './metrics.ts';

// Prometheus speaks HTTP/2 over TLS only, so this needs a certificate and its key: the environment
// variables TLS_CERT and TLS_KEY are their paths. `allowHTTP1` serves all other clients.
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
