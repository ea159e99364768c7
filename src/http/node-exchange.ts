import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';

/** A request of `node:http`, `node:https` or `node:http2`. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response of `node:http`, `node:https` or `node:http2`. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** INTERNAL_ERROR (RFC 9113, 7): what ends a stream that is not whole. */
const INTERNAL_ERROR = 2;

/**
 * Cuts a response off, so that its client cannot take it for whole. A destroyed stream of
 * `node:http2` says NO_ERROR, which clients take for the end of the body if there was no
 * Content-Length. Never throws: a response may be made by something else than Node, and have no
 * such methods.
 */
export function cutOff(response: NodeResponse): void {
  try {
    if (isHttp2(response)) response.stream.close(INTERNAL_ERROR);
    else response.destroy();
  } catch {
    // There is nothing that could be cut.
  }
}

/**
 * Calls back when the client of a response goes away, at once if it has gone already. Returns how
 * to undo that. If a request or response has no events, its client counts as present.
 */
export function onGone(
  request: NodeRequest,
  response: NodeResponse,
  leave: () => void,
): () => void {
  const stopListening = listenOnce(response, 'close', leave);
  if (isHttp2(response)) {
    if (response.stream.destroyed) leave();
    return stopListening;
  }
  // A response that waits behind another one of its connection has no event when that is cut.
  const socket: Partial<Socket> | null | undefined = request.socket;
  const stay = canTell(socket) ? onCut(socket, leave) : () => undefined;
  // Whatever came before this handler may have taken its time: what is closed does not close again.
  if (response.destroyed || response.closed || socket?.destroyed) leave();
  return () => {
    stopListening();
    stay();
  };
}

/**
 * What a request came through: a socket of HTTP/1, or a session of HTTP/2; undefined if it is gone.
 * Judged by what Node made: a client may write any version into a request line.
 */
export function connectionOf(request: NodeRequest): object | undefined {
  const { stream } = request as Partial<Http2ServerRequest>;
  const connection: unknown = stream === undefined ? request.socket : stream.session;
  return typeof connection === 'object' && connection !== null ? connection : undefined;
}

/** Whether a response is one of `node:http2`, whatever version a request claims. */
export function isHttp2(response: NodeResponse): response is Http2ServerResponse {
  return 'createPushResponse' in response;
}

/** Listens to an event once, if the emitter has events. Returns how to undo that. */
export function listenOnce(emitter: NodeResponse, event: string, listener: () => void): () => void {
  if (!canTell(emitter)) return () => undefined;
  emitter.once(event, listener);
  return () => void emitter.removeListener(event, listener);
}

/** Whether something has events: mock requests, responses and sockets may have none. */
export function canTell<T extends Partial<EventEmitter>>(
  emitter: T | null | undefined,
): emitter is T & Required<Pick<EventEmitter, 'on' | 'once' | 'removeListener'>> {
  const { on, once, removeListener } = emitter ?? {};
  return [on, once, removeListener].every((method) => typeof method === 'function');
}

const leavers = new WeakMap<object, Set<() => void>>();

/**
 * One listener serves all requests of a connection, of which a client may send any number at once.
 */
function onCut(socket: Pick<Socket, 'once'>, leave: () => void): () => void {
  let waiting = leavers.get(socket);
  if (waiting === undefined) {
    const all = new Set<() => void>();
    socket.once('close', () => {
      for (const each of all) each();
    });
    leavers.set(socket, all);
    waiting = all;
  }
  waiting.add(leave);
  return () => void waiting.delete(leave);
}
