import type { IncomingMessage } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';

/** How long an answer that was written may take to leave, once nothing else is under way; in ms. */
const FLUSH_MS = 500;

/** What can be closed: a connection of HTTP/1.1, or a session of HTTP/2. */
type Connection = Socket | Http2Session;

/** Knows the connections of servers and the requests on each, so that they can be ended with care. */
export class OpenConnections {
  /** Requests under way by connection; those without any are idle. */
  readonly #requests = new Map<Connection, number>();
  /** All sockets as they were accepted, those among them whose TLS handshake goes on. */
  readonly #accepted = new Set<Socket>();
  readonly #onChange = new Set<() => void>();
  #isDraining = false;

  /** Watches the connections of a server from now on. */
  track(server: Server, isSecure: boolean): void {
    server.on('connection', (socket: Socket) => {
      this.#accepted.add(socket);
      socket.once('close', () => {
        this.#accepted.delete(socket);
        this.#changed();
      });
      if (!isSecure) this.#open(socket);
    });
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol !== 'h2') this.#open(socket);
    });
    server.on('session', (session: Http2Session) => this.#open(session));
  }

  /** Notes a request until its response is closed. */
  begin(request: NodeRequest, response: NodeResponse): void {
    const connection = connectionOf(request);
    if (connection === undefined) return;
    this.#requests.set(connection, (this.#requests.get(connection) ?? 0) + 1);
    if (this.#isDraining && isHttp1(request)) response.setHeader('Connection', 'close');
    response.once('close', () => {
      const before = this.#requests.get(connection);
      // A connection that is gone has taken its requests with it.
      if (before === undefined) return;
      this.#requests.set(connection, before - 1);
      if (this.#isDraining && before === 1) end(connection);
      this.#changed();
    });
  }

  /**
   * Ends what is idle, lets requests under way finish for some time, and cuts what is left then. Resolves
   * when no connection is left.
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    for (const [connection, requests] of this.#requests) {
      // A session takes no new requests from now on, and ends with the last one.
      if (requests === 0 || !('destroySoon' in connection)) end(connection);
    }
    await this.#when(() => this.#isIdle(), timeoutMs);
    if (this.#isIdle()) await this.#when(() => this.#accepted.size === 0, FLUSH_MS);
    for (const socket of this.#accepted) socket.destroy();
    await this.#when(() => this.#accepted.size === 0, FLUSH_MS);
  }

  #open(connection: Connection): void {
    if (this.#isDraining) {
      end(connection);
      return;
    }
    this.#requests.set(connection, 0);
    connection.once('close', () => {
      this.#requests.delete(connection);
      this.#changed();
    });
  }

  #isIdle(): boolean {
    return [...this.#requests.values()].every((requests) => requests === 0);
  }

  #changed(): void {
    for (const look of this.#onChange) look();
  }

  /** Waits until something holds, but no longer than some time. */
  async #when(holds: () => boolean, timeoutMs: number): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve) => {
      const look = (): void => {
        if (holds()) done();
      };
      const timer = setTimeout(() => done(), timeoutMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#onChange.delete(look);
        resolve();
      };
      this.#onChange.add(look);
    });
  }
}

function isHttp1(request: NodeRequest): request is IncomingMessage {
  return request.httpVersionMajor === 1;
}

function connectionOf(request: NodeRequest): Connection | undefined {
  return isHttp1(request) ? request.socket : request.stream.session;
}

/** Ends a connection when what was written to it has left. */
function end(connection: Connection): void {
  if ('destroySoon' in connection) connection.destroySoon();
  else if (!connection.closed) connection.close();
}
