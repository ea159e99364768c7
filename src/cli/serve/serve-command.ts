import { drainOnSignals } from '../../server/drain-on-signals.ts';
import { type Asked, allProblems, type FlagCommand, type Terminal } from '../command.ts';
import { releaseSignals } from '../held-signals.ts';
import { logLibraries } from '../library-lines.ts';
import { createProgramLogger } from '../program-logger.ts';
import { flagsOf } from '../settings/flags.ts';
import { UsageError } from '../settings/problems.ts';
import { readFlags } from '../settings/read-settings.ts';
import { SERVE_FLAGS, SERVE_SETTINGS } from '../settings/serve-settings.ts';
import { startNamed } from '../start-named.ts';
import { type Configuration, readConfiguration } from './read-configuration.ts';
import { ServeProgram } from './serve-program.ts';

/** `snapscrape serve`. */
export const SERVE_COMMAND: FlagCommand = {
  name: 'snapscrape serve',
  usage: 'snapscrape serve [flags]',
  description: `Serves the series of a store, of text files and of other pages as one page.
SIGHUP reads the configuration file again, as a change of it does.`,
  flags: flagsOf(SERVE_SETTINGS, SERVE_FLAGS),
  run: serve,
};

async function serve({ args, environment }: Asked, terminal: Terminal): Promise<number> {
  const { flags: all } = SERVE_COMMAND;
  const flags = readFlags(all, SERVE_FLAGS, { args, environment, file: undefined });
  const origin = {
    flags: all,
    args,
    environment,
    file: flags['config.file'],
    metricsPath: flags['web.telemetry-path'],
  };
  if (flags['config.check']) {
    releaseSignals();
    return checkConfiguration(() => readConfiguration(origin), terminal);
  }
  const configuration = await readConfiguration(origin);
  const log = createProgramLogger(configuration.settings.log);
  logLibraries(log);
  const program = await startNamed(() => ServeProgram.start(origin, flags, configuration, log));
  const reload = (): void => void program.reload();
  process.on('SIGHUP', reload);
  const drained = drainOnSignals(program);
  releaseSignals();
  await drained;
  process.off('SIGHUP', reload);
  return 0;
}

async function checkConfiguration(
  read: () => Promise<Configuration>,
  terminal: Terminal,
): Promise<number> {
  try {
    const { file } = await read();
    terminal.out(`${file ?? 'The flags'}: nothing is wrong\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(allProblems(error));
    return 2;
  }
}
