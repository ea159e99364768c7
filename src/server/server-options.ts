import { checkHandlerOptions, type HandlerOptions } from '../http/handler-options.ts';
import { logError } from '../logging/default-log.ts';
import { SnapscrapeError } from '../model/errors.ts';
import {
  type Checked,
  checkOptions,
  integerWithin,
  invalidOptions,
  isBoolean,
  isFunction,
  LONGEST_TIMER,
  type OptionCheck,
} from '../model/options.ts';
import { type CacheConfig, checkCacheConfig } from '../refresh/cache-config.ts';
import { WEB_CONFIG_FILE_DEFAULTS } from '../web/web-config-file.ts';
import type { LandingPage } from './landing-page.ts';
import { parseListenAddress, socketPathProblem } from './listen-address.ts';
import { isRoutePath } from './request-path.ts';
import { costliestHash, type ViewAuth, viewAuthProblem } from './view-auth.ts';

/** A path of its own with a page of its own: usually what one tenant may see. */
export interface ServerView extends HandlerOptions {
  /** Where it is served: an exact path such as `/metrics/team-a`. */
  readonly path: string;
  /**
   * The users that have access, instead of those of the server. The headers and the rate limit of
   * the web configuration file hold here too; a view with `auth` has a bucket of its own. Default:
   * the `auth` of the server, or else the users and tokens of the file.
   */
  readonly auth?: ViewAuth | undefined;
}

/** What can be closed: a cached reader, a store, or anything alike. */
export interface Closeable {
  close(): unknown;
}

/** How an exporter is served. Every field is optional. */
export interface ExporterServerOptions {
  /**
   * Where to listen, at one or more addresses: `127.0.0.1:9464`, `[::1]:9464`, `:9464` for all
   * interfaces, `unix:/run/exporter.sock`, `fd:3` for an inherited socket. Port 0 takes any that is
   * free. Default `[':9464']`.
   */
  readonly listenAddresses?: readonly string[] | undefined;
  /** The path of the page with all metrics. Default `/metrics`; `/` leaves no landing page. */
  readonly metricsPath?: string | undefined;
  /**
   * How the server caches a source that has no cache. Default: it refreshes in the background. What
   * is given here is added to `{ background: true }`. A reader that has a cache takes none.
   */
  readonly cache?: CacheConfig | undefined;
  /** How pages are served. Default: the handler's own defaults. Views begin with the same. */
  readonly handler?: HandlerOptions | undefined;
  /**
   * The users that see the main page, and all else that has no `auth` of its own, instead of the
   * users and tokens of the web configuration file. Its headers and its rate limit hold here too.
   * Default: none, which is those of the file.
   */
  readonly auth?: ViewAuth | undefined;
  /**
   * More pages of the same reader, each at a path of its own. Default: none. What a view does not
   * set itself is as in `handler`.
   */
  readonly views?: readonly ServerView[] | undefined;
  /**
   * The path of a web configuration file: TLS, users, tokens, headers and rate limit in the format
   * of Prometheus's exporter-toolkit, followed when it changes. Default: none, which is plain HTTP
   * for every client.
   */
  readonly webConfigFile?: string | undefined;
  /**
   * The highest cost of a bcrypt hash, in the web configuration file and in every `auth`; each
   * step doubles the time of a guess. Default 16, about four seconds; from 4 to 31, which takes a
   * day.
   */
  readonly maxBcryptCost?: number | undefined;
  /** What the page at `/` says, which links to all others. Default: a page without a name. */
  readonly landingPage?: LandingPage | undefined;
  /**
   * Whether probes need the credentials of the web configuration file and count for its rate limit.
   * Default false, unlike the toolkit. An orchestrator has no place for passwords. A rejected probe
   * would end a process that a flood of requests is aimed at. And a probe shows only whether there
   * are metrics.
   */
  readonly guardHealth?: boolean | undefined;
  /**
   * How long scrapes under way may take when the server is closed, in ms; then they are cut.
   * Default 10 000, Prometheus's scrape timeout; from 0 to 2 147 483 647.
   */
  readonly drainTimeout?: number | undefined;
  /**
   * How long a server that is closing still accepts connections while `/-/ready` is 503, in ms, so
   * that a load balancer can notice. Default 0; up to 2 147 483 647.
   */
  readonly shutdownDelay?: number | undefined;
  /**
   * What the server closes once no connection is left, in this order: usually the reader, then the
   * store. Anything with a `close` method, once each. Also closed if `start()` fails. Default:
   * none. What fails or takes longer than 5 s is reported to `onError` as `close_failed`, and the
   * next one is closed.
   */
  readonly closes?: readonly Closeable[] | undefined;
  /**
   * How long a client may take to send the head of a request, or a TLS handshake, in ms; then its
   * connection is closed. Default 10 000; from 100 to 2 147 483 647.
   */
  readonly headersTimeout?: number | undefined;
  /**
   * How long a client may take to send a whole request, in ms. Default 30 000; from 100 to
   * 2 147 483 647, and not below `headersTimeout`.
   */
  readonly requestTimeout?: number | undefined;
  /**
   * How long a connection may be idle between two requests, in ms. Default 75 000, so that a
   * scraper that comes each minute keeps its connection; from 1 to 2 147 483 647.
   */
  readonly keepAliveTimeout?: number | undefined;
  /**
   * How long the head of a request may be, in bytes; beyond it is 431. Default 16 384; from 1024 to
   * 1 048 576. Over HTTP/2 names and values count, and Node takes no more than 65 536 in any case.
   */
  readonly maxHeaderSize?: number | undefined;
  /**
   * How many connections each address may have; one more is closed at once. Default 1 000; from 1
   * to 1 000 000.
   */
  readonly maxConnections?: number | undefined;
  /**
   * Is called with errors outside of scrapes: a web configuration file that is bad after a change,
   * passwords that cannot be compared, connections that cannot be accepted. Default: a line on
   * standard error, repeated ones once a minute, and one with the addresses at the start. An empty
   * function logs nothing. What it throws is ignored. Errors of scrapes go to the handler's own
   * `onError`.
   */
  readonly onError?: ((error: SnapscrapeError) => void) | undefined;
}

