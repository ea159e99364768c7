import type { Http2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { NodeResponse } from '../http/node-exchange.ts';
import { LONGEST_TIMER } from '../model/options.ts';

/** What carries requests: a connection of HTTP/1, or a session of HTTP/2. */
export type Transport = Socket | Http2Session;

/** How long a client may keep a connection without a request, in ms. */
export interface IdleLimits {
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
}

/**
 * One client's connection: the requests under way, and how long it may have none.
 *
 * Node's own timeouts do not suffice. Empty lines between requests of HTTP/1 end the wait for the
 * next request and begin none; in a session of HTTP/2 each byte begins the time-out again.
 */
export class ClientConnection {
  readonly #transport: Transport;
  readonly #limits: IdleLimits;
  /** The responses under way. */
  readonly #responses = new Set<NodeResponse>();
  /** The response to the request that came last, under way or not. */
  #latest: NodeResponse | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** How long it may be idle once the server is closing, in ms; undefined before. */
  #grace: number | undefined;
  #hasAsked = false;
  #isGone = false;

  constructor(transport: Transport, limits: IdleLimits) {
    this.#transport = transport;
    this.#limits = limits;
    this.#waitForRequest();
  }

  /** Whether a response is under way. */
  get isBusy(): boolean {
    return this.#responses.size > 0;
  }

  /** Notes a request until its response is closed. */
  begin(response: NodeResponse): void {
    this.#hasAsked = true;
    clearTimeout(this.#timer);
    const before = this.#latest;
    this.#latest = response;
    this.#responses.add(response);
    if (this.#grace !== undefined) this.#announce(before);
    response.once('close', () => {
      this.#responses.delete(response);
      if (this.#latest === response) this.#latest = undefined;
      if (!this.isBusy) this.#waitForRequest();
    });
  }

  /**
   * Announces to the client that the connection ends: by the responses that are not sent yet, and
   * by the next one. If the client asks for none, the connection ends after the grace.
   */
  close(graceMs: number): void {
    if (this.#grace !== undefined) return;
    this.#grace = graceMs;
    if (this.isBusy) this.#announce(undefined);
    else this.#waitForRequest();
  }

  /** The connection is closed. */
  leave(): void {
    this.#isGone = true;
    clearTimeout(this.#timer);
  }

  /** @param before - the response that was the last one, and may say that the connection ends. */
  #announce(before: NodeResponse | undefined): void {
    const transport = this.#transport;
    if ('goaway' in transport) {
      // It names the latest request that gets a response: the client may repeat later ones
      // elsewhere.
      if (!transport.destroyed) transport.goaway();
      return;
    }
    // A request behind a response that says so would get none.
    if (before !== undefined && !before.headersSent) before.setHeader('Connection', 'keep-alive');
    const last = this.#latest;
    if (last !== undefined && !last.headersSent) last.setHeader('Connection', 'close');
  }

  #waitForRequest(): void {
    clearTimeout(this.#timer);
    if (this.#isGone) return;
    this.#timer = setTimeout(() => this.#end(), Math.min(this.#patience(), LONGEST_TIMER));
  }

  #patience(): number {
    if (this.#grace !== undefined) return this.#grace;
    const { headersTimeout, keepAliveTimeout } = this.#limits;
    // A head of HTTP/1 that begins at the last moment has its time as well.
    if (!('goaway' in this.#transport)) return keepAliveTimeout + headersTimeout;
    return this.#hasAsked ? keepAliveTimeout : headersTimeout;
  }

  #end(): void {
    const transport = this.#transport;
    const isPolite = this.#grace !== undefined;
    if ('goaway' in transport) {
      if (isPolite || this.#hasAsked) transport.close();
      else transport.destroy();
    } else if (isPolite) transport.destroySoon();
    else transport.destroy();
  }
}
