import type { OfferedFormat } from '../formats/format.ts';
import { assertReader } from '../model/options.ts';
import type { IncrementalSnapshotReader, SnapshotReader } from '../model/snapshot-reader.ts';
import { checkHandlerOptions, type HandlerOptions } from './handler-options.ts';
import type { NodeRequest, NodeResponse } from './node-exchange.ts';
import { nodeListener } from './node-listener.ts';
import { ScrapeHandler } from './scrape.ts';
import type { SelfFamily } from './self-families.ts';
import { fetchHandler } from './web-fetch.ts';

/**
 * A request listener of `node:http`, `node:https` and `node:http2` that also serves web-standard
 * requests.
 */
export interface OpenMetricsHandler {
  /**
   * Responds to a request of `node:http`, of `node:http2` or of any framework that has its request
   * and response. It does not look at the path: route to it only what it should serve.
   */
  (request: NodeRequest, response: NodeResponse): void;
  /** Responds to a web-standard request. Never rejects. */
  fetch(request: Request): Promise<Response>;
}

/**
 * Makes a handler that serves the points of a reader as Prometheus or OpenMetrics text, in the
 * format and coding that the scraper asks for.
 *
 * A scrape pins one snapshot and writes bytes that already lie ready; a reader without a cache is
 * read and rendered again for each scrape. Before the first good snapshot, and once it is too old,
 * the response is 503 with `Retry-After`. Each handler counts for itself; there is no global
 * registry. Throws `invalid_options` if the reader is not a reader or an option is wrong.
 *
 * @example
 * ```ts
 * http.createServer(createOpenMetricsHandler(createCachedSnapshotReader(store))).listen(9464);
 * ```
 */
export function createOpenMetricsHandler(
  reader: SnapshotReader | IncrementalSnapshotReader,
  options?: HandlerOptions,
): OpenMetricsHandler {
  return preparedHandler(reader, options).handler;
}

/** A handler, and whether what it selects for good can be served. */
export interface PreparedHandler {
  readonly handler: OpenMetricsHandler;
  /**
   * Rejects with `invalid_options`, and the error as its cause, if a pattern of `match` is invalid.
   */
  readonly ready: () => Promise<void>;
}

/**
 * Makes a handler for a caller that can wait until its patterns are compiled.
 *
 * @param added - families that the caller adds to the handler's own metrics.
 * @param formats - the formats on offer. Default: those of the options.
 */
export function preparedHandler(
  reader: SnapshotReader | IncrementalSnapshotReader,
  options?: HandlerOptions,
  added: readonly SelfFamily[] = [],
  formats?: readonly OfferedFormat[],
): PreparedHandler {
  const checked = checkHandlerOptions(options);
  assertReader('createOpenMetricsHandler', reader);
  const scraper = new ScrapeHandler(reader, checked, added, formats);
  const handler = Object.assign(nodeListener(scraper, checked.clientTimeout), {
    fetch: fetchHandler(scraper),
  });
  return { handler, ready: () => scraper.ready() };
}
