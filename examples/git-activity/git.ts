import { type ChildProcess, spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { RecordSplitter } from './record-splitter.ts';

/** Where git is called, and for how long. */
export interface GitPlace {
  /** The top of a working tree or a bare repository, with symbolic links resolved. */
  readonly directory: string;
  /** Kills git when it is aborted. */
  readonly signal: AbortSignal;
  /** How long one call may take before git is killed, in ms. */
  readonly timeoutMs: number;
}

/** One call of git. */
export interface GitCall {
  /** The subcommand and its arguments, as git gets them: no shell is involved. */
  readonly args: readonly string[];
  /** What ends a record of the output. Default: a newline. */
  readonly separator?: '\n' | '\0';
  /** What git reads from its standard input. Default: nothing. */
  readonly input?: string;
}

/** A call of git that failed. The message is git's own reason on one line, for the log only. */
export class GitError extends Error {
  /** The exit code; undefined when git did not start or was killed. */
  readonly exitCode: number | undefined;

  /** Makes an error of a reason. */
  constructor(reason: string, exitCode?: number) {
    super(reason);
    this.name = 'GitError';
    this.exitCode = exitCode;
  }
}

/**
 * Runs git and hands over its output record by record while it comes, in little memory however long
 * the output or one record is.
 *
 * Answers when git has ended; rejects with a {@link GitError} when it failed, took too long or was
 * aborted.
 */
export async function readGit(
  place: GitPlace,
  call: GitCall,
  take: (record: string) => void,
): Promise<void> {
  const settings = SETTINGS.flatMap((setting) => ['-c', setting]);
  const child = spawn('git', ['--no-pager', ...settings, '-C', place.directory, ...call.args], {
    env: environmentFor(place.directory),
    signal: place.signal,
    timeout: place.timeoutMs,
    // Git only reads here, so nothing is left half done; and a git that hangs ignores politeness.
    killSignal: 'SIGKILL',
    windowsHide: true,
  });
  const ending = endingOf(child);
  const complaint = firstWords(child.stderr);
  // A git that fails early does not read its input. Its exit code tells more than EPIPE would.
  child.stdin.on('error', () => {});
  child.stdin.end(call.input);
  const splitter = new RecordSplitter(call.separator ?? '\n', take);
  for await (const chunk of child.stdout) splitter.write(chunk as Buffer);
  splitter.end();
  const { code, startFailure } = await ending;
  if (code === 0) return;
  if (place.signal.aborted) throw new GitError('git was stopped');
  if (startFailure !== undefined) throw new GitError(startFailure);
  const what = `git ${call.args[0]}`;
  if (child.killed) throw new GitError(`${what} took longer than ${place.timeoutMs / 1000} s`);
  throw new GitError(complaint() || `${what} ended with ${code ?? child.signalCode}`, code);
}

// Output that follows somebody's configuration is no basis for metrics. And a repository is data
// that a stranger may have written: nothing in it may make git run a program or use the network.
const SETTINGS: readonly string[] = [
  'core.fsmonitor=false',
  `core.attributesFile=${devNull}`,
  'log.showSignature=false',
];

const ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  // Replaced commits would change the history while HEAD stays the same.
  GIT_NO_REPLACE_OBJECTS: '1',
  // A partial clone would fetch what it lacks, by programs that its own configuration names.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
};

function environmentFor(directory: string): NodeJS.ProcessEnv {
  // Under a git hook, GIT_DIR and its like point at another repository. Where git finds its
  // configuration is the user's choice, and may say which directories are safe.
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') || name.startsWith('GIT_CONFIG'),
  );
  return {
    ...Object.fromEntries(inherited),
    ...ENVIRONMENT,
    // A repository that vanished inside another one must not turn into the outer one.
    GIT_CEILING_DIRECTORIES: dirname(directory),
  };
}

interface Ending {
  readonly code: number | undefined;
  readonly startFailure: string | undefined;
}

function endingOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    let startFailure: string | undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      startFailure =
        error.code === 'ENOENT' ? 'git was not found; install it or correct PATH' : error.message;
    });
    child.on('close', (code) => resolve({ code: code ?? undefined, startFailure }));
  });
}

const MOST_WORDS = 500;

/** Keeps the first words of a stream and drops the rest; returns them on one line. */
function firstWords(stream: Readable): () => string {
  let words = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    words = (words + text).slice(0, MOST_WORDS);
  });
  // Control characters could come from a file name and would reach a terminal.
  return () => words.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}
