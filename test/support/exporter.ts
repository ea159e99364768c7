import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { SnapshotReader } from '../../src/index.ts';
import {
  createExporterServer,
  type ExporterServer,
  type ExporterServerOptions,
} from '../../src/server/index.ts';
import { TLS } from '../http/transports.ts';

/** A server that listens, on a free port unless the caller names one. */
export interface RunningExporter {
  readonly server: ExporterServer;
  readonly url: string;
  readonly port: number;
}

/** Starts an exporter, which is closed when the test ends. */
export async function startExporter(
  reader: SnapshotReader,
  options: ExporterServerOptions = {},
): Promise<RunningExporter> {
  const server = createExporterServer(reader, {
    listenAddresses: ['127.0.0.1:0'],
    drainTimeout: 0,
    ...options,
  });
  onTestFinished(() => server.close());
  const [address] = await server.start();
  return { server, url: address!.url, port: address!.port ?? 0 };
}

/**
 * A web configuration file with the fixed certificate of the tests beside it, gone when the test
 * ends.
 */
export function webConfig(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'exporter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'web.yml'), text);
  writeFileSync(join(folder, 'tls.crt'), TLS.cert);
  writeFileSync(join(folder, 'tls.key'), TLS.key);
  return join(folder, 'web.yml');
}

/** The TLS part of a web configuration file. */
export const TLS_CONFIG = 'tls_server_config: { cert_file: tls.crt, key_file: tls.key }\n';
