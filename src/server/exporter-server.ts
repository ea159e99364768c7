import type { Server, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Server as TlsServer } from 'node:tls';
import { logEvent } from '../logging/default-log.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { assertReader, invalidOptions } from '../model/options.ts';
import type { IncrementalSnapshotReader, SnapshotReader } from '../model/snapshot-reader.ts';
import { createCachedSnapshotReader } from '../refresh/cached-reader.ts';
import { isProvider, providerOf } from '../refresh/snapshot-provider.ts';
import { callSafely } from '../scheduling/call-safely.ts';
import { WebConfigFile, type WebConfigFileOptions } from '../web/web-config-file.ts';
import { closeInOrder } from './close-in-order.ts';
import { badRequestResponse, respondRaw } from './head-rejection.ts';
import { type HealthHandler, healthHandlerOf } from './health.ts';
import { listenOn, parseListenAddress, type ServedAddress } from './listen-address.ts';
import { createNodeServer, type HeadListener } from './node-server.ts';
import { IDLE_GRACE_MS, OpenConnections } from './open-connections.ts';
import type { Readiness } from './readiness.ts';
import { ReadinessPoller } from './readiness-poller.ts';
import { OPEN_ACCESS, type RoutedListener, routedListener } from './request-listener.ts';
import { prepareSelections, type RouteMaker, type RouteTable, routesOf } from './routes.ts';
import {
  type CheckedServerOptions,
  checkServerOptions,
  type ExporterServerOptions,
  SERVER_DEFAULTS,
} from './server-options.ts';
import { sendResponse } from './short-response.ts';
import { type SocketFile, socketFile, stopListening } from './stop-listening.ts';
import { ConnectionErrors } from './surviving-server.ts';
import { followWebConfig, TlsFailures, tlsFailuresFamily } from './tls-failures.ts';
import { viewAccess } from './view-auth.ts';
import { webConfigFamilies } from './web-config-metrics.ts';

/** A server of metrics, views, probes and a landing page. */
export interface ExporterServer {
  /**
   * Reads the web configuration file, listens at every address, and begins to read the source;
   * resolves when all addresses are listened at, whether or not there is a snapshot. The second
   * call returns the same as the first. Rejects with `invalid_options` for a pattern in a `match`
   * of `handler` or a view that cannot be used, with `invalid_web_config`, `listen_failed`, or
   * `closed`; nothing is left open then.
   */
  start(): Promise<readonly ServedAddress[]>;
  /**
   * Ends the server with care. From now on it is not ready, and responses say that the connection
   * ends: `Connection: close`, or GOAWAY over HTTP/2. Connections without a request are closed
   * after 1 s. After `shutdownDelay` no more are accepted, and scrapes under way may finish for
   * `drainTimeout`; what is left then is cut. Then it closes what the option `closes` names; the
   * reader stays open otherwise. The second call joins the first. Never rejects.
   */
  close(): Promise<void>;
  /** Resolves when the server is closed and has closed what it `closes`. */
  readonly closed: Promise<void>;
  /** Where it listens; empty before `start()` has resolved and once it was closed. */
  readonly addresses: readonly ServedAddress[];
  /** What `/-/ready` returns. */
  readiness(): Readiness;
}

/**
 * Makes a server for the points of a reader: the page at `/metrics`, views, `/-/healthy` and
 * `/-/ready`, and a landing page; what Go's exporters get from exporter-toolkit. HTTP/1.1, and
 * HTTP/2 where the web configuration file has TLS. Nothing listens before `start()`.
 *
 * A source without a cache gets one that refreshes by a timer, as the option `cache` says; the
 * server closes that one. Throws `invalid_options`, every problem listed.
 *
 * @example
 * ```ts
 * const server = createExporterServer(reader, { closes: [reader, store] });
 * drainOnSignals(server);
 * await server.start();
 * ```
 */
export function createExporterServer(
  reader: SnapshotReader | IncrementalSnapshotReader,
  options?: ExporterServerOptions,
): ExporterServer {
  const checked = checkServerOptions(options);
  assertReader('createExporterServer', reader);
  const { cache, closes } = checked;
  if (!isProvider(reader)) {
    const cached = createCachedSnapshotReader(reader, { background: true, ...cache });
    return new NodeExporterServer(cached, { ...checked, closes: [cached, ...closes] });
  }
  if (cache === undefined) return new NodeExporterServer(reader, checked);
  throw invalidOptions('createExporterServer', [
    'cache is for a source without a cache; give these options where the reader is made',
  ]);
}

/**
 * Makes a server with routes of its own instead of those of an exporter.
 *
 * @param reader - what the readiness of the server is judged by.
 * @param options - checked options; those of pages have no effect.
 * @param routes - the routes, or what makes them of what the server knows of itself.
 */
export function createRoutedServer(
  reader: SnapshotReader,
  options: CheckedServerOptions,
  routes: RouteTable | RouteMaker,
): ExporterServer {
  return new NodeExporterServer(reader, options, routes);
}