/** Server options with every value in place; three only if they were given. */
export type CheckedServerOptions = Checked<
  ExporterServerOptions,
  'webConfigFile' | 'auth' | 'cache'
>;

/** The default of every {@link ExporterServerOptions} field. */
export const SERVER_DEFAULTS: CheckedServerOptions = Object.freeze({
  listenAddresses: Object.freeze([':9464']),
  metricsPath: '/metrics',
  cache: undefined,
  handler: Object.freeze({}),
  auth: undefined,
  views: Object.freeze([]),
  webConfigFile: undefined,
  maxBcryptCost: WEB_CONFIG_FILE_DEFAULTS.maxBcryptCost,
  landingPage: Object.freeze({}),
  guardHealth: false,
  drainTimeout: 10_000,
  shutdownDelay: 0,
  closes: Object.freeze([]),
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16_384,
  maxConnections: 1000,
  onError: (error) => logError('server', error),
});

/** The paths of probes. */
export const HEALTH_PATHS = ['/-/healthy', '/-/ready'] as const;

const OWNER = 'createExporterServer';

const NO_ADDRESSES = 'must be a list of addresses: :9464, 127.0.0.1:9464, [::1]:9464 or unix:/path';

/** Checks server options from outside; throws `invalid_options` that lists every problem. */
export function checkServerOptions(options: unknown): CheckedServerOptions {
  const checked = checkOptions(OWNER, options, SERVER_DEFAULTS, {
    listenAddresses: addressesProblem,
    metricsPath: pathProblem,
    cache: problemOf(checkCacheConfig),
    handler: problemOf(checkHandlerOptions),
    auth: viewAuthProblem,
    views: viewsProblem,
    webConfigFile: (value) =>
      typeof value === 'string' && value !== '' ? undefined : 'must be the path of a file',
    maxBcryptCost: integerWithin(4, 31, 'cost'),
    landingPage: landingPageProblem,
    guardHealth: isBoolean,
    drainTimeout: integerWithin(0, LONGEST_TIMER, 'ms'),
    shutdownDelay: integerWithin(0, LONGEST_TIMER, 'ms'),
    closes: closesProblem,
    headersTimeout: integerWithin(100, LONGEST_TIMER, 'ms'),
    requestTimeout: integerWithin(100, LONGEST_TIMER, 'ms'),
    keepAliveTimeout: integerWithin(1, LONGEST_TIMER, 'ms'),
    maxHeaderSize: integerWithin(1024, 1_048_576, 'bytes'),
    maxConnections: integerWithin(1, 1_000_000, 'connections'),
    onError: isFunction,
  });
  const problems = problemsTogether(checked);
  if (problems.length > 0) throw invalidOptions(OWNER, problems);
  return checked;
}

