import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { onTestFinished } from 'vitest';
import { TLS } from '../http/transports.ts';

/** How a client speaks to an exporter. */
export type Speech = 'HTTP/1.1' | 'HTTP/1.1 and TLS' | 'HTTP/2';

/** Every {@link Speech}. */
export const SPEECHES: readonly Speech[] = ['HTTP/1.1', 'HTTP/1.1 and TLS', 'HTTP/2'];

/** A client that asks again and again on one connection. */
export interface KeptConnection {
  /** Resolves with status and body; rejects where no whole answer comes. */
  ask(path: string): Promise<readonly [status: number, body: string]>;
  /** Whether the connection is gone. */
  isClosed(): boolean;
}

/** A client of a server on this machine, gone when the test ends. */
export function keptConnection(port: number, speech: Speech): KeptConnection {
  return speech === 'HTTP/2' ? overHttp2(port) : overHttp1(port, speech === 'HTTP/1.1');
}

function overHttp1(port: number, isPlain: boolean): KeptConnection {
  const agent = isPlain
    ? new http.Agent({ keepAlive: true, maxSockets: 1 })
    : new https.Agent({ keepAlive: true, maxSockets: 1, ca: TLS.cert });
  onTestFinished(() => agent.destroy());
  let open = 0;
  const ask: KeptConnection['ask'] = (path) =>
    new Promise((resolve, reject) => {
      const send = isPlain ? http.get : https.get;
      const request = send({ host: '127.0.0.1', port, path, agent }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => (body += part));
        response.on('error', reject);
        response.on('end', () => resolve([response.statusCode ?? 0, body]));
      });
      request.on('error', reject);
      request.on('socket', (socket) => {
        if (socket.listenerCount('close', closed) > 0) return;
        open++;
        socket.on('close', closed);
      });
    });
  const closed = (): void => void open--;
  return { ask, isClosed: () => open === 0 };
}

function overHttp2(port: number): KeptConnection {
  const session = http2.connect(`https://127.0.0.1:${port}`, { ca: TLS.cert });
  session.on('error', () => undefined);
  onTestFinished(() => session.destroy());
  const ask: KeptConnection['ask'] = (path) =>
    new Promise((resolve, reject) => {
      const stream = session.request({ ':path': path });
      let status = 0;
      let body = '';
      stream.setEncoding('utf8').on('data', (part: string) => (body += part));
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      stream.on('error', reject);
      stream.on('close', () => {
        if (status > 0 && stream.rstCode === 0) resolve([status, body]);
        else reject(new Error('the stream was cut'));
      });
    });
  return { ask, isClosed: () => session.destroyed };
}
