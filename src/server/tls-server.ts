import { createSecureServer, type SecureServerOptions } from 'node:http2';
import { createServer } from 'node:https';
import type { Server } from 'node:tls';
import { tlsOptionsOf } from '../web/tls-options.ts';
import type { WebConfig } from '../web/web-config.ts';

/** How many requests a client may have under way in one session of HTTP/2. */
const MOST_STREAMS = 100;

/**
 * How long a head of HTTP/2 can be before Node ends its stream, in bytes; below that we can
 * respond.
 */
const MOST_HEAD = 65_536;

/** How long Node lets clients take, by its own names. */
export interface Http1Limits {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly connectionsCheckingInterval: number;
  readonly maxHeaderSize: number;
  readonly requireHostHeader: boolean;
}

/** Makes a server of HTTPS, with HTTP/2 beside it if the configuration says so. */
export function createTlsServer(
  config: Pick<WebConfig, 'tls' | 'http2'>,
  http1: Http1Limits,
): Server {
  const options = { ...tlsOptionsOf(config), handshakeTimeout: http1.headersTimeout };
  return config.http2 ? createHttp2Server(options, http1) : createServer({ ...options, ...http1 });
}

function createHttp2Server(options: SecureServerOptions, http1: Http1Limits): Server {
  // Node ends streams by this limit, but only once the client has heard of it: ours is that of the
  // response.
  const maxHeaderListSize = Math.max(http1.maxHeaderSize, MOST_HEAD);
  const settings = { maxConcurrentStreams: MOST_STREAMS, maxHeaderListSize };
  const server = createSecureServer({ ...options, settings });
  // Clients that do not speak HTTP/2 are served by the rules of `node:http`, which reads them from
  // here.
  Object.assign(server, http1);
  return server as unknown as Server;
}
