import { createServer } from 'node:http';
import { createSecureServer, type SecureServerOptions, type ServerHttp2Session } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { Server } from 'node:net';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import { tlsOptionsOf } from '../web/tls-options.ts';
import type { WebConfig } from '../web/web-config.ts';
import type { CheckedServerOptions } from './server-options.ts';

type Limits = Pick<
  CheckedServerOptions,
  'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'maxHeaderSize' | 'maxConnections'
>;

/** Node looks for slow clients this often at least, in ms; by default it does so each half a minute. */
const MOST_BETWEEN_LOOKS = 1000;

/** How many requests a client may have under way in one session of HTTP/2. */
const MOST_STREAMS = 100;

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
  server.maxConnections = limits.maxConnections;
  return server;
}

function createHttp2Server(
  options: SecureServerOptions,
  http1: Http1Limits,
  listener: (request: NodeRequest, response: NodeResponse) => void,
): Server {
  const settings = { maxConcurrentStreams: MOST_STREAMS, maxHeaderListSize: http1.maxHeaderSize };
  const server = createSecureServer({ ...options, settings }, listener);
  // Those who do not speak HTTP/2 are served by the rules of `node:http`, which reads them from here.
  Object.assign(server, http1);
  server.on('session', (session) => endWhenIdle(session, http1));
  return server;
}

/**
 * Ends a session that has no request under way for some time, whatever else its client sends: Node's own
 * timeout begins anew with each byte.
 */
function endWhenIdle(session: ServerHttp2Session, limits: Http1Limits): void {
  let requests = 0;
  let timer = setTimeout(() => session.destroy(), limits.headersTimeout);
  session.once('close', () => clearTimeout(timer));
  session.on('stream', (stream) => {
    requests++;
    clearTimeout(timer);
    stream.once('close', () => {
      requests--;
      if (requests > 0 || session.destroyed) return;
      timer = setTimeout(() => session.close(), limits.keepAliveTimeout);
    });
  });
}
