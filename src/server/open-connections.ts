import type { Http2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { connectionOf, type NodeRequest, type NodeResponse } from '../http/node-exchange.ts';
import { ClientConnection, type IdleLimits, type Transport } from './client-connection.ts';

/**
 * How long connections without a request stay open once the server is closing, in ms: a request
 * that is on its way still gets a response, which says that the connection ends.
 */
export const IDLE_GRACE_MS = 1000;

/** How long sockets may take to close once no connection is left on them, in ms. */
const FLUSH_MS = 500;

/** Knows the connections of servers, ends idle ones, and ends all of them with care. */
export class OpenConnections {
  readonly #limits: IdleLimits;
  readonly #connections = new Map<object, ClientConnection>();
  /** All accepted sockets, also those that are still in the TLS handshake. */
  readonly #accepted = new Set<Socket>();
  readonly #onChange = new Set<() => void>();
  /** How many were accepted since the beginning. */
  #count = 0;
  /**
   * Whether one was accepted in this turn of the event loop or the last: Node accepts one in each.
   */
  #mayMoreWait = false;
  #grace: number | undefined;

  constructor(limits: IdleLimits) {
    this.#limits = limits;
  }

  /** Watches the connections of a server from now on. */
  track(server: Server, isSecure: boolean): void {
    server.on('connection', (socket: Socket) => {
      void this.#noteAccepted();
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
    if (connection !== undefined) this.#connections.get(connection)?.begin(response);
  }

  /** Whether bytes can be written to a connection of HTTP/1 without breaking into a response. */
  isFree(socket: Socket): boolean {
    return this.#connections.get(socket)?.isBusy === false;
  }

  /**
   * From now on responses say that their connection ends, and idle connections end after a grace.
   * New ones are still served.
   */
  close(graceMs: number): void {
    this.#grace = graceMs;
    for (const connection of this.#connections.values()) connection.close(graceMs);
  }

  /**
   * Resolves when no connection waits to be accepted, or after some time. Those that wait when an
   * address is closed are reset, with the requests on them.
   */
  async accepted(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.#mayMoreWait && performance.now() < deadline) await turn();
  }

  /**
   * Lets requests under way finish for some time, and cuts what is left then. After {@link close}.
   */
  async drain(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    // A handshake that ends meanwhile may bring another request.
    do {
      await this.#when(() => this.#connections.size === 0, deadline - performance.now());
      if (this.#connections.size > 0) break;
      await this.#when(() => this.#accepted.size === 0, FLUSH_MS);
    } while (this.#connections.size > 0 && performance.now() < deadline);
    for (const socket of this.#accepted) socket.destroy();
    await this.#when(() => this.#accepted.size === 0, FLUSH_MS);
  }

  async #noteAccepted(): Promise<void> {
    const count = ++this.#count;
    this.#mayMoreWait = true;
    await turn();
    await turn();
    if (count === this.#count) this.#mayMoreWait = false;
  }

  #open(transport: Transport): void {
    const connection = new ClientConnection(transport, this.#limits);
    this.#connections.set(transport, connection);
    transport.once('close', () => {
      connection.leave();
      this.#connections.delete(transport);
      this.#changed();
    });
    if (this.#grace !== undefined) connection.close(this.#grace);
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
      const timer = setTimeout(() => done(), Math.max(0, timeoutMs));
      const done = (): void => {
        clearTimeout(timer);
        this.#onChange.delete(look);
        resolve();
      };
      this.#onChange.add(look);
    });
  }
}
