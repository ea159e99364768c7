import type { Server } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { Server as TlsServer } from 'node:tls';
import { providerOf } from '../cache/snapshot-provider.ts';
import { logEvent } from '../logging/default-log.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { invalidOptions } from '../model/options.ts';
import type { IncrementalSnapshotReader, SnapshotReader } from '../model/snapshot-reader.ts';
import { WebConfigFile, type WebConfigFileOptions } from '../web/web-config-file.ts';
import { Awakening } from './awakening.ts';
import { type HealthHandler, healthHandlerOf } from './health.ts';
import { listenOn, parseListenAddress, type ServedAddress } from './listen-address.ts';
import { createNodeServer } from './node-server.ts';
import { OpenConnections } from './open-connections.ts';
import type { Readiness } from './readiness.ts';
import { OPEN_ACCESS, type RoutedListener, routedListener } from './request-listener.ts';
import { prepareSelections, type Route, routesOf } from './routes.ts';
import {
  type CheckedServerOptions,
  checkServerOptions,
  type ExporterServerOptions,
  SERVER_DEFAULTS,
} from './server-options.ts';
import { followWebConfig, TlsFailures, tlsFailuresFamily } from './tls-failures.ts';
import { webConfigFamilies } from './web-config-metrics.ts';

/** A server of metrics, views, probes and a landing page. */
export interface ExporterServer {
  /**
   * Reads the web configuration file, listens at every address, and begins to read the source; resolves when
   * all addresses are listened at, whether or not there is a snapshot. The second call answers as the first.
   * Rejects with `invalid_options` for a pattern in a `match` of `handler` or a view that cannot be used, with
   * `invalid_web_config`, `listen_failed`, or `closed`; nothing is left open then.
   */
  start(): Promise<readonly ServedAddress[]>;
  /**
   * Ends the server with care: it is not ready from now on, accepts no more connections after
   * `shutdownDelay`, closes idle ones, and lets scrapes under way finish for `drainTimeout`. What is left then
   * is cut. Resolves when no connection is left; the second call joins the first. Never rejects. The reader
   * stays open.
   */
  close(): Promise<void>;
  /** Resolves when the server was closed, by whomever. */
  readonly closed: Promise<void>;
  /** Where it listens; empty before `start()` has resolved and once it was closed. */
  readonly addresses: readonly ServedAddress[];
  /** What `/-/ready` tells. */
  readiness(): Readiness;
}

/**
 * Makes a server for the points of a reader: the page at `/metrics`, views, `/-/healthy` and `/-/ready`, and a
 * landing page; what Go's exporters get from exporter-toolkit. HTTP/1.1, and HTTP/2 where the web configuration
 * file has TLS. Nothing listens before `start()`.
 *
 * Give it a cached reader with `background: true`; one without a cache is read anew for each scrape. Throws
 * `invalid_options`, every fault listed.
 *
 * @example
 * ```ts
 * const server = createExporterServer(reader, { listenAddresses: ['127.0.0.1:9464'] });
 * await server.start();
 * await drainOnSignals(server);
 * reader.close();
 * ```
 */
export function createExporterServer(
  reader: SnapshotReader | IncrementalSnapshotReader,
  options?: ExporterServerOptions,
): ExporterServer {
  const checked = checkServerOptions(options);
  if (typeof (reader as Partial<SnapshotReader> | null)?.snapshot !== 'function') {
    throw invalidOptions('createExporterServer', [
      'reader must be a snapshot reader: an object with a snapshot() method',
    ]);
  }
  return new NodeExporterServer(reader, checked);
}

