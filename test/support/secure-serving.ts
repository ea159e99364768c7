import { connect as connectHttp2, createSecureServer as createHttp2Server } from 'node:http2';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import { secureServer } from '../../src/web/secure-server.ts';
import { tlsOptionsOf } from '../../src/web/tls-options.ts';
import type { WebConfigFile } from '../../src/web/web-config-file.ts';

/** The versions of HTTP that a secure server speaks. */
export type Speech = 'HTTP/1.1' | 'HTTP/2';

/** A server on a free port that answers 200, until the end of the test. */
export interface SecureServing {
  readonly port: number;
  /** How many connections were accepted. */
  connections(): number;
  /** How many requests reached the handler. */
  requests(): number;
  /** Why clients were cut off after their handshakes, in order. */
  readonly rejections: readonly string[];
  /** Why handshakes failed, in order. */
  readonly failures: readonly string[];
}

/** Serves by a web configuration file, and follows its changes. */
export async function serveSecurely(
  file: WebConfigFile,
  speech: Speech = 'HTTP/1.1',
  now?: () => number,
): Promise<SecureServing> {
  let requests = 0;
  let connections = 0;
  const rejections: string[] = [];
  const failures: string[] = [];
  const options = tlsOptionsOf(file.current)!;
  const server = speech === 'HTTP/2' ? createHttp2Server(options) : createServer(options);
  const sockets = new Set<TLSSocket>();
  server.on('request', (_request, response) => {
    requests++;
    response.end('up 1\n');
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    // A client that is cut off may send a reset.
    socket.on('error', () => undefined);
    sockets.add(socket);
  });
  server.on('connection', () => connections++);
  server.on('sessionError', () => undefined);
  const release = secureServer(server, file, (rejection) => rejections.push(rejection), {
    onHandshakeFailure: (failure) => failures.push(failure),
    ...(now && { now }),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    release();
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => connections, requests: () => requests, rejections, failures };
}

/** Asks once, on a connection of its own; rejects when the connection is rejected or cut. */
export function askSecurely(
  port: number,
  options: ConnectionOptions,
  speech: Speech = 'HTTP/1.1',
): Promise<number> {
  const connection = { host: '127.0.0.1', port, servername: 'localhost', ...options };
  return speech === 'HTTP/2' ? askHttp2(connection) : askHttp1(connection);
}

function askHttp1(options: ConnectionOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('error', reject);
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end();
  });
}

function askHttp2(options: ConnectionOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`https://127.0.0.1:${options.port}`, options);
    session.on('error', reject);
    session.on('close', () => reject(new Error('the session was closed')));
    const stream = session.request({ ':path': '/metrics' });
    let status = 0;
    stream.on('response', (headers) => {
      status = headers[':status'] ?? 0;
    });
    stream.on('error', reject);
    stream.resume().on('end', () => {
      if (status > 0) resolve(status);
      else reject(new Error('the stream was closed'));
      session.destroy();
    });
  });
}
