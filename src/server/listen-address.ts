import { unlink } from 'node:fs/promises';
import { connect, type ListenOptions, type Server } from 'node:net';
import { SnapscrapeError } from '../model/errors.ts';

/** Where a server listens: a TCP port of a host, or a Unix domain socket. */
export type ListenAddress =
  | { readonly host: string | undefined; readonly port: number }
  | { readonly path: string };

const TCP = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s/]*)):(\d{1,5})$/i;
const UNIX = /^unix:(.*[/\\].*)$/s;

/**
 * Reads an address: `127.0.0.1:9464`, `localhost:9464`, `[::1]:9464`, `:9464` for all interfaces, or
 * `unix:/run/exporter.sock`. Port 0 takes any that is free. Undefined for what is none.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const path = UNIX.exec(text)?.[1];
  if (path !== undefined) return { path };
  const [, bracketed, plain, digits] = TCP.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  return { host: bracketed ?? (plain || undefined), port };
}

/** An address that a server listens on. */
export interface ServedAddress {
  /**
   * Where to look: `http://127.0.0.1:9464`, without a path; `localhost` stands for all interfaces. Of a
   * Unix domain socket: `unix:` and its path.
   */
  readonly url: string;
  /** The host that was asked for, without brackets; undefined for all interfaces and for a socket. */
  readonly host: string | undefined;
  /** The TCP port; undefined for a socket. */
  readonly port: number | undefined;
  /** The path of a Unix domain socket; undefined for TCP. */
  readonly path: string | undefined;
}

/**
 * Has a server listen. Rejects with `listen_failed`, which names the address and the remedy. A Unix domain
 * socket that a dead process has left behind is replaced; one that somebody listens on is not.
 */
export async function listenOn(
  server: Server,
  address: ListenAddress,
  scheme: 'http' | 'https',
): Promise<ServedAddress> {
  try {
    await listening(server, address).catch(async (error: NodeJS.ErrnoException) => {
      const isLeftBehind =
        error.code === 'EADDRINUSE' && 'path' in address && !(await isServed(address.path));
      if (!isLeftBehind) throw error;
      await unlink(address.path);
      await listening(server, address);
    });
  } catch (cause) {
    throw listenFailed(address, cause);
  }
  return servedAddress(server, address, scheme);
}

function listening(server: Server, address: ListenOptions | ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error): void => {
      server.off('error', done);
      server.off('listening', done);
      if (error === undefined) resolve();
      else reject(error);
    };
    server.once('error', done);
    server.once('listening', done);
    server.listen({ ...address });
  });
}

/** Whether somebody answers at a Unix domain socket. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  });
}

function listenFailed(address: ListenAddress, cause: unknown): SnapscrapeError {
  const text = 'path' in address ? `unix:${address.path}` : hostAndPort(address);
  const code = (cause as NodeJS.ErrnoException).code;
  const reason =
    code === 'EADDRINUSE' ? 'the address is in use' : cause instanceof Error ? cause.message : code;
  return new SnapscrapeError(
    'listen_failed',
    `cannot listen on ${text}: ${reason}; choose another address, or end who has it`,
    { cause },
  );
}

function servedAddress(
  server: Server,
  address: ListenAddress,
  scheme: 'http' | 'https',
): ServedAddress {
  if ('path' in address) {
    return { url: `unix:${address.path}`, host: undefined, port: undefined, path: address.path };
  }
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  const { host } = address;
  // All interfaces have no name of their own.
  const isEverywhere = host === undefined || host === '0.0.0.0' || host === '::';
  const url = `${scheme}://${hostAndPort({ host: isEverywhere ? 'localhost' : host, port })}`;
  return { url, host, port, path: undefined };
}

function hostAndPort({
  host = '',
  port,
}: {
  readonly host: string | undefined;
  port: number;
}): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
