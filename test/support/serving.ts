import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OpenMetricsHandler } from '../../src/index.ts';

/** An answer to a request, with its body as it came over the wire. */
interface Answer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a request is sent with. */
interface Asking {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A handler that can be asked, whatever lies between. */
export type Ask = (asking?: Asking) => Promise<Answer>;

/** Each way to a handler. */
export const WAYS: readonly (readonly [
  name: string,
  open: (handler: OpenMetricsHandler) => Promise<Ask>,
])[] = [
  ['in-process', inProcess],
  ['over a socket', overSocket],
];

async function inProcess(handler: OpenMetricsHandler): Promise<Ask> {
  return async ({ method = 'GET', headers = {} } = {}) => {
    const url = 'http://exporter/metrics';
    const response = await handler.fetch(new Request(url, { method, headers }));
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
}

async function overSocket(handler: OpenMetricsHandler): Promise<Ask> {
  const { port } = await listening(handler);
  return ({ method = 'GET', headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(
        { host: '127.0.0.1', port, method, headers, agent: false },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const answered: Record<string, string> = {};
            for (const [name, value] of Object.entries(response.headers)) {
              answered[name] = String(value);
            }
            const status = response.statusCode ?? 0;
            resolve({ status, headers: answered, body: Buffer.concat(parts) });
          });
        },
      );
      sent.on('error', reject);
      sent.end();
    });
}

/** A server on a free port, until the end of the test. */
export async function listening(
  listener: RequestListener,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, server };
}
