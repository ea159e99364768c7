import type { SelfFamily } from '../../http/self-families.ts';
import type { SnapscrapeError } from '../../model/errors.ts';
import { createRoutedServer, type ExporterServer } from '../../server/exporter-server.ts';
import type { ServedAddress } from '../../server/listen-address.ts';
import type { Route } from '../../server/routes.ts';
import { type CheckedServerOptions, checkServerOptions } from '../../server/server-options.ts';
import { errorFields, type ProgramLogger } from '../program-logger.ts';
import { flagTexts } from '../settings/effective-flags.ts';
import { UsageError } from '../settings/problems.ts';
import { SERVE_SETTINGS, type ServeFlags } from '../settings/serve-settings.ts';
import type { AnyGroup } from '../settings/shape.ts';
import { durationText } from '../settings/value-types.ts';
import type { StateLog } from '../state-log.ts';
import { version } from '../version.ts';
import { ConfigReloads } from './config-reloads.ts';
import { LiveReader } from './live-reader.ts';
import { countGroups, openStore } from './opened-store.ts';
import { ownRoutes, wipeStore } from './own-routes.ts';
import {
  type Configuration,
  type ConfigurationOrigin,
  readConfiguration,
  rejectRestart,
} from './read-configuration.ts';
import { closeUnused, type Readers, type ReadFrom, readersOf, readNew } from './readers.ts';
import { type PageParts, pagesOf, prefixOf, ServedRoutes } from './served-routes.ts';
import { configurationText, runtimeInfo } from './status-data.ts';

/** The program `snapscrape serve`: a store, its sources and a server, which a reload changes. */
export class ServeProgram {
  readonly #origin: ConfigurationOrigin;
  readonly #flags: ServeFlags;
  readonly #log: ProgramLogger;
  readonly #states: StateLog;
  readonly #opened: ReadFrom;
  readonly #reloads: ConfigReloads;
  readonly #routes: ServedRoutes;
  readonly #server: ExporterServer;
  readonly #startedAt = Date.now();
  #configuration: Configuration;
  #readers: Readers;
  #pageParts: PageParts | undefined;
  #isStarted = false;

  private constructor(
    origin: ConfigurationOrigin,
    flags: ServeFlags,
    log: ProgramLogger,
    configuration: Configuration,
    opened: ReadFrom,
  ) {
    this.#origin = origin;
    this.#flags = flags;
    this.#log = log;
    this.#states = opened.states;
    this.#opened = opened;
    this.#configuration = configuration;
    this.#readers = readersOf(configuration, opened);
    this.#reloads = new ConfigReloads(configuration.stamps, (stamps) => this.#reload(stamps));
    this.#routes = new ServedRoutes(prefixOf(flags), this.#ownRoutes(), opened.push?.serve);
    const options = this.#serverOptions();
    const live = new LiveReader(() => this.#readers.merged);
    this.#server = createRoutedServer(live, options, (health, families) => {
      const pushes = opened.push?.families ?? [];
      const added = [...families, ...this.#reloads.families, ...pushes, BUILD_INFO];
      this.#pageParts = { options, health, families: added };
      return this.#routes;
    });
  }

  /** Opens the store and starts. Rejects if the store cannot be opened or an address is taken. */
  static async start(
    origin: ConfigurationOrigin,
    flags: ServeFlags,
    configuration: Configuration,
    log: ProgramLogger,
  ): Promise<ServeProgram> {
    const opened = await openStore(configuration, flags, log);
    const program = new ServeProgram(origin, flags, log, configuration, opened);
    try {
      await program.#start();
    } catch (error) {
      await program.close();
      throw error;
    }
    return program;
  }

  /** Where it listens. */
  get addresses(): readonly ServedAddress[] {
    return this.#server.addresses;
  }

  /** Resolves when everything is closed. */
  get closed(): Promise<void> {
    return this.#server.closed;
  }

  /** Reads the configuration again; says whether it is in force. */
  reload(): Promise<boolean> {
    return this.#reloads.reload();
  }

  /** Answers the requests that are under way, then closes the store. */
  async close(): Promise<void> {
    this.#reloads.close();
    this.#states.close();
    await this.#server.close();
  }

