import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const gzipAsync = promisify(gzip);

/**
 * The level for all: the default of snapscrape. Peers have no compression of their own; what users
 * put in front of them takes level 6 by default, which costs more.
 */
export const GZIP_LEVEL = 1;

/**
 * Answers with a text once it is rendered, compressed on the thread pool where the client wants
 * that.
 */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  rendering: Promise<string> | string,
): Promise<void> {
  const text = await rendering;
  response.setHeader('Content-Type', 'text/plain; version=0.0.4; charset=utf-8');
  if (!wantsGzip(request)) {
    response.end(text);
    return;
  }
  const body = await gzipAsync(text, { level: GZIP_LEVEL });
  response.setHeader('Content-Encoding', 'gzip');
  response.end(body);
}

/** Whether the client wants gzip; enough for the clients here. */
export function wantsGzip(request: IncomingMessage): boolean {
  return /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
}
