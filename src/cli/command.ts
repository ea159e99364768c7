import { SnapscrapeError } from '../model/errors.ts';
import { plain } from './plain-text.ts';
import { type Flag, type FlagTexts, readArguments, readEnvironment } from './settings/flags.ts';
import { type HelpHead, helpText } from './settings/help.ts';
import { problemText, UsageError } from './settings/problems.ts';
import { version } from './version.ts';

/** Where a command reads and writes. */
export interface Terminal {
  readonly out: (text: string) => unknown;
  readonly error: (text: string) => unknown;
  readonly input: AsyncIterable<Uint8Array | string>;
  readonly isColored: boolean;
}

/** A terminal whose output may be long. */
export interface StreamTerminal extends Terminal {
  /** Writes to standard output; resolves when it was taken, and rejects if the reader is gone. */
  readonly write: (text: string | Uint8Array) => Promise<void>;
}

/** What the user asked of a command. */
export interface Asked {
  readonly args: FlagTexts;
  readonly environment: FlagTexts;
}

/** A command that has flags. */
export interface FlagCommand extends HelpHead {
  /** `snapscrape serve`. */
  readonly name: string;
  readonly flags: readonly Flag[];
  /** Does the work; returns the exit code. */
  run(asked: Asked, terminal: StreamTerminal): Promise<number>;
}

/** Runs a command: help, its version, or its work. Errors are one or two lines. */
export async function runCommand(
  command: FlagCommand,
  args: readonly string[],
  terminal: StreamTerminal,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    terminal.out(helpText(command, command.flags));
    return 0;
  }
  if (args.includes('--version')) {
    terminal.out(`${command.name}, version ${version()} (node ${process.version})\n`);
    return 0;
  }
  try {
    const given = readArguments(command.flags, args);
    const environment = readEnvironment(command.flags, process.env);
    return await command.run({ args: given, environment }, terminal);
  } catch (error) {
    return reportError(command, error, terminal);
  }
}

/** Codes of errors that the settings are to blame for. */
const SETTINGS_CODES: ReadonlySet<string> = new Set([
  'invalid_options',
  'invalid_web_config',
  'invalid_state_file',
  'input_failed',
  'dependency_missing',
]);

/** Says in one or two lines why a command ended; returns its exit code. */
function reportError({ name, flags }: FlagCommand, error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    terminal.error(`${name}: ${plain(error.message)}\n`);
    const more = error.problems.length - 1;
    const isFile = error.file !== undefined;
    if (more > 0) {
      const isChecked = isFile && flags.some((flag) => flag.name === 'config.check');
      const all = isChecked ? '; --config.check shows them all' : '';
      terminal.error(`and ${more} more problem${more === 1 ? '' : 's'}${all}\n`);
    } else if (!isFile) terminal.error(`Run "${name} --help" for the flags.\n`);
    return 2;
  }
  if (error instanceof SnapscrapeError) {
    const [first = ''] = error.message.split('\n');
    // A user knows the flag, not the function.
    const message = first.replace(/^createStore: url/, '--storage.url');
    terminal.error(`${name}: ${plain(message)}\n`);
    return SETTINGS_CODES.has(error.code) ? 2 : 1;
  }
  const message = error instanceof Error ? error.message : String(error);
  terminal.error(`${name}: unexpected error: ${plain(message)}\n`);
  return 1;
}

/** All problems of a configuration, one on each line. */
export function allProblems({ problems, file }: UsageError): string {
  return problems.map((problem) => `${plain(problemText(problem, file))}\n`).join('');
}