  async #start(): Promise<void> {
    const { views } = this.#configuration.settings;
    this.#routes.replace(await pagesOf(this.#readers.merged, views, this.#pageParts!));
    await this.#server.start();
    this.#isStarted = true;
    const addresses = this.addresses.map(({ url }) => url).join(' ');
    this.#log.info('server', 'Listening', { addresses, version: version() });
    this.#reloads.watch();
    void this.#logStore();
  }

  async #logStore(): Promise<void> {
    const reader = this.#readers.store;
    await reader.refresh().catch(() => undefined);
    const { isFailing, series, lastWrites } = reader.cacheStats();
    if (isFailing) return;
    const last = Math.max(...lastWrites.map(({ at }) => at));
    const age = Number.isFinite(last) ? durationText(Math.max(0, Date.now() - last)) : undefined;
    const groups = await countGroups(this.#opened.store).catch(() => undefined);
    const url = this.#configuration.storeUrl;
    this.#log.info('storage', 'Store opened', { url, series, groups, age });
  }

  async #reload(stamps: Map<string, string>): Promise<void> {
    try {
      const next = await readConfiguration(this.#origin, stamps);
      rejectRestart(this.#configuration, next);
      const readers = readersOf(next, this.#opened, this.#readers);
      try {
        const pages = await pagesOf(readers.merged, next.settings.views, this.#pageParts!);
        await readNew(readers, this.#readers);
        const before = this.#readers;
        this.#routes.replace(pages);
        [this.#configuration, this.#readers] = [next, readers];
        closeUnused(before, readers);
      } catch (error) {
        closeUnused(readers, this.#readers);
        throw error;
      }
      this.#log.configure(next.settings.log);
      this.#log.info('config', 'Configuration reloaded', { file: next.file });
    } catch (error) {
      const main = error instanceof UsageError ? error.main : undefined;
      const fields =
        main === undefined
          ? errorFields(error)
          : { line: main.place?.line, err: main.text, suggestion: main.suggestion };
      this.#log.error('config', 'Reload failed; the configuration before stays in force', fields);
      throw error;
    }
  }

  #serverOptions(): CheckedServerOptions {
    const config = this.#flags['web.config.file'];
    return checkServerOptions({
      listenAddresses: this.#flags['web.systemd-socket']
        ? ['fd:3']
        : this.#flags['web.listen-address'],
      metricsPath: this.#flags['web.telemetry-path'],
      landingPage: { title: 'snapscrape', version: version() },
      closes: [{ close: () => this.#closeAll() }],
      ...(config === undefined ? {} : { webConfigFile: config }),
      handler: {
        onError: (error: SnapscrapeError) =>
          this.#log.debug('scrape', 'Scrape met an error', errorFields(error)),
      },
      onError: (error: SnapscrapeError) => this.#states.error('server', 'Server error', error),
    });
  }

  async #closeAll(): Promise<void> {
    closeUnused(this.#readers);
    await this.#opened.store.close();
    if (this.#isStarted) this.#log.info('server', 'Stopped');
  }

  #ownRoutes(): ReadonlyMap<string, Route> {
    return ownRoutes({
      flags: this.#flags,
      onError: (error) => this.#states.error('server', 'Request failed', error),
      reload: () => this.reload(),
      quit: () => void this.close(),
      wipe: () => this.#wipe(),
      settings: () => this.#shownSettings(),
      shownFlags: () => this.#shownFlags(),
      runtime: () => this.#runtime(),
    });
  }

  async #wipe(): Promise<void> {
    const { store, push } = this.#opened;
    await push?.groups.wipe();
    const series = await wipeStore(store);
    this.#log.info('storage', 'Store wiped', { series });
  }

  #shownSettings(): string {
    return configurationText(SERVE_SETTINGS as unknown as AnyGroup, this.#settingsInForce());
  }

  /** The settings without the default URL of the store if a file has it. */
  #settingsInForce(): object {
    const { settings } = this.#configuration;
    const { storage } = settings;
    return storage.url_file === undefined
      ? settings
      : { ...settings, storage: { ...storage, url: undefined } };
  }

  #shownFlags(): Readonly<Record<string, string>> {
    return flagTexts(this.#origin.flags, this.#flags, this.#settingsInForce());
  }

  #runtime(): Readonly<Record<string, unknown>> {
    return runtimeInfo({
      startedAt: this.#startedAt,
      isReloaded: this.#reloads.isGood,
      reloadedAt: this.#reloads.succeededAt,
      retention: this.#configuration.settings.storage.retention,
    });
  }
}

const BUILD_INFO: SelfFamily = {
  name: 'build_info',
  type: 'info',
  help: 'The version of the program and of its runtime, always 1.',
  samples: () => [[{ version: version(), node: process.version }, 1]],
};
