import { startPushgateway } from '../push/pushgateway.ts';
import { drainOnSignals } from '../server/drain-on-signals.ts';
import { readBounded, readProblem } from '../web/file-text.ts';
import type { Asked, FlagCommand } from './command.ts';
import { releaseSignals } from './held-signals.ts';
import { createProgramLogger } from './program-logger.ts';
import { type Flag, flagsOf } from './settings/flags.ts';
import { defaultText } from './settings/help.ts';
import { usage } from './settings/problems.ts';
import {
  PUSHGATEWAY_FLAGS,
  PUSHGATEWAY_SETTINGS,
  type PushgatewayFlags,
} from './settings/pushgateway-settings.ts';
import {
  readFlags,
  readSettings,
  type SettingsFile,
  settingsFile,
} from './settings/read-settings.ts';
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
  const { push, log: logSettings } = readSettings(PUSHGATEWAY_SETTINGS, all, {
    ...given,
    file,
  }).values;
  const log = createProgramLogger(logSettings);
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
      flags: originalFlags(all, { args, environment }, flags),
      ownFlags: shownFlags(
        all.filter(({ name }) => OWN.has(name)),
        { args, environment },
      ),
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

/** The flags of the original and their values, as it shows them. */
function originalFlags(
  all: readonly Flag[],
  asked: Asked,
  values: PushgatewayFlags,
): Readonly<Record<string, string>> {
  const shown = shownFlags(
    all.filter(({ name }) => !OWN.has(name)),
    asked,
  );
  return { ...shown, 'persistence.interval': goDurationText(values['persistence.interval']) };
}

function shownFlags(
  flags: readonly Flag[],
  { args, environment }: Asked,
): Readonly<Record<string, string>> {
  const shown = flags.map((flag) => {
    const texts = args.get(flag.name) ?? environment.get(flag.name);
    const text = texts === undefined ? defaultText(flag) : texts.join(',');
    return [flag.name, flag.isRepeatable ? `[${text}]` : text] as const;
  });
  return Object.fromEntries(shown);
}

/** A duration as Go writes it: `5m0s`. */
function goDurationText(ms: number): string {
  const seconds = ms / 1000;
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (seconds > 0 && seconds < 1) return `${ms}ms`;
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
