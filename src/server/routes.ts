import { preparedHandler } from '../http/handler.ts';
import type { NodeRequest, NodeResponse } from '../http/node-exchange.ts';
import type { SelfFamily } from '../http/self-families.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { invalidOptions } from '../model/options.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { loadRegexEngine } from '../selection/regex-engine.ts';
import type { HealthHandler } from './health.ts';
import { landingPageResponse } from './landing-page.ts';
import { type CheckedServerOptions, HEALTH_PATHS } from './server-options.ts';
import {
  methodRejection,
  plainResponse,
  type ShortResponse,
  sendResponse,
} from './short-response.ts';
import type { ViewAuth } from './view-auth.ts';

/** Responds to a request. */
export type Listener = (request: NodeRequest, response: NodeResponse) => void;

/** What is served at a path, and to which clients. */
export interface Route {
  readonly serve: Listener;
  /** The users that have access: those of the server, all, or a view's own. */
  readonly access: 'server' | 'all' | ViewAuth;
  /** What it selects for good, if that may have patterns that cannot be used. */
  readonly selection?: FixedSelection;
}

/** Finds the route of a path; undefined if nothing is served there. */
export type RouteTable = Pick<ReadonlyMap<string, Route>, 'get' | 'values'>;

/** Makes the routes of a server of its health and of the families that it has of itself. */
export type RouteMaker = (health: HealthHandler, families: readonly SelfFamily[]) => RouteTable;

/** A selection that options demand. */
interface FixedSelection {
  /** The option, as the caller that set it finds it. */
  readonly option: string;
  /** Rejects for a pattern that cannot be used, with the problem as the cause. */
  readonly ready: () => Promise<void>;
}

/**
 * The routes of a server by their exact paths. Throws `invalid_options` if the reader is not one.
 *
 * @param added - families that the server adds to its handlers' own metrics.
 */
export function routesOf(
  reader: SnapshotReader,
  options: CheckedServerOptions,
  health: HealthHandler,
  added: readonly SelfFamily[] = [],
): ReadonlyMap<string, Route> {
  const { metricsPath, views, guardHealth } = options;
  const handler = { re2js: loadRegexEngine, ...given(options.handler) };
  const probes = guardHealth ? 'server' : 'all';
  const routes = new Map<string, Route>([
    ['/', { serve: fixed(landingPage(options)), access: 'server' }],
    ...HEALTH_PATHS.map((path): [string, Route] => [path, { serve: health, access: probes }]),
  ]);
  const main = preparedHandler(reader, handler, added);
  const selection = { option: 'handler.match', ready: main.ready };
  routes.set(metricsPath, { serve: main.handler, access: 'server', selection });
  for (const [at, { path, auth, ...own }] of views.entries()) {
    const view = preparedHandler(reader, { ...handler, ...given(own) }, added);
    const route: Route = { serve: view.handler, access: auth ?? 'server' };
    const option = `views[${at}].match (path ${path})`;
    // An error of what it has from the handler names the handler.
    const isOwn = own.match !== undefined || own.subsets !== undefined;
    routes.set(path, isOwn ? { ...route, selection: { option, ready: view.ready } } : route);
  }
  return routes;
}

/**
 * Compiles the patterns that options select by. Rejects with `invalid_options`, all invalid ones
 * listed, and with `dependency_missing`.
 */
export async function prepareSelections(routes: RouteTable): Promise<void> {
  const problems: string[] = [];
  for (const { selection } of routes.values()) {
    try {
      await selection?.ready();
    } catch (error) {
      if (error instanceof SnapscrapeError && error.code === 'dependency_missing') throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const { message } = cause instanceof Error ? cause : new Error(String(cause));
      problems.push(`${selection?.option} has a pattern that cannot be used: ${message}`);
    }
  }
  if (problems.length > 0) throw invalidOptions('createExporterServer', problems);
}

/** What is served if there is no route; to users that may see the rest. */
export const NOT_FOUND: Route = Object.freeze({
  serve: (...[request, response]: Parameters<Listener>) =>
    sendResponse(request, response, plainResponse(404, 'Not found.\n')),
  access: 'server',
});

/** Options that are set to undefined are not set. */
function given<T extends object>(options: T): T {
  const set = { ...options };
  for (const key of Object.keys(set) as (keyof T)[]) if (set[key] === undefined) delete set[key];
  return set;
}

/** Views with users of their own are not listed: their paths may name the tenants. */
function landingPage({
  metricsPath,
  views,
  landingPage: page,
}: CheckedServerOptions): ShortResponse {
  const open = views.filter(({ auth }) => auth === undefined);
  return landingPageResponse(page, [
    { path: metricsPath, text: 'Metrics' },
    ...open.map(({ path }) => ({ path, text: `Metrics: ${path}` })),
    { path: HEALTH_PATHS[0], text: 'Health' },
    { path: HEALTH_PATHS[1], text: 'Readiness' },
  ]);
}

function fixed(fixedResponse: ShortResponse): Listener {
  return (request, response) =>
    sendResponse(request, response, methodRejection(request.method) ?? fixedResponse);
}
