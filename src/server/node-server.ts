import { createServer } from 'node:http';
import { createSecureServer, type SecureServerOptions } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import { tlsOptionsOf } from '../web/tls-options.ts';
import type { WebConfig } from '../web/web-config.ts';
import { plainAnswer, sendAnswer } from './answer.ts';
import { endIdleConnections, endIdleSession } from './idle-clients.ts';
import type { CheckedServerOptions } from './server-options.ts';

type Limits = Pick<
  CheckedServerOptions,
  'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'maxHeaderSize' | 'maxConnections'
>;

/** Node looks for slow clients this often at least, in ms; by default it does so each half a minute. */
const MOST_BETWEEN_LOOKS = 1000;

/** How many requests a client may have under way in one session of HTTP/2. */
const MOST_STREAMS = 100;

/** How long a head of HTTP/2 can be before Node ends its stream, in bytes; below that we can answer. */
const MOST_HEAD = 65_536;

const HEAD_TOO_LONG = plainAnswer(431, 'The head of the request is too long.\n');

/** How long Node lets clients take, by its own names. */
interface Http1Limits extends Omit<Limits, 'maxConnections'> {
  readonly connectionsCheckingInterval: number;
}

/**
 * Makes the server of one address: plain HTTP/1.1, HTTPS, or HTTPS with HTTP/2 beside it, by ALPN. Slow,
 * idle and surplus clients are sent away.
 */
export function createNodeServer(
  config: Pick<WebConfig, 'tls' | 'http2'> | undefined,
  limits: Limits,
  listener: (request: NodeRequest, response: NodeResponse) => void,
): Server {
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize } = limits;
  const http1 = {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval: Math.min(MOST_BETWEEN_LOOKS, headersTimeout),
    maxHeaderSize,
  };
  const tls = config === undefined ? undefined : tlsOptionsOf(config);
  const server =
    tls === undefined
      ? createServer(http1, listener)
      : config?.http2
        ? createHttp2Server({ ...tls, handshakeTimeout: headersTimeout }, http1, listener)
        : createHttpsServer({ ...tls, ...http1, handshakeTimeout: headersTimeout }, listener);
  endIdleConnections(server, tls !== undefined, limits);
  server.maxConnections = limits.maxConnections;
  return server;
}

function createHttp2Server(
  options: SecureServerOptions,
  http1: Http1Limits,
  listener: (request: NodeRequest, response: NodeResponse) => void,
): Server {
  const { maxHeaderSize } = http1;
  // Node ends streams by this limit, but only once the client has heard of it: ours is that of the answer.
  const maxHeaderListSize = Math.max(maxHeaderSize, MOST_HEAD);
  const settings = { maxConcurrentStreams: MOST_STREAMS, maxHeaderListSize };
  const server = createSecureServer({ ...options, settings }, (request, response) => {
    const isTooLong = request.httpVersionMajor === 2 && headSize(request) > maxHeaderSize;
    if (isTooLong) sendAnswer(request, response, HEAD_TOO_LONG);
    else listener(request, response);
  });
  // Those who do not speak HTTP/2 are served by the rules of `node:http`, which reads them from here.
  Object.assign(server, http1);
  server.on('session', (session) => endIdleSession(session, http1));
  return server;
}

/** Names and values, the path among them, in bytes: each character is one. */
function headSize({ rawHeaders }: NodeRequest): number {
  return rawHeaders.reduce((bytes, text) => bytes + text.length, 0);
}
