import type { SelfFamily } from '../../http/self-families.ts';
import type { SnapshotReader } from '../../model/snapshot-reader.ts';
import { isPushPath } from '../../push/push-api.ts';
import type { HealthHandler } from '../../server/health.ts';
import {
  type Listener,
  prepareSelections,
  type Route,
  type RouteTable,
  routesOf,
} from '../../server/routes.ts';
import {
  type CheckedServerOptions,
  checkServerOptions,
  type ServerView,
} from '../../server/server-options.ts';
import { plainResponse, sendResponse } from '../../server/short-response.ts';
import type { ServeFlags, ViewSettings } from '../settings/serve-settings.ts';
import { disabled } from './api-route.ts';

/** The routes that are in force, below a prefix. A reload puts others in force. */
export class ServedRoutes implements RouteTable {
  readonly #prefix: string;
  readonly #own: ReadonlyMap<string, Route>;
  readonly #home: Route;
  readonly #push: Route;
  #pages: ReadonlyMap<string, Route> = new Map();

  /**
   * @param prefix - what all paths begin with: empty, or a path without a slash at its end.
   * @param own - the routes that no reload changes.
   * @param push - serves pushes, if they are enabled.
   */
  constructor(prefix: string, own: ReadonlyMap<string, Route>, push: Listener = refusePush) {
    this.#prefix = prefix;
    this.#own = own;
    this.#push = { serve: push, access: 'server' };
    const redirect = plainResponse(302, '', { Location: `${prefix}/` });
    this.#home = {
      serve: (request, response) => sendResponse(request, response, redirect),
      access: 'server',
    };
  }

  /** The route of a path. */
  get(path: string): Route | undefined {
    if (this.#prefix === '') return this.#find(path);
    if (path === '/' || path === this.#prefix) return this.#home;
    return path.startsWith(`${this.#prefix}/`)
      ? this.#find(path.slice(this.#prefix.length))
      : undefined;
  }

  /** Every route. */
  *values(): MapIterator<Route> {
    yield* this.#own.values();
    yield this.#push;
    yield* this.#pages.values();
    return undefined;
  }

  /** Puts pages in force. */
  replace(pages: ReadonlyMap<string, Route>): void {
    this.#pages = pages;
  }

  #find(path: string): Route | undefined {
    const page = this.#own.get(path) ?? this.#pages.get(path);
    return page ?? (isPushPath(path) ? this.#push : undefined);
  }
}

const PUSH_DISABLED = disabled('Push API', 'web.enable-push-api', 404);
const refusePush: Listener = (request, response) => sendResponse(request, response, PUSH_DISABLED);

/** What pages are made of. */
export interface PageParts {
  readonly options: CheckedServerOptions;
  readonly health: HealthHandler;
  readonly families: readonly SelfFamily[];
}

/**
 * Makes the pages of a reader and of views, with their patterns compiled. Rejects with
 * `invalid_options` if a view is wrong.
 */
export async function pagesOf(
  reader: SnapshotReader,
  views: readonly ViewSettings[],
  { options, health, families }: PageParts,
): Promise<ReadonlyMap<string, Route>> {
  const checked = checkServerOptions({ ...options, views: views.map(viewOf) });
  const routes = routesOf(reader, checked, health, families);
  await prepareSelections(routes);
  return routes;
}

function viewOf({ path, match, shard, basic_auth_users: users }: ViewSettings): ServerView {
  return {
    path,
    ...(match.length === 0 ? {} : { match }),
    ...(shard === undefined ? {} : { shard }),
    ...(users.size === 0 ? {} : { auth: { users: Object.fromEntries(users) } }),
  };
}

/** What all paths begin with: by default the path of the external URL. */
export function prefixOf(flags: ServeFlags): string {
  const external = flags['web.external-url'] ?? '';
  const path = URL.canParse(external) ? new URL(external).pathname : external;
  return `/${flags['web.route-prefix'] ?? path}`.replace(/^\/+/, '/').replace(/\/+$/, '');
}
