import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import { type RequestLike, requestLineOf } from '../http/web-fetch.ts';
import { assertReader, checkOptions, oneOf } from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import {
  ERROR_POLICIES,
  type ErrorPolicy,
  providerOf,
  type SnapshotProvider,
} from '../refresh/snapshot-provider.ts';
import { type Readiness, readinessOf } from './readiness.ts';
import { pathOf } from './request-path.ts';
import {
  methodRejection,
  plainResponse,
  type ShortResponse,
  sendResponse,
} from './short-response.ts';

/** How readiness is judged. */
export interface HealthOptions {
  /** The `errorPolicy` of the handler that serves the same reader. Default `last-good`. */
  readonly errorPolicy?: ErrorPolicy | undefined;
}

/** The default of every {@link HealthOptions} field. */
export const HEALTH_DEFAULTS: Readonly<{ errorPolicy: ErrorPolicy }> = Object.freeze({
  errorPolicy: 'last-good',
});

/** Responds to probes of `node:http`, `node:http2` and web-standard requests. */
export interface HealthHandler {
  /**
   * Responds by the last part of the path: `healthy` or `ready`, as in `/-/healthy`; wherever it is
   * mounted. Any other path is 404.
   */
  (request: NodeRequest, response: NodeResponse): void;
  /** Responds to a web-standard request in the same way. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Whether the exporter is ready now. */
  readiness(): Readiness;
  /** From now on it is not ready. Call it before a server stops to accept connections. */
  drain(): void;
}

/** The last parts of the paths of probes. */
const PROBES = ['healthy', 'ready'] as const;

/**
 * Makes a handler for the probes of an exporter.
 *
 * `/-/healthy` is 200 while the process can respond. `/-/ready` is 200 exactly when a scrape would
 * get a page if refreshes ended as they did before, and else 503 with `Retry-After`: before the
 * first good snapshot, when the last one is older than `maxStaleness` and refreshes fail or hang,
 * when the reader was closed, and once `drain()` was called. Readers without a cache count as able
 * to serve. Probes never read or refresh anything, so another caller must: a reader with
 * `background: true`, a scrape, or `createExporterServer`. Throws `invalid_options`.
 *
 * @example
 * ```ts
 * app.get('/-/*path', createHealthHandler(reader)); // Express
 * ```
 */
export function createHealthHandler(
  reader: SnapshotReader,
  options?: HealthOptions,
): HealthHandler {
  const { errorPolicy } = checkOptions<{ errorPolicy: ErrorPolicy }>(
    'createHealthHandler',
    options,
    HEALTH_DEFAULTS,
    {
      errorPolicy: oneOf(...ERROR_POLICIES),
    },
  );
  assertReader('createHealthHandler', reader);
  return healthHandlerOf(providerOf(reader), errorPolicy);
}

/** The handler of a reader that is known to be one. */
export function healthHandlerOf(provider: SnapshotProvider, policy: ErrorPolicy): HealthHandler {
  let isDraining = false;
  const readiness = (): Readiness => (isDraining ? 'draining' : readinessOf(provider, policy));
  const respond = (method: string | undefined, path: string): ShortResponse =>
    methodRejection(method) ?? responseTo(path.slice(path.lastIndexOf('/') + 1), readiness);
  const listener = (request: NodeRequest, response: NodeResponse): void =>
    sendResponse(request, response, respond(request.method, pathOf(request.url ?? '') ?? ''));
  return Object.assign(listener, {
    fetch: async (request: RequestLike): Promise<Response> => {
      const { method, url } = readable(request);
      const { status, headers, body } = respond(method, pathOf(url) ?? '');
      return new Response(method === 'HEAD' ? null : body, { status, headers });
    },
    readiness,
    drain: (): void => {
      isDraining = true;
    },
  });
}

/** The method and the URL of a request; without a URL if it has none to be read. */
function readable(request: RequestLike): ReturnType<typeof requestLineOf> {
  try {
    return requestLineOf(request);
  } catch {
    return { method: 'GET', url: '' };
  }
}

function responseTo(name: string, readiness: () => Readiness): ShortResponse {
  const probe = PROBES.find((known) => known === name);
  if (probe === undefined) return plainResponse(404, 'Not found.\n');
  if (probe === 'healthy') return plainResponse(200, 'The exporter is healthy.\n');
  const state = readiness();
  if (state === 'ready') return plainResponse(200, 'The exporter is ready.\n');
  return plainResponse(503, NOT_READY[state], { 'Retry-After': '5' });
}

const NOT_READY: Readonly<Record<Exclude<Readiness, 'ready'>, string>> = {
  starting: 'Not ready: there is no good snapshot yet.\n',
  stale: 'Not ready: the last good snapshot is too old.\n',
  failing: 'Not ready: the latest refresh failed.\n',
  draining: 'Not ready: the exporter is shutting down.\n',
};
