import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cutOff, type NodeRequest, type NodeResponse } from '../http/node-exchange.ts';
import type { Listener } from '../server/routes.ts';
import { plainResponse, type ShortResponse, sendResponse } from '../server/short-response.ts';
import { isStoreAway } from '../stores/store-away.ts';
import { groupsAsJson } from './api-json.ts';
import { ANY_GROUP, decodedPath, GatewayPaths, rawPath, type Target } from './gateway-paths.ts';
import { homePage } from './home-page.ts';
import { PushRequests, type PushTakers, refusal } from './push-requests.ts';
import { codingOf } from './pushed-body.ts';
import { PushError } from './pushed-families.ts';
import { redirection } from './redirection.ts';
import { jsonResponse, StatusApi, type StatusFacts } from './status-api.ts';

/** What a gateway serves, and how. */
export interface GatewayListenerSettings extends StatusFacts {
  /** What all paths begin with, such as `/pg`; `''` for nothing. */
  readonly prefix: string;
  readonly telemetryPath: string;
  readonly enableLifecycle: boolean;
  readonly enableAdminApi: boolean;
  readonly isUnchecked: boolean;
  readonly allowsUtf8: boolean;
  /** Serves the page with all metrics. */
  readonly scrape: Listener;
  /** Is called when a client has asked the gateway to end. */
  readonly onQuit: () => void;
}

/** Serves a fixed path: by method, what responds; its name in `pushgateway_http_requests_total`. */
interface Fixed {
  readonly handler?: string;
  readonly methods: Readonly<Record<string, Respond>>;
}

type Respond = (
  request: NodeRequest,
  response: NodeResponse,
) => ShortResponse | undefined | Promise<ShortResponse | undefined>;

const FAILED = plainResponse(500, 'Internal Server Error\n');
const AWAY = 'The store cannot be reached; push again later. The log says why.\n';
const STORE_AWAY = plainResponse(503, AWAY, { 'Retry-After': '1' });
const NOT_FOUND = plainResponse(404, '404 page not found\n');
const QUIT = '/-/quit';
const ONLY_TO_QUIT = plainResponse(405, 'Only POST or PUT requests allowed.');
const GROUP_METHODS: readonly string[] = ['DELETE', 'POST', 'PUT'];

/** Serves all requests of a gateway. */
export class GatewayListener {
  readonly #takers: PushTakers;
  readonly #settings: GatewayListenerSettings;
  readonly #pushes: PushRequests;
  readonly #paths: GatewayPaths;
  readonly #fixed: ReadonlyMap<string, Fixed>;

  constructor(takers: PushTakers, settings: GatewayListenerSettings) {
    this.#takers = takers;
    this.#settings = settings;
    this.#pushes = new PushRequests(takers, settings);
    this.#fixed = this.#fixedPaths();
    this.#paths = new GatewayPaths(settings.prefix, this.#fixed.keys());
  }

