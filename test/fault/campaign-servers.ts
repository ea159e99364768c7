import { createServer } from 'node:http';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { createInterface } from 'node:readline';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { createExporterServer } from '../../src/server/index.ts';
import { TLS } from '../http/fixture-tls.ts';
import { manyPoints } from '../support/many-points.ts';
import { threadCpu } from '../support/thread-cpu.ts';

// Servers of every kind in a process of their own. It says in one line where they listen, and then,
// for each line that comes in, how long its event loop was held at most since the last one, in ms.

const [folder = ''] = process.argv.slice(2);
const points = manyPoints(300);
const reader = createCachedSnapshotReader({ snapshot: () => points }, { refreshInterval: 500 });
const handler = createOpenMetricsHandler(reader);

async function exporter(webConfigFile: string | undefined, listen: string): Promise<number> {
  const server = createExporterServer(reader, {
    listenAddresses: [listen],
    webConfigFile,
    headersTimeout: 1000,
    requestTimeout: 1000,
    keepAliveTimeout: 1000,
    views: [{ path: '/view', match: '{i=~"1.*"}' }],
  });
  const [address] = await server.start();
  return address?.port ?? 0;
}

async function bare(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // As any user of `node:http2` has to.
  for (const event of ['sessionError', 'tlsClientError']) server.on(event, () => undefined);
  return (server.address() as AddressInfo).port;
}

const FREE = '127.0.0.1:0';
await exporter(undefined, `unix:${folder}/exporter.sock`);
const ports = {
  plain: await exporter(undefined, FREE),
  https: await exporter(`${folder}/https.yml`, FREE),
  http2: await exporter(`${folder}/http2.yml`, FREE),
  bareHttp: await bare(createServer(handler)),
  bareHttp2: await bare(createHttp2Server(handler)),
  bareHttps: await bare(createSecureServer({ ...TLS, allowHTTP1: true }, handler)),
};
console.log(JSON.stringify(ports));

let held = 0;
let wall = 0;
let cpu = 0;
const begin = (): void => {
  wall = performance.now();
  cpu = threadCpu();
};
begin();
setInterval(() => {
  // What another thread or process took of the processor is not held by this thread.
  held = Math.max(held, Math.min(performance.now() - wall, threadCpu() - cpu));
  begin();
}, 1);
createInterface(process.stdin).on('line', () => {
  // What is left once the garbage is gone, where it can be asked for: `node --expose-gc`.
  globalThis.gc?.();
  console.log(JSON.stringify({ held, ...process.memoryUsage() }));
  held = 0;
  begin();
});
