import { createExporterServer, drainOnSignals } from 'snapscrape/server';
import { listening, port, reader } from './metrics.ts';

// Without any framework: the page, views, probes, a landing page, TLS and passwords by a file.
const server = createExporterServer(reader, {
  listenAddresses: [`:${port}`],
  landingPage: { title: 'Queue exporter' },
  views: [{ path: '/metrics/mail', match: '{queue="mail"}' }],
  closes: [reader],
});
const [address] = await server.start();
listening(address?.port);
await drainOnSignals(server);
