import { type ChildProcess, spawn } from 'node:child_process';
import { REPOSITORY } from '../support/tools.ts';
import { until } from '../support/until.ts';

/** A program that runs beside the tests, with whatever it started itself. */
export interface RunningProcess {
  /** What it has printed so far, on both streams. */
  output(): string;
  /** Waits for some text in its output, and returns the match. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends it and whatever it started; answers when it is gone. Does nothing the second time. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 60_000;
const GRACE_MS = 5_000;

const running = new Set<ChildProcess>();

function endAll(): void {
  for (const child of running) signal(child, 'SIGKILL');
}

// The tests may end without their hooks, when the runner itself gets a signal to end.
process.on('exit', endAll);
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    endAll();
    process.kill(process.pid, name);
  });
}

/** Starts a program in a process group of its own, in the root of the repository. */
export function startProcess(command: string, args: readonly string[]): RunningProcess {
  const child = spawn(command, args, {
    cwd: REPOSITORY,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  running.add(child);
  child.on('error', (error) => {
    output += `${command}: ${error.message}`;
  });
  child.on('close', () => running.delete(child));
  return {
    output: () => output,
    printed: async (pattern) => {
      const seen = (): boolean => pattern.test(output) || !running.has(child);
      await until(`${command} prints ${pattern}`, seen, PATIENCE_MS);
      const match = pattern.exec(output);
      if (match === null) throw new Error(`${command} ended and had printed only:\n${output}`);
      return match;
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const isGone = (): boolean => !running.has(child);
  signal(child, 'SIGTERM');
  await until('the process ends after a signal', isGone, GRACE_MS).catch(() =>
    signal(child, 'SIGKILL'),
  );
  await until('the process ends', isGone);
}

/** To the whole group: `npm start` is a process with children. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || !running.has(child)) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // It ended by itself in the meantime.
  }
}
