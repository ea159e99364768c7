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
import { methodRejection, plainAnswer, type ShortAnswer, sendAnswer } from './answer.ts';
import { type Readiness, readinessOf } from './readiness.ts';
import { pathOf } from './request-path.ts';

/** How readiness is judged. */
export interface HealthOptions {
  /** The `errorPolicy` of the handler that serves the same reader. Default `last-good`. */
  readonly errorPolicy?: ErrorPolicy | undefined;
}

/** The default of every {@link HealthOptions} field. */
export const HEALTH_DEFAULTS: Readonly<{ errorPolicy: ErrorPolicy }> = Object.freeze({
  errorPolicy: 'last-good',
});

/** Answers probes of `node:http`, `node:http2` and web-standard requests. */
export interface HealthHandler {
  /**
   * Answers by the last part of the path: `healthy` or `ready`, as in `/-/healthy`; wherever it is
   * mounted. Any other path is 404.
   */
  (request: NodeRequest, response: NodeResponse): void;
  /** Answers a web-standard request in the same way. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Whether the exporter is ready now. */
  readiness(): Readiness;
  /** From now on it is not ready: told before a server stops to accept connections. */
  drain(): void;
}

/** The last parts of the paths of probes. */
const PROBES = ['healthy', 'ready'] as const;

/**
 * Makes a handler for the probes of an exporter.
 *
 * `/-/healthy` is 200 for as long as the process answers. `/-/ready` is 200 exactly when a scrape
 * would get a page if refreshes ended as they did before, and else 503 with `Retry-After`: before
 * the first good snapshot, when the last one is older than `maxStaleness` and refreshes fail or
 * hang, when the reader was closed, and once `drain()` was called. Readers without a cache count as
 * able to answer. Probes never read or refresh anything, so another caller must: a reader with
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
  const answer = (method: string | undefined, path: string): ShortAnswer =>
    methodRejection(method) ?? answerTo(path.slice(path.lastIndexOf('/') + 1), readiness);
  const listener = (request: NodeRequest, response: NodeResponse): void =>
    sendAnswer(request, response, answer(request.method, pathOf(request.url ?? '') ?? ''));
  return Object.assign(listener, {
    fetch: async (request: RequestLike): Promise<Response> => {
      const { method, url } = readable(request);
      const { status, headers, body } = answer(method, pathOf(url) ?? '');
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

function answerTo(name: string, readiness: () => Readiness): ShortAnswer {
  const probe = PROBES.find((known) => known === name);
  if (probe === undefined) return plainAnswer(404, 'Not found.\n');
  if (probe === 'healthy') return plainAnswer(200, 'The exporter is healthy.\n');
  const state = readiness();
  if (state === 'ready') return plainAnswer(200, 'The exporter is ready.\n');
  return plainAnswer(503, NOT_READY[state], { 'Retry-After': '5' });
}

const NOT_READY: Readonly<Record<Exclude<Readiness, 'ready'>, string>> = {
  starting: 'Not ready: there is no good snapshot yet.\n',
  stale: 'Not ready: the last good snapshot is too old.\n',
  failing: 'Not ready: the latest refresh failed.\n',
  draining: 'Not ready: the exporter is shutting down.\n',
};
