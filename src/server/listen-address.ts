import { lstat, unlink } from 'node:fs/promises';
import { connect, type ListenOptions, type Server } from 'node:net';
import { SnapscrapeError } from '../model/errors.ts';

/**
 * Where a server listens: a TCP port of a host, a Unix domain socket, or a socket that the process
 * has inherited.
 */
export type ListenAddress =
  | { readonly host: string | undefined; readonly port: number }
  | { readonly path: string }
  | { readonly fd: number };

const TCP = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s/]*)):(\d{1,5})$/i;
const INHERITED = /^fd:(\d{1,4})$/;
const UNIX = /^unix:(.*[/\\].*)$/s;

/**
 * Reads an address: `127.0.0.1:9464`, `localhost:9464`, `[::1]:9464`, `:9464` for all interfaces,
 * `unix:/run/exporter.sock`, or `fd:3` for an inherited socket, as systemd passes it. Port 0 takes
 * any that is free. Undefined for any other text.
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const path = UNIX.exec(text)?.[1];
  if (path !== undefined) return { path };
  const fd = INHERITED.exec(text)?.[1];
  if (fd !== undefined) return { fd: Number(fd) };
  const [, bracketed, plain, digits] = TCP.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) return undefined;
  return { host: bracketed ?? (plain || undefined), port };
}

/**
 * How long the path of a Unix domain socket may be, in bytes of UTF-8. A kernel has a field of
 * fixed size for it, with a zero at its end, and Node cuts what is longer without a word.
 */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** What is wrong with an address that has the path of a socket; undefined for nothing. */
export function socketPathProblem(text: string): string | undefined {
  const address = parseListenAddress(text);
  if (address === undefined || !('path' in address)) return undefined;
  if (address.path.includes('\0')) return `must have paths without zero bytes, unlike ${text}`;
  const bytes = Buffer.byteLength(address.path);
  // Windows has named pipes, without such a field.
  if (process.platform === 'win32' || bytes <= LONGEST_PATH) return undefined;
  return `must have paths of at most ${LONGEST_PATH} bytes, and ${text} has ${bytes}; choose a shorter path`;
}

/** An address that a server listens on. */
export interface ServedAddress {
  /**
   * Where to look: `http://127.0.0.1:9464`, without a path; `localhost` stands for all interfaces.
   * Of a Unix domain socket: `unix:` and its path.
   */
  readonly url: string;
  /**
   * The host that was asked for, without brackets; undefined for all interfaces and for a socket.
   */
  readonly host: string | undefined;
  /** The TCP port; undefined for a socket. */
  readonly port: number | undefined;
  /** The path of a Unix domain socket; undefined for TCP. */
  readonly path: string | undefined;
}

/**
 * Has a server listen. Rejects with `listen_failed`, which names the address and the remedy. A Unix
 * domain socket that a dead process has left behind is replaced; a served one, or anything else at
 * its path, is not.
 */
export async function listenOn(
  server: Server,
  address: ListenAddress,
  scheme: 'http' | 'https',
): Promise<ServedAddress> {
  try {
    await listening(server, address).catch(async (error: unknown) => {
      const isTaken = codeOf(error) === 'EADDRINUSE' && 'path' in address;
      if (!isTaken) throw error;
      await removeDeadSocket(address.path, error);
      await listening(server, address);
    });
  } catch (cause) {
    if (cause instanceof SnapscrapeError) throw cause;
    throw listenFailed(address, remedyOf(address, cause), cause);
  }
  return servedAddress(server, address, scheme);
}

function listening(server: Server, address: ListenOptions | ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not one listener for both: some runtimes hand `listening` an argument, and an error may be
    // null.
    const fail = (error: unknown): void => {
      server.off('listening', succeed);
      reject(error instanceof Error ? error : new Error(`the runtime says ${String(error)}`));
    };
    const succeed = (): void => {
      server.off('error', fail);
      resolve();
    };
    server.once('error', fail);
    server.once('listening', succeed);
    server.listen({ ...address });
  });
}

/** Removes a Unix domain socket that nothing listens on. Rejects for anything else, which stays. */
async function removeDeadSocket(path: string, cause: unknown): Promise<void> {
  // A link is not followed: what it leads to is not ours to judge.
  if (!(await lstat(path)).isSocket()) {
    const reason = 'there is something else than a socket; move it away, or choose another path';
    throw listenFailed({ path }, reason, cause);
  }
  if (await isServed(path)) throw listenFailed({ path }, IN_USE, cause);
  await unlink(path);
}

/** Whether a process may listen at a Unix domain socket. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: unknown) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}

/** What is wrong, and what helps, by the code of the system. */
const REMEDIES: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'no interface of this machine has this address; choose one that it has',
  EACCES: 'not permitted; choose a port from 1024 on, or give the process the right',
  ENOTDIR: 'a part of the path is not a folder; choose another path',
  ENOTFOUND: 'the host name is unknown; choose another, or an IP address',
  EAI_AGAIN: 'the host name could not be looked up; try again, or choose an IP address',
};

// Node says EACCES for a folder that is missing, too.
const NO_FOLDER =
  'EACCES: the folder is missing, or the process may not write to it; create it, or choose another path';

function remedyOf(address: ListenAddress, cause: unknown): string {
  const code = codeOf(cause);
  if (code === 'EADDRINUSE') return IN_USE;
  if (code === 'EACCES' && 'path' in address) return NO_FOLDER;
  const remedy = code === undefined ? undefined : REMEDIES[code];
  if (remedy !== undefined) return `${code}: ${remedy}`;
  return `${cause instanceof Error ? cause.message : code}; choose another address`;
}

const IN_USE = 'address in use; choose another, or stop the process using it';

function listenFailed(address: ListenAddress, reason: string, cause: unknown): SnapscrapeError {
  const text = addressText(address);
  return new SnapscrapeError('listen_failed', `cannot listen on ${text}: ${reason}`, { cause });
}

function addressText(address: ListenAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return 'fd' in address ? `fd:${address.fd}` : hostAndPort(address);
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
  if ('fd' in address && (typeof bound !== 'object' || bound === null)) {
    return { url: addressText(address), host: undefined, port: undefined, path: undefined };
  }
  const { host, port: asked } = 'fd' in address ? { host: undefined, port: 0 } : address;
  const port = typeof bound === 'object' && bound !== null ? bound.port : asked;
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
