import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { onTestFinished } from 'vitest';
import type { OpenMetricsHandler } from '../../src/index.ts';
import { TLS } from './fixture-tls.ts';

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
  /** Path and query. Default `/metrics`. */
  readonly target?: string;
}

/** A handler that can be asked, whatever lies between. Rejects where no whole answer comes. */
export type Ask = (asking?: Asking) => Promise<Answer>;

/** One way to a handler. */
export type Transport = readonly [
  name: string,
  open: (handler: OpenMetricsHandler) => Promise<Ask>,
];

export { TLS };

/** Each way to a handler. */
export const TRANSPORTS: readonly Transport[] = [
  ['in-process', inProcess],
  ['over HTTP/1.1', async (handler) => askHttp1(await listening(http.createServer(handler)))],
  [
    'over HTTP/1.1 and TLS',
    async (handler) => askHttp1(await listening(https.createServer(TLS, handler)), TLS.cert),
  ],
  ['over HTTP/2', async (handler) => askHttp2(await listening(http2.createServer(handler)))],
  [
    'over HTTP/2 and TLS',
    async (handler) => askHttp2(await listening(http2.createSecureServer(TLS, handler)), TLS.cert),
  ],
  [
    'over HTTP/1.1 and TLS of a server that prefers HTTP/2',
    async (handler) => {
      const options = { ...TLS, allowHTTP1: true };
      return askHttp1(await listening(http2.createSecureServer(options, handler)), TLS.cert);
    },
  ],
];

/** Has a server listen on a free port of this machine until the test ends; then it is cut off. */
export async function listening(server: Server): Promise<number> {
  const connections = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    for (const connection of connections) connection.destroy();
  });
  return (server.address() as AddressInfo).port;
}

async function inProcess(handler: OpenMetricsHandler): Promise<Ask> {
  return async ({ method = 'GET', headers = {}, target = '/metrics' } = {}) => {
    const request = new Request(`http://exporter${target}`, { method, headers });
    const response = await handler.fetch(request);
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, headers: Object.fromEntries(response.headers), body };
  };
}

/** Asks on a connection of its own each time. */
function askHttp1(port: number, ca?: string): Ask {
  const send = ca === undefined ? http.request : https.request;
  return ({ method = 'GET', headers = {}, target = '/metrics' } = {}) =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: target, method, headers, ca, agent: false };
      const request = send(options, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          resolve({ status, headers: texts(response.headers), body: Buffer.concat(parts) });
        });
      });
      request.on('error', reject);
      request.end();
    });
}

/** Asks on one connection for all. */
function askHttp2(port: number, ca?: string): Ask {
  const scheme = ca === undefined ? 'http' : 'https';
  const session = http2.connect(`${scheme}://127.0.0.1:${port}`, ca === undefined ? {} : { ca });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  return ({ method = 'GET', headers = {}, target = '/metrics' } = {}) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ...headers, ':method': method, ':path': target });
      const parts: Buffer[] = [];
      let answered: Record<string, string> = {};
      stream.on('response', (received) => {
        answered = texts(received);
      });
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('error', reject);
      stream.on('aborted', () => reject(new Error('aborted')));
      stream.on('end', () => {
        const { ':status': status, ...rest } = answered;
        resolve({ status: Number(status), headers: rest, body: Buffer.concat(parts) });
      });
      stream.end();
    });
}

function texts(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const received: Record<string, string> = {};
  for (const name of Object.keys(headers)) received[name] = String(headers[name]);
  return received;
}
