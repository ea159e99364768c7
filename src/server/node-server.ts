import { createServer } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import type { WebConfig } from '../web/web-config.ts';
import { headRejection, respondRaw } from './head-rejection.ts';
import type { CheckedServerOptions } from './server-options.ts';
import { methodRejection, plainResponse, type ShortResponse } from './short-response.ts';

type Limits = Pick<
  CheckedServerOptions,
  'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'maxHeaderSize' | 'maxConnections'
>;

/** Node looks for slow clients this often at least, in ms; by default each half a minute. */
const MOST_BETWEEN_LOOKS = 1000;

const EXPECTATION_FAILED = plainResponse(417, 'The expectation cannot be met.\n');

/** Serves a request, or sends the rejection if its head cannot be served whatever it asks for. */
export type HeadListener = (
  request: NodeRequest,
  response: NodeResponse,
  rejection: ShortResponse | undefined,
) => unknown;

/**
 * Makes the server of one address: plain HTTP/1.1, HTTPS, or HTTPS with HTTP/2 beside it, by ALPN.
 * Node itself sends no response: its own would have no `Cache-Control`.
 */
export async function createNodeServer(
  config: Pick<WebConfig, 'tls' | 'http2'> | undefined,
  limits: Limits,
  listener: HeadListener,
): Promise<Server> {
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize } = limits;
  const http1 = {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval: Math.min(MOST_BETWEEN_LOOKS, headersTimeout),
    maxHeaderSize,
    requireHostHeader: false,
  };
  // Servers without TLS do not load it.
  const server: Server =
    config?.tls === undefined
      ? createServer(http1)
      : (await import('./tls-server.ts')).createTlsServer(config, http1);
  server.maxConnections = limits.maxConnections;
  server.on('request', (request: NodeRequest, response: NodeResponse) => {
    listener(request, response, headRejection(request, maxHeaderSize));
  });
  server.on('checkExpectation', (request: NodeRequest, response: NodeResponse) => {
    listener(request, response, EXPECTATION_FAILED);
  });
  server.on('connect', (request: NodeRequest, response: Http2ServerResponse | Socket) => {
    const rejection = methodRejection('CONNECT')!;
    // Of HTTP/1 Node gives the socket, and does not listen to it any more.
    if ('writeHead' in response) listener(request, response, rejection);
    else
      respondRaw(
        response.on('error', () => undefined),
        rejection,
      );
  });
  return server;
}