  /** Serves a request. Never throws; what fails is logged; the response is 503 or 500. */
  readonly serve: Listener = (request, response) => {
    void this.#serve(request, response).catch((error: unknown) => {
      this.#failed(request, response, error);
    });
  };

  /** Responds to a request that failed, and logs it. Returns whether the client gets a response. */
  #failed(request: NodeRequest, response: NodeResponse, error: unknown): boolean {
    // A request whose body was read to its end is destroyed, too.
    const isCut = request.destroyed && !request.complete;
    const isAway = isStoreAway(error);
    const isGone = response.destroyed || isCut || response.headersSent;
    if (isGone) cutOff(response);
    else sendResponse(request, response, isAway ? STORE_AWAY : FAILED);
    this.#logFailure(request, error, isGone);
    return !isGone;
  }

  #logFailure({ method }: NodeRequest, error: unknown, isGone: boolean): void {
    const { watch, log } = this.#takers;
    // The log has it already if the store cannot be written, or not be read.
    const isTold = isGone || watch.hasFailed || isStoreAway(error);
    const { message } = error as Partial<Error>;
    const write = isTold ? log.debug : log.error;
    write('push', isGone ? 'Client is gone' : 'Request failed', { method, err: message });
  }

  async #serve(request: NodeRequest, response: NodeResponse): Promise<void> {
    const raw = rawPath(request.url ?? '');
    const path = decodedPath(raw);
    if (path === undefined) {
      sendResponse(request, response, plainResponse(400, '400 Bad Request'));
      return;
    }
    const target = this.#paths.find(raw, path);
    const handler = this.#handlerName(request, target);
    const isServed = await this.#responding(request, response, target).then(
      (made) => {
        if (made !== undefined) sendResponse(request, response, made);
        return true;
      },
      (error: unknown) => this.#failed(request, response, error),
    );
    if (handler === undefined || !isServed) return;
    this.#takers.own.countRequest(handler, request.method ?? '', response.statusCode);
  }

  #handlerName({ method }: NodeRequest, target: Target): string | undefined {
    if (target.kind === 'fixed') {
      const { handler, methods } = this.#fixed.get(target.path)!;
      return Object.hasOwn(methods, method ?? '') ? handler : undefined;
    }
    if (target.kind !== 'group') return undefined;
    return method === 'DELETE' ? 'delete' : isPush(method) ? 'push' : undefined;
  }

  async #responding(
    request: NodeRequest,
    response: NodeResponse,
    target: Target,
  ): Promise<ShortResponse | undefined> {
    const { method = '' } = request;
    if (!takesBody(target, method) && codingOf(request) === 'gzip') {
      // The original unpacks each body, also one that nobody asks for.
      const refused = await this.#unpacked(request);
      if (refused !== undefined) return refused;
    }
    switch (target.kind) {
      case 'none':
        return isPreflight(method, this.#apiPath(request)) ? preflight() : NOT_FOUND;
      case 'redirect':
        if (this.#isServed(target.to, method)) return redirection(request, target);
        return isPreflight(method, this.#apiPath(request)) ? preflight() : NOT_FOUND;
      case 'group':
        if (isPush(method)) {
          return this.#pushes.push(request, target, method === 'PUT' ? 'put' : 'post');
        }
        if (method === 'DELETE') return this.#pushes.delete(request, target);
        return otherMethod(method, GROUP_METHODS);
      case 'fixed':
        return this.#respondFixed(request, response, this.#fixed.get(target.path)!);
    }
  }

  async #respondFixed(
    request: NodeRequest,
    response: NodeResponse,
    { methods }: Fixed,
  ): Promise<ShortResponse | undefined> {
    const { method = '' } = request;
    if (!Object.hasOwn(methods, method)) {
      return isPreflight(method, this.#apiPath(request))
        ? preflight()
        : otherMethod(method, Object.keys(methods));
    }
    return methods[method]!(request, response);
  }

  async #unpacked(request: NodeRequest): Promise<ShortResponse | undefined> {
    try {
      await this.#takers.receiver.receive(request, () => undefined);
      return undefined;
    } catch (error) {
      if (error instanceof PushError) return refusal(error);
      throw error;
    }
  }

  /** Whether what a redirection leads to serves a method. */
  #isServed(to: string | undefined, method: string): boolean {
    if (to === undefined) return true;
    if (to === ANY_GROUP) return GROUP_METHODS.includes(method);
    return Object.hasOwn(this.#fixed.get(to)?.methods ?? {}, method);
  }

  #apiPath({ url = '' }: NodeRequest): boolean {
    return url.startsWith(`${this.#settings.prefix}/api/v1/`);
  }

  #fixedPaths(): ReadonlyMap<string, Fixed> {
    const { groups } = this.#takers;
    const settings = this.#settings;
    const status = new StatusApi(settings);
    const health = (): ShortResponse =>
      groups.isFull ? plainResponse(500, 'write queue is full\n') : plainResponse(200, 'OK');
    const ready = async (): Promise<ShortResponse> => {
      const { watch } = this.#takers;
      // Without pushes nothing else would find that the store can be written again.
      if (watch.hasFailed) await groups.keeper.probe().catch(() => undefined);
      return watch.hasFailed ? plainResponse(500, 'store cannot be written\n') : health();
    };
    const { enableAdminApi: canDelete, telemetryPath } = settings;
    const home: Respond = ({ url = '' }) => {
      const query = url.split('?').slice(1).join('?');
      return homePage(groups, { canDelete, telemetryPath }, query);
    };
    const deleteAll: Respond = (request) => this.#pushes.deleteAllByForm(request);
    const deleteGroup: Respond = (request) => this.#pushes.deleteByForm(request, this.#paths);
    const quit = (): ShortResponse => {
      if (!settings.enableLifecycle) return plainResponse(403, 'Lifecycle API is not enabled.');
      settings.onQuit();
      return plainResponse(200, 'Requesting termination... Goodbye!');
    };
    const wipe = async (): Promise<ShortResponse> => {
      await groups.wipe();
      return plainResponse(202, '');
    };
    const scrape: Respond = (request, response) => {
      settings.scrape(request, response);
      return undefined;
    };
    const metrics: Respond = async (request, response) => this.#sendGroups(request, response);
    const paths: readonly (readonly [path: string, fixed: Fixed])[] = [
      [settings.telemetryPath, { methods: { GET: scrape } }],
      ['/', { handler: 'status', methods: { GET: home } }],
      ['/status', { handler: 'status', methods: { GET: home } }],
      ['/-/healthy', { handler: 'healthy', methods: { GET: health } }],
      ['/-/ready', { handler: 'ready', methods: { GET: ready } }],
      [QUIT, { methods: { PUT: quit, POST: quit } }],
      ['/api/v1/metrics', { handler: 'api/v1/metrics', methods: { GET: metrics } }],
      ...status
        .paths()
        .map(([path, respond]): [string, Fixed] => [
          path,
          { handler: path.slice(1), methods: { GET: respond } },
        ]),
      ...(settings.enableAdminApi
        ? [
            ['/api/v1/admin/wipe', { handler: 'wipe', methods: { PUT: wipe } }] as const,
            ['/groups/delete-all', { handler: 'wipe', methods: { POST: deleteAll } }] as const,
            ['/groups/delete', { handler: 'delete', methods: { POST: deleteGroup } }] as const,
          ]
        : []),
    ];
    const fixed = new Map(paths.map(([path, each]) => [settings.prefix + path, each]));
    // The original has this one response without the prefix.
    const { methods } = fixed.get(QUIT) ?? {};
    fixed.set(QUIT, { methods: { ...methods, GET: () => ONLY_TO_QUIT } });
    return fixed;
  }

  /** Sends all groups, a part at a time, as fast as the client reads. */
  async #sendGroups(_: NodeRequest, response: NodeResponse): Promise<undefined> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await this.#takers.groups.sweep();
    const { status, headers } = jsonResponse('');
    response.writeHead(status, headers);
    const texts = groupsAsJson(this.#takers.groups, gone.signal);
    await pipeline(Readable.from(texts), response as NodeJS.WritableStream);
    return undefined;
  }
}

function isPush(method: string | undefined): boolean {
  return method === 'PUT' || method === 'POST';
}

/** Whether a request is to push to a group, or to delete it: these unpack the body themselves. */
function takesBody({ kind }: Target, method: string): boolean {
  return kind === 'group' && GROUP_METHODS.includes(method);
}

function isPreflight(method: string, isApi: boolean): boolean {
  return method === 'OPTIONS' && isApi;
}

/** The response to a method that a path does not have. */
function otherMethod(method: string, methods: readonly string[]): ShortResponse {
  const allow = [...new Set([...methods, 'OPTIONS'])].sort().join(', ');
  if (method === 'OPTIONS') return plainResponse(200, '', { Allow: allow });
  return plainResponse(405, 'Method Not Allowed\n', { Allow: allow });
}

function preflight(): ShortResponse {
  const { headers } = jsonResponse('');
  const { 'Content-Type': _, ...cors } = headers;
  return { status: 200, headers: cors, body: '' };
}
