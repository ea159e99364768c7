import { createServer } from 'node:http';
import { createSecureServer, type Http2ServerResponse, type SecureServerOptions } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import type { Server, Socket } from 'node:net';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import { tlsOptionsOf } from '../web/tls-options.ts';
import type { WebConfig } from '../web/web-config.ts';
import { methodRejection, plainAnswer, type ShortAnswer } from './answer.ts';
import { answerRaw, headRejection } from './head-rejection.ts';
import type { CheckedServerOptions } from './server-options.ts';

type Limits = Pick<
  CheckedServerOptions,
  'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'maxHeaderSize' | 'maxConnections'
>;

/**
 * Node looks for slow clients this often at least, in ms; by default it does so each half a minute.
 */
const MOST_BETWEEN_LOOKS = 1000;

/** How many requests a client may have under way in one session of HTTP/2. */
const MOST_STREAMS = 100;

/**
 * How long a head of HTTP/2 can be before Node ends its stream, in bytes; below that we can answer.
 */
const MOST_HEAD = 65_536;

const EXPECTATION_FAILED = plainAnswer(417, 'The expectation cannot be met.\n');

/** How long Node lets clients take, by its own names. */
interface Http1Limits extends Omit<Limits, 'maxConnections'> {
  readonly connectionsCheckingInterval: number;
  readonly requireHostHeader: boolean;
}

/** Answers a request, or refuses it if its head cannot be served whatever it asks for. */
export type HeadListener = (
  request: NodeRequest,
  response: NodeResponse,
  rejection: ShortAnswer | undefined,
) => unknown;

/**
 * Makes the server of one address: plain HTTP/1.1, HTTPS, or HTTPS with HTTP/2 beside it, by ALPN.
 * Nothing is answered by Node itself: its answers have no `Cache-Control`.
 */
export function createNodeServer(
  config: Pick<WebConfig, 'tls' | 'http2'> | undefined,
  limits: Limits,
  listener: HeadListener,
): Server {
  const { headersTimeout, requestTimeout, keepAliveTimeout, maxHeaderSize } = limits;
  const http1 = {
    headersTimeout,
    requestTimeout,
    keepAliveTimeout,
    connectionsCheckingInterval: Math.min(MOST_BETWEEN_LOOKS, headersTimeout),
    maxHeaderSize,
    requireHostHeader: false,
  };
  const tls = config === undefined ? undefined : tlsOptionsOf(config);
  const server: Server =
    tls === undefined
      ? createServer(http1)
      : config?.http2
        ? createHttp2Server({ ...tls, handshakeTimeout: headersTimeout }, http1)
        : createHttpsServer({ ...tls, ...http1, handshakeTimeout: headersTimeout });
  server.maxConnections = limits.maxConnections;
  server.on('request', (request: NodeRequest, response: NodeResponse) => {
    listener(request, response, headRejection(request, maxHeaderSize));
  });
  server.on('checkExpectation', (request: NodeRequest, response: NodeResponse) => {
    listener(request, response, EXPECTATION_FAILED);
  });
  server.on('connect', (request: NodeRequest, answer: Http2ServerResponse | Socket) => {
    const rejection = methodRejection('CONNECT')!;
    // Of HTTP/1 Node gives the socket, and does not listen to it any more.
    if ('writeHead' in answer) listener(request, answer, rejection);
    else
      answerRaw(
        answer.on('error', () => undefined),
        rejection,
      );
  });
  return server;
}

function createHttp2Server(options: SecureServerOptions, http1: Http1Limits): Server {
  // Node ends streams by this limit, but only once the client has heard of it: ours is that of the
  // answer.
  const maxHeaderListSize = Math.max(http1.maxHeaderSize, MOST_HEAD);
  const settings = { maxConcurrentStreams: MOST_STREAMS, maxHeaderListSize };
  const server = createSecureServer({ ...options, settings });
  // Clients that do not speak HTTP/2 are served by the rules of `node:http`, which reads them from
  // here.
  Object.assign(server, http1);
  return server;
}
