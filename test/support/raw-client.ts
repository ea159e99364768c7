import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { onTestFinished } from 'vitest';
import { TLS } from '../http/transports.ts';

/**
 * Where a raw client sends its bytes: a port of this machine, with or without TLS, or a socket's
 * path.
 */
export type RawTarget =
  | { readonly port: number; readonly protocol?: 'http/1.1' | 'h2' | undefined }
  | { readonly path: string };

/** Opens a connection that sends whatever it is given, gone when the test ends. */
export async function rawConnection(target: RawTarget): Promise<Socket> {
  const socket = open(target);
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const isSecure = 'protocol' in target && target.protocol !== undefined;
  await once(socket, isSecure ? 'secureConnect' : 'connect');
  return socket;
}

function open(target: RawTarget): Socket {
  if ('path' in target) return connect(target.path);
  const { port, protocol } = target;
  if (protocol === undefined) return connect(port, '127.0.0.1');
  return connectSecurely({ port, host: '127.0.0.1', ca: TLS.cert, ALPNProtocols: [protocol] });
}

/**
 * Sends bytes and returns all that comes back, as text of one byte a character, until it is closed.
 */
export async function rawAnswer(target: RawTarget, bytes: string | Buffer): Promise<string> {
  const socket = await rawConnection(target);
  let answer = '';
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  // A reset is an end as well, so not by `once` of node:events.
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}
