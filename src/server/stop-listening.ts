import { lstatSync, renameSync } from 'node:fs';
import { Server } from 'node:net';

/** The file of a Unix domain socket that a server listens on. */
export interface SocketFile {
  readonly path: string;
  /** Which file it is: its device and inode. */
  readonly identity: string | undefined;
}

/** Looks at a socket that a server has just made. */
export function socketFile(path: string | undefined): SocketFile | undefined {
  return path === undefined ? undefined : { path, identity: identityOf(path) };
}

/**
 * Resolves when a server has neither an address nor a connection. Not by its own method: that of
 * Node's HTTP servers closes idle connections at once, even if a request is on its way on them.
 *
 * @param socket - what it made. Node removes whatever is at that path; something else is kept.
 */
export function stopListening(server: Server, socket: SocketFile | undefined): Promise<void> {
  return new Promise((resolve) => {
    // Bun has no servers of `node:http` that are servers of `node:net`.
    const methods = server instanceof Server ? Server.prototype : server;
    // One that does not listen says so by an error.
    const close = (): void => void methods.close.call(server, () => resolve());
    if (socket === undefined) close();
    else keeping(socket, close);
  });
}

/** Closes a socket, but keeps what has taken its place, such as the socket of the next process. */
function keeping({ path, identity }: SocketFile, close: () => void): void {
  const found = identityOf(path);
  const aside = `${path}.${process.pid}`;
  const isKept = found !== undefined && found !== identity && moved(path, aside);
  close();
  if (isKept) moved(aside, path);
}

/** Which file is at a path; undefined if there is no file, or it cannot be seen. */
function identityOf(path: string): string | undefined {
  try {
    const { dev, ino } = lstatSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return undefined;
  }
}

/** False if the folder cannot be written to: then Node cannot remove anything from it either. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}
