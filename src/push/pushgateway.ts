import { readFileSync } from 'node:fs';
import { WITHOUT_OPENMETRICS } from '../formats/format.ts';
import { preparedHandler } from '../http/handler.ts';
import type { ProgramLog } from '../logging/program-log.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { createRoutedServer } from '../server/exporter-server.ts';
import type { Route, RouteTable } from '../server/routes.ts';
import { checkServerOptions } from '../server/server-options.ts';
import { GatewayListener } from './gateway-listener.ts';
import { openGroups } from './gateway-store.ts';
import { compileLifetimes, type LifetimeRule } from './group-lifetimes.ts';
import { type BuildInfo, OwnMetrics } from './own-metrics.ts';
import { PageReader } from './page-reader.ts';
import { BodyReceiver } from './pushed-body.ts';
import type { PushedGroups } from './pushed-groups.ts';
import { StoreWatch } from './store-watch.ts';

/** How a Pushgateway is run; everything is read and checked already. */
export interface PushgatewayOptions {
  /** Where to listen, such as `:9091`. */
  readonly listenAddresses: readonly string[];
  /** Whether to listen on the socket that systemd opened, instead of the addresses. */
  readonly systemdSocket: boolean;
  /** The web configuration file: TLS and users. */
  readonly webConfigFile?: string | undefined;
  /** The path of the page with all metrics. */
  readonly telemetryPath: string;
  /** The URL that clients reach the gateway at; its path is the default of `routePrefix`. */
  readonly externalUrl?: string | undefined;
  /** What all paths begin with. */
  readonly routePrefix?: string | undefined;
  readonly enableLifecycle: boolean;
  readonly enableAdminApi: boolean;
  /** The file of the original's state; the store is the folder of this name with `.lmdb`. */
  readonly persistenceFile?: string | undefined;
  /** Whether inconsistent pushes get 202; they are not kept all the same. */
  readonly disableConsistencyCheck: boolean;
  readonly enableUtf8Names: boolean;
  /** How long a group lives after the last push, in ms; 0 for ever. */
  readonly ttlMs: number;
  /** Lifetimes of some groups; the first rule that matches counts. */
  readonly rules: readonly LifetimeRule[];
  /** The most groups. */
  readonly groupLimit: number;
  /** The most bytes of a body, as it comes and once it is decoded. */
  readonly bodySizeLimit: number;
  /** What the status shows: every flag of the original and its value, as text. */
  readonly flags: Readonly<Record<string, string>>;
  /** The flags that the original does not have, which its own status does not show. */
  readonly ownFlags?: Readonly<Record<string, string>>;
  /** What the configuration file could say, as YAML. */
  readonly configuration?: string;
  readonly log: ProgramLog;
}

/** A Pushgateway that listens. */
export interface RunningPushgateway {
  /** Where it listens, as URLs. */
  readonly addresses: readonly string[];
  /** Answers the pushes that are under way, then ends. The second call joins the first. */
  close(): Promise<void>;
  /**
   * Resolves when it has ended, by `close` or by a client's request. Rejects with
   * `store_unavailable` if it ended because its store can be neither written nor read.
   */
  readonly ended: Promise<void>;
}

/**
 * Starts a Pushgateway: resolves when it listens.
 *
 * @throws SnapscrapeError `listen_failed`, `invalid_web_config`, `invalid_selector` of a rule,
 * `invalid_state_file`, and what opening the store throws. Nothing is left open then.
 */
export async function startPushgateway(options: PushgatewayOptions): Promise<RunningPushgateway> {
  const startedAt = Date.now();
  const lifetimes = await compileLifetimes(options.rules, options.ttlMs);
  let lost: SnapscrapeError | undefined;
  let end = (): void => undefined;
  let opened: PushedGroups | undefined;
  const watch = new StoreWatch(options.log, (error) => {
    lost ??= error;
    end();
  });
  const build = { version: packageVersion() };
  const own = new OwnMetrics(build);
  const groups = await openGroups({
    persistenceFile: options.persistenceFile,
    groupLimit: options.groupLimit,
    lifetimes,
    now: Date.now,
    log: options.log,
    onUntidy: () => own.cleanupFailures++,
    onWrite: (failure) => {
      if (failure === undefined) watch.succeeded();
      else void watch.failed(failure, async () => opened?.store.healthy() ?? true);
    },
  });
  opened = groups;
  try {
    const running = await serve(options, { groups, watch, startedAt, own, build });
    end = () => void running.close();
    const ended = running.ended.then(() => {
      if (lost !== undefined) throw lost;
    });
    ended.catch(() => undefined);
    return { ...running, ended };
  } catch (error) {
    await groups.store.close();
    throw error;
  }
}

async function serve(
  options: PushgatewayOptions,
  {
    groups,
    watch,
    startedAt,
    own,
    build,
  }: {
    readonly groups: PushedGroups;
    readonly watch: StoreWatch;
    readonly startedAt: number;
    readonly own: OwnMetrics;
    readonly build: BuildInfo;
  },
): Promise<RunningPushgateway> {
  const { log } = options;
  const reader = new PageReader(groups, own);
  const onError = (error: SnapscrapeError): void =>
    log.error('web', error.message, { code: error.code });
  const page = preparedHandler(
    reader,
    { selfMetrics: false, subsets: false, onError },
    [],
    WITHOUT_OPENMETRICS,
  );
  const listener = new GatewayListener(
    { groups, receiver: new BodyReceiver(options.bodySizeLimit), own, watch, log },
    {
      prefix: prefixOf(options),
      telemetryPath: options.telemetryPath,
      enableLifecycle: options.enableLifecycle,
      enableAdminApi: options.enableAdminApi,
      isUnchecked: options.disableConsistencyCheck,
      allowsUtf8: options.enableUtf8Names,
      flags: options.flags,
      ...(options.ownFlags === undefined ? {} : { ownFlags: options.ownFlags }),
      ...(options.configuration === undefined ? {} : { configuration: options.configuration }),
      startedAt,
      build,
      scrape: page.handler,
      // After the response has been written.
      onQuit: () => setImmediate(() => void server.close()),
    },
  );
  const server = createRoutedServer(
    reader,
    checkServerOptions({
      // The first socket that systemd passes.
      listenAddresses: options.systemdSocket ? ['fd:3'] : options.listenAddresses,
      ...(options.webConfigFile !== undefined && { webConfigFile: options.webConfigFile }),
      closes: [reader, groups.store],
      onError,
    }),
    oneRoute({ serve: listener.serve, access: 'server' }),
  );
  const addresses = (await server.start()).map(({ url }) => url);
  log.info('web', 'Listening', { addresses: addresses.join(' ') });
  const ended = server.closed.then(() => log.info('web', 'Stopped'));
  return { addresses, close: () => server.close().then(() => ended), ended };
}

/** A table of one route that all paths have, so that its users guard everything. */
function oneRoute(route: Route): RouteTable {
  return { get: () => route, values: () => [route].values() };
}

/** What all paths begin with: the route prefix, or else the path of the external URL. */
function prefixOf({ routePrefix, externalUrl }: PushgatewayOptions): string {
  const path = routePrefix ?? (externalUrl === undefined ? '' : new URL(externalUrl).pathname);
  const bare = path.replace(/^\/+|\/+$/g, '');
  return bare === '' ? '' : `/${bare}`;
}

function packageVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
