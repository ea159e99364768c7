import {
  canTell,
  cutOff,
  listenOnce,
  type NodeRequest,
  type NodeResponse,
} from '../http/node-exchange.ts';

/** How long a client may take to read a short response, in ms; then it is cut off. */
const READING_TIMEOUT = 10_000;

/** A short response with a fixed text. */
export interface ShortResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A short response in plain text. */
export function plainResponse(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): ShortResponse {
  return {
    status,
    headers: {
      ...(body !== '' && { 'Content-Type': 'text/plain; charset=utf-8' }),
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      ...headers,
    },
    body,
  };
}

/** The response to methods other than GET and HEAD; undefined for these. */
export function methodRejection(method: string | undefined): ShortResponse | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  return plainResponse(405, 'Only GET and HEAD are served here.\n', { Allow: 'GET, HEAD' });
}

/**
 * Sends a short response, unless the request has one already or its client is gone. A client that
 * does not read it is cut off: a client without a password could hold a connection otherwise.
 */
export function sendResponse(
  request: NodeRequest,
  response: NodeResponse,
  { status, headers, body }: ShortResponse,
): void {
  if (response.headersSent || response.writableEnded || response.closed) return;
  // A socket that breaks emits 'close' too; without a listener the error would end the process.
  if (canTell(response)) response.on('error', () => undefined);
  for (const [name, value] of Object.entries(headers)) {
    // Headers that the web configuration has set stay.
    if (!response.hasHeader(name)) response.setHeader(name, value);
  }
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.writeHead(status);
  response.end(request.method === 'HEAD' ? '' : body);
  const cut = setTimeout(() => cutOff(response), READING_TIMEOUT).unref();
  listenOnce(response, 'close', () => clearTimeout(cut));
}