/** What is wrong between options that are each sound. */
function problemsTogether(options: CheckedServerOptions): readonly string[] {
  const { metricsPath, views, headersTimeout, requestTimeout, maxBcryptCost } = options;
  const paths = [metricsPath, ...views.map(({ path }) => path)];
  const taken = paths.filter((path, at) => paths.indexOf(path) !== at);
  const problems = [...new Set(taken)].map((path) => `the path ${path} is given twice`);
  const served = [{ name: 'auth', auth: options.auth }, ...views.map(asNamed)];
  for (const { name, auth } of served) {
    const cost = auth === undefined ? 0 : costliestHash(auth);
    if (cost <= maxBcryptCost) continue;
    problems.push(
      `${name} has a bcrypt hash of cost ${cost}; lower it, or raise maxBcryptCost (${maxBcryptCost})`,
    );
  }
  if (requestTimeout < headersTimeout) {
    problems.push(
      `requestTimeout (${requestTimeout}) must not be below headersTimeout (${headersTimeout})`,
    );
  }
  return problems;
}

function asNamed({ path, auth }: ServerView): { name: string; auth: ViewAuth | undefined } {
  return { name: `the view ${path}`, auth };
}

function addressesProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return NO_ADDRESSES;
  const isAddress = (text: unknown): text is string =>
    typeof text === 'string' && parseListenAddress(text) !== undefined;
  if (!value.every(isAddress)) return NO_ADDRESSES;
  return value.flatMap((text) => socketPathProblem(text) ?? []).join('; ') || undefined;
}

const closesProblem: OptionCheck = (value) => {
  const canClose = (each: unknown): boolean =>
    typeof (each as Partial<Closeable> | null | undefined)?.close === 'function';
  return Array.isArray(value) && value.every(canClose)
    ? undefined
    : 'must be a list of objects with a close() method, such as [reader, store]';
};

function pathProblem(value: unknown): string | undefined {
  if (HEALTH_PATHS.some((path) => path === value)) return 'is the path of a probe; choose another';
  return isRoutePath(value)
    ? undefined
    : 'must be a path that begins with a slash and has no query, such as /metrics';
}

/** The check of an option that has options of its own. */
function problemOf(check: (value: unknown) => unknown): OptionCheck {
  return (value) => {
    try {
      check(value);
      return undefined;
    } catch (error) {
      if (error instanceof SnapscrapeError) return `is wrong: ${error.message}`;
      throw error;
    }
  };
}

const viewsProblem: OptionCheck = (views) => {
  if (!Array.isArray(views)) return 'must be a list of views';
  const problems = views.flatMap((view: unknown, at) => {
    const problem = viewProblem(view);
    return problem === undefined ? [] : [`[${at}] ${problem}`];
  });
  return problems.length === 0 ? undefined : problems.join('; ');
};

function viewProblem(view: unknown): string | undefined {
  if (typeof view !== 'object' || view === null) return 'must be an object with a path';
  const { path, auth, ...handler }: { path?: unknown; auth?: unknown } = view;
  const problems = [
    pathProblem(path)?.replace(/^/, 'path '),
    auth === undefined ? undefined : viewAuthProblem(auth)?.replace(/^/, 'auth '),
    problemOf(checkHandlerOptions)(handler),
  ];
  return problems.filter((problem) => problem !== undefined).join('; ') || undefined;
}

function landingPageProblem(page: unknown): string | undefined {
  if (typeof page !== 'object' || page === null) return 'must be an object with a title';
  const { title, description, version, ...rest }: Record<string, unknown> = { ...page };
  const isText = [title, description, version].every(
    (text) => text === undefined || typeof text === 'string',
  );
  const isKnown = Object.keys(rest).length === 0;
  return isText && isKnown ? undefined : 'must have texts alone: title, description, version';
}
