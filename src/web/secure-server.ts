import type { IncomingMessage } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { createSecureContext, type Server, type TLSSocket } from 'node:tls';
import { SnapscrapeError } from '../model/errors.ts';
import { ClientAdmission } from './client-admission.ts';
import type { ClientRefusal } from './client-rejection.ts';
import {
  addressOf,
  answerPlainHttp,
  connectionBelow,
  handshakeFailure,
} from './handshake-failure.ts';
import { clientAuthOptionsOf, secureContextOptionsOf } from './tls-options.ts';
import type { TlsServerConfig, WebConfig } from './web-config.ts';
import type { WebConfigFile } from './web-config-file.ts';

/** RFC 9113: the request was not looked at, so the client may send it again. */
const REFUSED_STREAM = 7;

/** Events of servers that begin with a request of HTTP/1.1. */
const REQUESTS: ReadonlySet<unknown> = new Set([
  'request',
  'checkContinue',
  'checkExpectation',
  'upgrade',
  'connect',
]);

/**
 * Marks a connection with what is known of its client; it is found through the proxies of HTTP/2,
 * too.
 */
const ADMISSION = Symbol('admission');

interface Marked {
  [ADMISSION]?: ClientAdmission;
}

/** Settings of {@link secureServer}. */
export interface SecureServerSettings {
  /**
   * Called with the reason for each handshake that fails, and with the client's address if it is
   * known. Must not throw. Default: nothing is called.
   */
  readonly onHandshakeFailure?: (failure: ClientRefusal, address: string | undefined) => void;
  /** The wall clock by which certificates expire, in ms since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Keeps a TLS server to what its web configuration file says now. New connections get the current
 * certificates, versions and suites. Clients are checked when they connect and again at each
 * request: one whose certificate has expired, or is not accepted any more, is cut off before the
 * request is served. Plain HTTP gets a 400.
 *
 * Does nothing if the file has no TLS. Throws `invalid_web_config` if the server has no
 * `setSecureContext`, which is so in Bun for servers of `node:https`.
 *
 * @param server - of `node:https` or `node:http2`, made with `tlsOptionsOf(file.current)`. Its
 *   listeners of connections and requests are called for admitted clients only.
 * @param onRejection - called with the reason for each client that is cut off after its handshake,
 *   and with the client's address if it is known. Must not throw.
 * @returns ends the following: the server keeps the certificates it has. Clients are still checked.
 */
export function secureServer(
  server: Server,
  file: Pick<WebConfigFile, 'current' | 'onReload'>,
  onRejection: (rejection: ClientRefusal, address: string | undefined) => void = () => undefined,
  { onHandshakeFailure = () => undefined, now = Date.now }: SecureServerSettings = {},
): () => void {
  if (file.current.tls !== undefined && typeof server.setSecureContext !== 'function') {
    throw new SnapscrapeError(
      'invalid_web_config',
      'this server cannot change its certificates; in Bun, remove http2: false from http_server_config',
    );
  }
  const verifiedBy = new WeakMap<object, TlsServerConfig>();
  server.prependListener('connection', (connection: Socket) => {
    const { tls } = file.current;
    // A handshake may take longer than the configuration that it began with lasts.
    if (tls !== undefined) verifiedBy.set(connection, tls);
    // Node asks the system once for an address, and only while the connection is open.
    void connection.remoteAddress;
  });
  const admissionOf = (socket: TLSSocket & Marked, tls: TlsServerConfig): ClientAdmission => {
    const known = socket[ADMISSION];
    if (known !== undefined) return known;
    const below = connectionBelow(socket);
    const begun = below === undefined ? tls : (verifiedBy.get(below) ?? tls);
    return (socket[ADMISSION] = new ClientAdmission(begun, socket, now));
  };
  const rejectionOf = (socket: TLSSocket): ClientRefusal | undefined => {
    const { tls } = file.current;
    return tls === undefined ? undefined : admissionOf(socket, tls).rejection(tls);
  };
  gateEvents(server, (connectionOf) => {
    let rejection: ClientRefusal | undefined = 'other';
    let address: string | undefined;
    try {
      const connection = connectionOf();
      address = connection.remoteAddress;
      rejection = rejectionOf(connection);
    } catch {
      // The connection is gone, or its certificate cannot be read.
    }
    if (rejection !== undefined) onRejection(rejection, address);
    return rejection === undefined;
  });
  server.on('tlsClientError', (error, socket) => {
    const failure = handshakeFailure(error, socket);
    if (failure === 'plain_http' || failure === 'not_tls') answerPlainHttp(socket);
    onHandshakeFailure(failure, addressOf(socket));
  });
  const apply = ({ tls }: WebConfig): void => {
    if (tls === undefined) return;
    const options = secureContextOptionsOf(tls);
    server.setSecureContext(options);
    // Node reads these for each connection, but has no method to set them, and its method above
    // drops `allowPartialTrustChain`. If that changes, clients are rejected, not admitted.
    Object.assign(server, clientAuthOptionsOf(tls), {
      _sharedCreds: createSecureContext(options),
    });
  };
  apply(file.current);
  return file.onReload(apply);
}

/** Whether the client of a connection may go on. Finding the connection may throw if it is gone. */
type Gate = (connectionOf: () => TLSSocket) => boolean;

/**
 * Keeps events of rejected clients from all listeners of a server, whenever they were added, and
 * cuts these clients off. A listener of ours could not: the others would still be called.
 */
function gateEvents(server: Server, isAdmitted: Gate): void {
  const emit: (event: string | symbol, ...args: unknown[]) => boolean = server.emit.bind(server);
  const gated = (event: string | symbol, ...args: unknown[]): boolean =>
    cutIfRejected(event, args[0], isAdmitted) || emit(event, ...args);
  Object.assign(server, { emit: gated });
}

function cutIfRejected(event: unknown, subject: unknown, isAdmitted: Gate): boolean {
  if (event === 'secureConnection') {
    const socket = subject as TLSSocket;
    if (isAdmitted(() => socket)) return false;
    socket.on('error', () => undefined).destroy();
    return true;
  }
  if (event === 'stream') {
    const stream = subject as ServerHttp2Stream;
    const { session } = stream;
    if (isAdmitted(() => session!.socket as TLSSocket)) return false;
    stream.on('error', () => undefined).close(REFUSED_STREAM);
    if (session !== undefined && !session.closed) session.close();
    return true;
  }
  // Requests of HTTP/2 were looked at as streams.
  if (!REQUESTS.has(event) || 'stream' in (subject as object)) return false;
  // A request that a framework made itself, for a test, has no connection to judge.
  const { socket } = subject as Partial<IncomingMessage>;
  if (isAdmitted(() => socket as TLSSocket)) return false;
  socket?.destroy();
  return true;
}
