import { type FlagCommand, runCommand, type StreamTerminal } from './command.ts';
import { plain } from './plain-text.ts';
import { suggestionFor } from './settings/suggestion.ts';
import { version } from './version.ts';

// `snapscrape <command>`: the exit code is set, and output has time to be written.
const USAGE = `Usage: snapscrape <command> [flags]

Commands:
  snapscrape serve                      serves a store and its sources
  snapscrape pushgateway                takes pushes as a Pushgateway does
  snapscrape check <file|url|-> [options]
                                        checks a page of metrics
  snapscrape dump --storage.url=URL     writes a store to standard output
  snapscrape load --storage.url=URL     reads standard input into a store
  snapscrape verify --storage.path=DIR  checks the file of an LMDB store
  snapscrape hash-password              makes the bcrypt hash of a password
  snapscrape version                    shows the version

Run "snapscrape <command> --help" for its flags.

Exit code: 0 done, 1 failed or found something, 2 wrong flags or configuration.
`;
const HELP: ReadonlySet<string | undefined> = new Set(['-h', '--help', 'help']);

type Run = (args: readonly string[], terminal: StreamTerminal) => Promise<number>;

/** Runs a command whose module is loaded only now. */
const flagged =
  (load: () => Promise<FlagCommand>): Run =>
  async (args, terminal) =>
    runCommand(await load(), args, terminal);

const VERSION_COMMAND: FlagCommand = {
  name: 'snapscrape version',
  usage: 'snapscrape version',
  description: 'Shows the version.',
  flags: [],
  run: async (_, { out }) => {
    out(`${version()}\n`);
    return 0;
  },
};

const COMMANDS: ReadonlyMap<string, Run> = new Map<string, Run>([
  [
    'check',
    async (args, terminal) => {
      if (!args.includes('--version')) {
        return (await import('./check-command.ts')).check(args, terminal);
      }
      terminal.out(`snapscrape check, version ${version()} (node ${process.version})\n`);
      return 0;
    },
  ],
  ['serve', flagged(async () => (await import('./serve/serve-command.ts')).SERVE_COMMAND)],
  [
    'pushgateway',
    flagged(async () => (await import('./pushgateway-command.ts')).PUSHGATEWAY_COMMAND),
  ],
  ['dump', flagged(async () => (await import('./store-commands.ts')).DUMP_COMMAND)],
  ['load', flagged(async () => (await import('./store-commands.ts')).LOAD_COMMAND)],
  ['verify', flagged(async () => (await import('./store-commands.ts')).VERIFY_COMMAND)],
  ['hash-password', flagged(async () => (await import('./store-commands.ts')).HASH_COMMAND)],
  ['version', flagged(async () => VERSION_COMMAND)],
]);

/** Runs a command; sets the exit code of the process. */
export async function runProgram([name, ...rest]: readonly string[]): Promise<void> {
  guardOutput();
  const command = COMMANDS.get(name ?? '');
  if (command !== undefined) {
    process.exitCode = await command(rest, {
      out: (text) => process.stdout.write(text),
      write: (text) =>
        new Promise((resolve, reject) => {
          process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
        }),
      error: (text) => process.stderr.write(text),
      input: process.stdin,
      isColored: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    });
  } else if (HELP.has(name)) process.stdout.write(USAGE);
  else if (name === '--version') process.stdout.write(`${version()}\n`);
  else {
    const suggestion = suggestionFor(name ?? '', COMMANDS.keys());
    const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
    const what =
      name === undefined ? 'no command' : `unknown command ${JSON.stringify(plain(name))}${hint}`;
    process.stderr.write(`snapscrape: ${what}\nRun "snapscrape --help" for the commands.\n`);
    process.exitCode = 2;
  }
}

function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader such as `head` may end before the output does. The exit code stays that of the check.
    if (error.code === 'EPIPE') return;
    process.stderr.write(`snapscrape: the output cannot be written: ${error.message}\n`, () =>
      process.exit(2),
    );
  });
  process.stderr.on('error', () => process.exit(2));
}
