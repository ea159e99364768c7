import { SnapscrapeError } from '../model/errors.ts';
import { createRequestGuard, type RequestGuard } from '../web/request-guard.ts';
import type { AccessConfig } from '../web/web-config.ts';
import { pathOf } from './request-path.ts';
import { type Listener, NOT_FOUND, type Route, type RouteTable } from './routes.ts';
import { sendResponse } from './short-response.ts';
import { viewAccess } from './view-auth.ts';

/** The access of a server without a web configuration file. */
export const OPEN_ACCESS: { readonly current: AccessConfig } = Object.freeze({
  current: Object.freeze({
    headers: new Map<string, string>(),
    users: new Map<string, never>(),
    bearerTokens: new Map<string, never>(),
    rateLimit: undefined,
  }),
});

/** Finds the route of each request, and the users that may have it. */
export interface RoutedListener {
  /** Rejects with what a route or a guard throws. */
  readonly listener: (...exchange: Parameters<Listener>) => Promise<void>;
  /** Ends what compares passwords. */
  close(): void;
}

/**
 * Routes requests by their paths, past the guard of each route.
 *
 * @param access - the access that the web configuration file grants now.
 * @param onError - called if passwords cannot be compared.
 */
export function routedListener(
  routes: RouteTable,
  access: { readonly current: AccessConfig },
  onError: (error: SnapscrapeError) => void,
): RoutedListener {
  const guardOf = guards(access, (cause) =>
    onError(new SnapscrapeError('scrape_failed', 'A password could not be compared', { cause })),
  );
  // A table may have other routes later. Each has its guard from its first request on.
  const made = new Map<Route, RequestGuard | undefined>();
  const guardFor = (route: Route): RequestGuard | undefined => {
    if (!made.has(route)) made.set(route, guardOf(route));
    return made.get(route);
  };
  const listener: RoutedListener['listener'] = async (request, response) => {
    const path = pathOf(request.url ?? '');
    const route = (path === undefined ? undefined : routes.get(path)) ?? NOT_FOUND;
    for (const [name, value] of access.current.headers) response.setHeader(name, value);
    const guard = guardFor(route);
    if (guard === undefined) route.serve(request, response);
    else await pass(guard, route, request, response);
  };
  const close = (): void => {
    for (const guard of made.values()) guard?.close();
  };
  return { listener, close };
}

/** The guard of each route; routes that the file guards share one, with its rate limit. */
function guards(
  access: { readonly current: AccessConfig },
  onError: (error: unknown) => void,
): (route: Route) => RequestGuard | undefined {
  const shared = createRequestGuard(access, { onError });
  return (route) => {
    if (route.access === 'all') return undefined;
    if (route.access !== 'server') {
      return createRequestGuard(viewAccess(route.access, access), { onError });
    }
    return access === OPEN_ACCESS ? undefined : shared;
  };
}

async function pass(
  guard: RequestGuard,
  route: Route,
  ...[request, response]: Parameters<Listener>
): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  response.once('close', leave);
  const { headers } = request;
  const rejection = await guard.check({ headers, signal: gone.signal });
  response.off('close', leave);
  if (rejection === undefined) route.serve(request, response);
  else sendResponse(request, response, rejection);
}
