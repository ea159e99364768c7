import { loggableText } from '../logging/error-text.ts';
import { startPushgateway } from '../push/pushgateway.ts';
import { drainOnSignals } from '../server/drain-on-signals.ts';
import { readBounded, readProblem } from '../web/file-text.ts';
import type { Asked, FlagCommand } from './command.ts';
import { releaseSignals } from './held-signals.ts';
import { logLibraries } from './library-lines.ts';
import { createProgramLogger } from './program-logger.ts';
import { configurationText } from './serve/status-data.ts';
import { flagTexts } from './settings/effective-flags.ts';
import { flagsOf } from './settings/flags.ts';
import { usage } from './settings/problems.ts';
import { PUSHGATEWAY_FLAGS, PUSHGATEWAY_SETTINGS } from './settings/pushgateway-settings.ts';
import {
  readFlags,
  readSettings,
  type SettingsFile,
  settingsFile,
} from './settings/read-settings.ts';
import type { AnyGroup } from './settings/shape.ts';
import { startNamed } from './start-named.ts';

/** `snapscrape pushgateway`. */
export const PUSHGATEWAY_COMMAND: FlagCommand = {
  name: 'snapscrape pushgateway',
  usage: 'snapscrape pushgateway [flags]',
  description: `Takes pushes as Prometheus's Pushgateway does, with the same flags and paths. It keeps
what it acknowledged, ends groups that are not pushed to (--push.ttl), and no push can
break a scrape.`,
  flags: flagsOf(PUSHGATEWAY_SETTINGS, PUSHGATEWAY_FLAGS),
  run: pushgateway,
};

async function pushgateway({ args, environment }: Asked): Promise<number> {
  const all = PUSHGATEWAY_COMMAND.flags;
  const given = { args, environment, file: undefined };
  const flags = readFlags(all, PUSHGATEWAY_FLAGS, given);
  const file = await configurationFile(flags['config.file']);
  const { values: settings } = readSettings(PUSHGATEWAY_SETTINGS, all, { ...given, file });
  const { push } = settings;
  const own = all.filter(({ name }) => OWN.has(name));
  const originals = all.filter(({ name }) => !OWN.has(name));
  const log = createProgramLogger(settings.log);
  logLibraries(log);
  if (args.has('persistence.interval') || environment.has('persistence.interval')) {
    const msg = '--persistence.interval has no use: each push is on the disk before the response';
    log.info('storage', msg);
  }
  const running = await startNamed(() =>
    startPushgateway({
      listenAddresses: flags['web.listen-address'],
      systemdSocket: flags['web.systemd-socket'],
      webConfigFile: flags['web.config.file'],
      telemetryPath: flags['web.telemetry-path'],
      externalUrl: flags['web.external-url'],
      routePrefix: flags['web.route-prefix'],
      enableLifecycle: flags['web.enable-lifecycle'],
      enableAdminApi: flags['web.enable-admin-api'],
      persistenceFile: flags['persistence.file'],
      disableConsistencyCheck: flags['push.disable-consistency-check'],
      enableUtf8Names: flags['push.enable-utf8-names'],
      ttlMs: push.ttl,
      rules: push.rules.map(({ match, ttl }) => ({ match, ttlMs: ttl })),
      groupLimit: push.group_limit,
      bodySizeLimit: push.body_size_limit,
      flags: {
        ...flagTexts(originals, flags, settings),
        'persistence.interval': goDurationText(flags['persistence.interval']),
        // The original shows paths as they were given.
        ...Object.fromEntries(
          ['persistence.file', 'web.config.file'].map((name) => {
            return [name, loggableText((args.get(name) ?? environment.get(name))?.[0] ?? '')];
          }),
        ),
      },
      ownFlags: flagTexts(own, flags, settings),
      configuration: configurationText(PUSHGATEWAY_SETTINGS as unknown as AnyGroup, settings),
      log,
    }),
  );
  const drained = drainOnSignals({ close: () => running.close(), closed: running.ended });
  releaseSignals();
  await drained;
  return 0;
}

async function configurationFile(path: string | undefined): Promise<SettingsFile | undefined> {
  if (path === undefined) return undefined;
  let text: string;
  try {
    text = (await readBounded(path)).toString('utf8');
  } catch (cause) {
    throw usage(`--config.file: ${path} ${readProblem(cause)}`);
  }
  return await settingsFile(path, text);
}

/** The flags that the original does not have. */
const OWN: ReadonlySet<string> = new Set(['config.file', 'push.ttl']);

/** A duration as Go writes it: `5m0s`. */
function goDurationText(ms: number): string {
  const seconds = ms / 1000;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (seconds > 0 && seconds < 1) return `${ms}ms`;
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
