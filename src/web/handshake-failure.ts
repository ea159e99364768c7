import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type ClientRefusal, certificateRejection } from './client-rejection.ts';

const BY_CODE: ReadonlyMap<string, ClientRefusal> = new Map([
  ['ERR_SSL_HTTP_REQUEST', 'plain_http'],
  ['ERR_SSL_HTTPS_PROXY_REQUEST', 'plain_http'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'not_tls'],
  ['ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE', 'no_certificate'],
  ['ERR_TLS_HANDSHAKE_TIMEOUT', 'timeout'],
  ['ETIMEDOUT', 'timeout'],
  ['ECONNRESET', 'closed'],
  ['EPIPE', 'closed'],
]);
const NO_COMMON_PROTOCOL =
  /^ERR_SSL_(?:NO_(?:SHARED|SUITABLE|PROTOCOLS|APPLICATION)_|UNSUPPORTED_PROTOCOL|VERSION_TOO_|UNKNOWN_PROTOCOL|INAPPROPRIATE_FALLBACK)/;
const ALERT = /^ERR_SSL_.*_ALERT_/;

// The response of Go's server, byte by byte.
const TO_PLAIN_HTTP =
  'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';
/** How long a client may take to read that response, in ms. */
const READING_MS = 500;

/** Why a handshake failed, from what `tlsClientError` passes to its listeners. */
export function handshakeFailure(error: unknown, socket: TLSSocket): ClientRefusal {
  // Node closes the connection itself if it verifies certificates, and reports a reset.
  if (socket.authorizationError) return certificateRejection(socket.authorizationError);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  if (NO_COMMON_PROTOCOL.test(code)) return 'no_common_protocol';
  return ALERT.test(code) ? 'client_alert' : 'other';
}

/** Responds to plain HTTP at a TLS port as Go does, and closes the connection. */
export function answerPlainHttp(socket: TLSSocket): void {
  // TLS ended before it began: the connection below is still open and has carried no byte of ours.
  const below = connectionBelow(socket);
  if (below === undefined || below.destroyed || below.bytesWritten > 0) return;
  below.on('error', () => undefined).end(TO_PLAIN_HTTP);
  setTimeout(() => below.destroy(), READING_MS).unref();
}

/**
 * The address of a client whose handshake failed; undefined if it has none, or if Node never asked
 * for it.
 */
export function addressOf(socket: TLSSocket): string | undefined {
  return socket.remoteAddress ?? connectionBelow(socket)?.remoteAddress;
}

/**
 * The connection that TLS runs over. Node names it only here; without it, a client gets no
 * response.
 */
export function connectionBelow(socket: TLSSocket): Socket | undefined {
  const below = '_parent' in socket ? socket._parent : undefined;
  return below instanceof Socket ? below : undefined;
}
