import type { ServerHttp2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import { LONGEST_TIMER } from '../model/options.ts';

/** How long clients may keep a connection without a request. */
interface IdleLimits {
  /** How long a head may take, in ms. */
  readonly headersTimeout: number;
  /** How long a connection may be idle between two requests, in ms. */
  readonly keepAliveTimeout: number;
}

/**
 * Ends connections of HTTP/1.1 on which no request comes to its end, whatever else their clients send. Node's
 * own timeouts end what is silent, and slow heads; but empty lines between requests are neither: they end the
 * one and do not begin the other.
 */
export function endIdleConnections(server: Server, isSecure: boolean, limits: IdleLimits): void {
  // A head that begins at the last moment has its time as well.
  const patience = limits.keepAliveTimeout + limits.headersTimeout;
  const clients = new WeakMap<Socket, IdleClient>();
  const watch = (socket: Socket): void => {
    const client = new IdleClient(() => socket.destroy(), patience);
    clients.set(socket, client);
    socket.once('close', () => client.leave());
  };
  server.on(isSecure ? 'secureConnection' : 'connection', (socket: Socket | TLSSocket) => {
    if (!('alpnProtocol' in socket) || socket.alpnProtocol !== 'h2') watch(socket);
  });
  server.on('request', (request: NodeRequest, response: NodeResponse) => {
    if (request.httpVersionMajor === 1) clients.get(request.socket)?.asked(response, patience);
  });
}

/**
 * Ends a session of HTTP/2 that has no request under way for some time, whatever else its client sends: Node's
 * own timeout begins anew with each byte.
 */
export function endIdleSession(session: ServerHttp2Session, limits: IdleLimits): void {
  const { headersTimeout, keepAliveTimeout } = limits;
  let end = (): void => session.destroy();
  const client = new IdleClient(() => end(), headersTimeout);
  session.once('close', () => client.leave());
  session.on('stream', (stream) => {
    end = () => session.close();
    client.asked(stream, keepAliveTimeout);
  });
}

/** What tells of its end. */
interface Closing {
  once(event: 'close', listener: () => void): unknown;
}

/** Counts the requests of a client, and the time in which it has none. */
class IdleClient {
  readonly #end: () => void;
  #requests = 0;
  #isGone = false;
  #timer: NodeJS.Timeout;

  /** @param patience - how long its first request may take to come, in ms. */
  constructor(end: () => void, patience: number) {
    this.#end = end;
    this.#timer = setTimeout(end, Math.min(patience, LONGEST_TIMER));
  }

  /** Notes a request; once all are answered, the next may take so many ms to come. */
  asked(answer: Closing, patience: number): void {
    this.#requests++;
    clearTimeout(this.#timer);
    answer.once('close', () => {
      this.#requests--;
      if (this.#requests > 0 || this.#isGone) return;
      this.#timer = setTimeout(this.#end, Math.min(patience, LONGEST_TIMER));
    });
  }

  /** Ends the waiting: the connection is closed. */
  leave(): void {
    this.#isGone = true;
    clearTimeout(this.#timer);
  }
}
