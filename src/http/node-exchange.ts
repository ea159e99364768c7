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
 * Cuts an answer off, so that its client cannot take it for whole. A destroyed stream of `node:http2`
 * says NO_ERROR, which clients take for the end of the body where no length was told.
 */
export function cutOff(response: NodeResponse): void {
  if (isHttp2(response)) response.stream.close(INTERNAL_ERROR);
  else response.destroy();
}

/**
 * Calls back when the client of an answer goes away, at once where it has gone already; answers how to
 * undo that.
 */
export function onGone(
  request: NodeRequest,
  response: NodeResponse,
  leave: () => void,
): () => void {
  response.once('close', leave);
  if (isHttp2(response)) {
    if (response.stream.destroyed) leave();
    return () => void response.removeListener('close', leave);
  }
  // A response that waits behind another one of its connection is not told when that is cut.
  const { socket } = request;
  const stay = onCut(socket, leave);
  // Whatever came before this handler may have taken its time: what is closed does not close again.
  if (response.destroyed || response.closed || socket.destroyed) leave();
  return () => {
    response.removeListener('close', leave);
    stay();
  };
}

function isHttp2(response: NodeResponse): response is Http2ServerResponse {
  return 'createPushResponse' in response;
}

const leavers = new WeakMap<Socket, Set<() => void>>();

/** One listener serves all requests of a connection, of which a client may send any number at once. */
function onCut(socket: Socket, leave: () => void): () => void {
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
