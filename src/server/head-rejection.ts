import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { NodeRequest } from '../http/node-exchange.ts';
import { plainResponse, type ShortResponse } from './short-response.ts';

const CLOSE = { Connection: 'close' } as const;
const HEAD_TOO_LONG = plainResponse(431, 'The head of the request is too long.\n');
const NO_HOST = plainResponse(400, 'A request of HTTP/1.1 must have a Host.\n', CLOSE);
const WRONG_VERSION = plainResponse(505, 'This server speaks HTTP/1.1 and HTTP/1.0.\n', CLOSE);
const BAD_REQUEST = plainResponse(400, 'The request cannot be read.\n');
const TOO_SLOW = plainResponse(408, 'The request took too long.\n');
const CHUNK_TOO_LONG = plainResponse(413, 'The extension of a chunk is too long.\n');

/**
 * Why a head is rejected whatever it asks for; undefined if it is accepted. Only a request of
 * HTTP/2 has a stream; the version in a request line is not proof.
 */
export function headRejection(
  request: NodeRequest,
  maxHeaderSize: number,
): ShortResponse | undefined {
  if ('stream' in request) return headSize(request) > maxHeaderSize ? HEAD_TOO_LONG : undefined;
  switch (request.httpVersion) {
    case '1.0':
      return undefined;
    case '1.1':
      return request.headers.host === undefined ? NO_HOST : undefined;
    default:
      return WRONG_VERSION;
  }
}

/** Names and values, the path among them, in bytes: each character is one. */
function headSize({ rawHeaders }: NodeRequest): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, 0);
}

/** The response to bytes that are not a request of HTTP/1, by Node's code for them. */
export function badRequestResponse(code: string | undefined): ShortResponse {
  if (code === 'HPE_HEADER_OVERFLOW') return HEAD_TOO_LONG;
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return CHUNK_TOO_LONG;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? TOO_SLOW : BAD_REQUEST;
}

/** Writes a response to a bare socket, and closes it. */
export function respondRaw(socket: Socket, { status, headers, body }: ShortResponse): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ];
  socket.end(lines.join('\r\n'));
  socket.destroySoon();
}