class NodeExporterServer implements ExporterServer {
  readonly closed: Promise<void>;
  readonly #options: CheckedServerOptions;
  readonly #health: HealthHandler;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #awakening: Awakening;
  readonly #connections = new OpenConnections();
  readonly #tlsFailures = new TlsFailures(
    (error) => this.#tell(error),
    () => performance.now(),
  );
  readonly #servers: Server[] = [];
  #file: WebConfigFile | undefined;
  #routed: RoutedListener | undefined;
  #addresses: readonly ServedAddress[] = [];
  #starting: Promise<readonly ServedAddress[]> | undefined;
  #opening: Promise<readonly ServedAddress[]> | undefined;
  #closing: Promise<void> | undefined;
  #tellClosed: () => void = () => undefined;

  constructor(reader: SnapshotReader, options: CheckedServerOptions) {
    this.#options = options;
    const provider = providerOf(reader);
    this.#health = healthHandlerOf(provider, options.handler.errorPolicy ?? 'last-good');
    this.#routes = routesOf(reader, options, this.#health, [
      ...webConfigFamilies(() => this.#file),
      tlsFailuresFamily(this.#tlsFailures, () => this.#file?.current.tls !== undefined),
    ]);
    this.#awakening = new Awakening(provider, () => this.readiness() === 'ready');
    this.closed = new Promise((resolve) => {
      this.#tellClosed = resolve;
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
    this.#refuseClosed();
    await prepareSelections(this.#routes);
    const { webConfigFile, listenAddresses, maxBcryptCost } = this.#options;
    const onError = (error: SnapscrapeError): void => this.#tell(error);
    if (webConfigFile !== undefined) {
      // By default the file logs by itself, its good reloads too.
      const own: WebConfigFileOptions = this.#logs ? {} : { onError };
      this.#file = await WebConfigFile.load(webConfigFile, { ...own, maxBcryptCost });
    }
    this.#routed = routedListener(this.#routes, this.#file ?? OPEN_ACCESS, onError);
    const addresses: ServedAddress[] = [];
    for (const text of listenAddresses) {
      this.#refuseClosed();
      addresses.push(await this.#listen(text, this.#routed));
    }
    this.#refuseClosed();
    this.#file?.watch();
    this.#awakening.start();
    this.#addresses = Object.freeze(addresses);
    if (this.#logs) {
      logEvent('server', 'Listening', { addresses: addresses.map(({ url }) => url).join(' ') });
    }
    return this.#addresses;
  }

  async #listen(text: string, { listener }: RoutedListener): Promise<ServedAddress> {
    const server = createNodeServer(this.#file?.current, this.#options, (request, response) => {
      this.#connections.begin(request, response);
      listener(request, response);
    });
    const isSecure = server instanceof TlsServer;
    this.#connections.track(server, isSecure);
    if (this.#file !== undefined && isSecure)
      followWebConfig(server, this.#file, this.#tlsFailures);
    this.#servers.push(server);
    const address = parseListenAddress(text);
    if (address === undefined) throw invalidOptions('createExporterServer', [text]);
    const served = await listenOn(server, address, isSecure ? 'https' : 'http');
    server.on('error', (cause) => {
      this.#tell(
        new SnapscrapeError('listen_failed', `${text}: a connection was not accepted`, { cause }),
      );
    });
    return served;
  }

  async #close(): Promise<void> {
    const { shutdownDelay, drainTimeout } = this.#options;
    this.#health.drain();
    this.#awakening.stop();
    // What is being opened is closed once it is open.
    await this.#opening?.catch(() => undefined);
    if (shutdownDelay > 0 && this.#addresses.length > 0) await wait(shutdownDelay);
    this.#addresses = [];
    const ended = this.#servers.map(stopListening);
    await this.#connections.drain(drainTimeout);
    await Promise.all(ended);
    this.#routed?.close();
    this.#file?.close();
    this.#tellClosed();
  }

  /** Whether the caller left logging to us. */
  get #logs(): boolean {
    return this.#options.onError === SERVER_DEFAULTS.onError;
  }

  #refuseClosed(): void {
    if (this.#closing === undefined) return;
    throw new SnapscrapeError('closed', 'The server was closed; make a new one');
  }

  #tell(error: SnapscrapeError): void {
    // A logger that fails, at once or later, must not end the process.
    const tell = async (): Promise<void> => this.#options.onError(error);
    tell().catch(() => undefined);
  }
}

/** Resolves when the server has neither an address nor a connection. */
function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // One that does not listen says so by an error.
    server.close(() => resolve());
  });
}
