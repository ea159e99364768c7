import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { onTestFinished } from 'vitest';
import { TLS } from '../http/transports.ts';
import { rawConnection } from './raw-client.ts';

/** A client with one connection of its own, as a load generator has many. */
export interface KeptClient {
  /**
   * Asks for a page and resolves once all of it is there, with whether the server has announced
   * that the connection ends. Rejects if the connection ends without that.
   */
  ask(path: string): Promise<boolean>;
}

/** Opens a connection that ends with the test. */
export function keptClient(port: number, isHttp2: boolean, isSecure: boolean): Promise<KeptClient> {
  return isHttp2 ? overHttp2(port) : overHttp1(port, isSecure);
}

async function overHttp1(port: number, isSecure: boolean): Promise<KeptClient> {
  const socket = await rawConnection(isSecure ? { port, protocol: 'http/1.1' } : { port });
  let text = '';
  socket.on('data', (part: Buffer) => (text += part.toString('latin1')));
  return {
    ask: (path) =>
      new Promise((resolve, reject) => {
        text = '';
        const cut = (): void => reject(new Error(`cut without a word after ${text.length} bytes`));
        const look = (): void => {
          const head = /^HTTP\/1\.1 200 OK\r\n([\s\S]*?)\r\n\r\n/.exec(text);
          const length = Number(/^Content-Length: (\d+)/im.exec(head?.[1] ?? '')?.[1]);
          if (head === null || text.length < head[0].length + length) return;
          socket.off('data', look).off('close', cut);
          resolve(/^Connection: close$/im.test(head[1]!));
        };
        if (socket.closed) cut();
        socket.on('data', look).once('close', cut);
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      }),
  };
}

async function overHttp2(port: number): Promise<KeptClient> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: TLS.cert });
  onTestFinished(() => session.destroy());
  session.on('error', () => undefined);
  let isAnnounced = false;
  session.on('goaway', () => (isAnnounced = true));
  await once(session, 'connect');
  return {
    ask: (path) =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path });
        let status = 0;
        stream.on('response', (headers) => (status = headers[':status'] ?? 0));
        stream.on('error', reject);
        stream.resume().on('close', () => {
          if (status === 200 && stream.rstCode === 0) resolve(isAnnounced || session.closed);
          else reject(new Error('cut without a word'));
        });
      }),
  };
}