class NodeExporterServer implements ExporterServer {
  readonly closed: Promise<void>;
  readonly #options: CheckedServerOptions;
  readonly #health: HealthHandler;
  readonly #routes: RouteTable;
  readonly #poller: ReadinessPoller;
  readonly #connections: OpenConnections;
  readonly #connectionErrors = new ConnectionErrors((error) => this.#report(error));
  readonly #tlsFailures = new TlsFailures(
    (error) => this.#report(error),
    () => performance.now(),
  );
  /** Every server, and the socket that it made. */
  readonly #servers = new Map<Server, SocketFile | undefined>();
  #file: WebConfigFile | undefined;
  #routed: RoutedListener | undefined;
  #addresses: readonly ServedAddress[] = [];
  #starting: Promise<readonly ServedAddress[]> | undefined;
  #opening: Promise<readonly ServedAddress[]> | undefined;
  #closing: Promise<void> | undefined;
  #settleClosed: () => void = () => undefined;

  constructor(
    reader: SnapshotReader,
    options: CheckedServerOptions,
    routes: RouteTable | RouteMaker = (health, families) =>
      routesOf(reader, options, health, families),
  ) {
    this.#options = options;
    const provider = providerOf(reader);
    this.#health = healthHandlerOf(provider, options.handler.errorPolicy ?? 'last-good');
    const families = [
      this.#connectionErrors.family,
      ...webConfigFamilies(() => this.#file),
      tlsFailuresFamily(this.#tlsFailures, () => this.#file?.current.tls !== undefined),
    ];
    this.#routes = typeof routes === 'function' ? routes(this.#health, families) : routes;
    this.#connections = new OpenConnections(options);
    this.#poller = new ReadinessPoller(provider, () => this.readiness() === 'ready');
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  get addresses(): readonly ServedAddress[] {
    return this.#addresses;
  }

  readiness(): Readiness {
    return this.#health.readiness();
  }

  start(): Promise<readonly ServedAddress[]> {
    this.#starting ??= this.#startOrClose();
    return this.#starting;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #startOrClose(): Promise<readonly ServedAddress[]> {
    this.#opening = this.#open();
    try {
      return await this.#opening;
    } catch (error) {
      // Of several addresses some may be listened at.
      await this.close();
      throw error;
    }
  }

  async #open(): Promise<readonly ServedAddress[]> {
    this.#rejectClosed();
    await prepareSelections(this.#routes);
    const { webConfigFile, listenAddresses, maxBcryptCost } = this.#options;
    const onError = (error: SnapscrapeError): void => this.#report(error);
    if (webConfigFile !== undefined) {
      // By default the file logs by itself, its good reloads too.
      const own: WebConfigFileOptions = this.#logs ? {} : { onError };
      this.#file = await WebConfigFile.load(webConfigFile, { ...own, maxBcryptCost });
    }
    const open = this.#file ?? OPEN_ACCESS;
    const access = this.#options.auth === undefined ? open : viewAccess(this.#options.auth, open);
    this.#routed = routedListener(this.#routes, access, onError);
    const addresses: ServedAddress[] = [];
    for (const text of listenAddresses) {
      this.#rejectClosed();
      addresses.push(await this.#listen(text, this.#routed));
    }
    this.#rejectClosed();
    this.#file?.watch();
    this.#poller.start();
    this.#addresses = Object.freeze(addresses);
    if (this.#logs) {
      logEvent('server', 'Listening', { addresses: addresses.map(({ url }) => url).join(' ') });
    }
    return this.#addresses;
  }

  async #listen(text: string, { listener }: RoutedListener): Promise<ServedAddress> {
    const serve: HeadListener = (request, response, rejection) => {
      this.#connections.begin(request, response);
      if (rejection !== undefined) sendResponse(request, response, rejection);
      else {
        listener(request, response).catch((cause: unknown) =>
          this.#connectionErrors.met('request', cause, [response]),
        );
      }
    };
    const server = await createNodeServer(this.#file?.current, this.#options, serve);
    // Not by `instanceof`: in Bun, a server of `node:https` is not a `tls.Server`.
    const file = this.#file?.current.tls === undefined ? undefined : this.#file;
    const isSecure = file !== undefined;
    this.#connections.track(server, isSecure);
    if (isSecure) followWebConfig(server as TlsServer, file, this.#tlsFailures);
    // Last, so that it is around all others.
    this.#connectionErrors.survive(server);
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
      if (socket.writableEnded) return;
      // No response to a handshake that failed, or behind a response that is still under way.
      if (!socket.writable || !this.#connections.isFree(socket)) socket.destroy();
      else respondRaw(socket, badRequestResponse(error.code));
    });
    this.#servers.set(server, undefined);
    const address = parseListenAddress(text);
    if (address === undefined) throw invalidOptions('createExporterServer', [text]);
    const served = await listenOn(server, address, isSecure ? 'https' : 'http');
    this.#servers.set(server, socketFile(served.path));
    server.on('error', (cause) => {
      this.#report(
        new SnapscrapeError('listen_failed', `${text}: a connection was not accepted`, { cause }),
      );
    });
    return served;
  }

  async #close(): Promise<void> {
    const { shutdownDelay, drainTimeout, closes } = this.#options;
    this.#health.drain();
    this.#poller.stop();
    const grace = Math.min(IDLE_GRACE_MS, drainTimeout);
    this.#connections.close(grace);
    // What is being opened is closed once it is open.
    await this.#opening?.catch(() => undefined);
    if (shutdownDelay > 0 && this.#addresses.length > 0) await wait(shutdownDelay);
    await this.#connections.accepted(grace);
    this.#addresses = [];
    const ended = [...this.#servers].map(([server, socket]) => stopListening(server, socket));
    await this.#connections.drain(drainTimeout);
    // Once more, with what Node has beside the connections.
    for (const server of this.#servers.keys()) server.close();
    await Promise.all(ended);
    this.#routed?.close();
    this.#file?.close();
    await closeInOrder(closes, (error) => this.#report(error));
    this.#settleClosed();
  }

  /** Whether the caller left logging to us. */
  get #logs(): boolean {
    return this.#options.onError === SERVER_DEFAULTS.onError;
  }

  #rejectClosed(): void {
    if (this.#closing === undefined) return;
    throw new SnapscrapeError('closed', 'The server was closed; make a new one');
  }

  #report(error: SnapscrapeError): void {
    callSafely(this.#options.onError, error);
  }
}
