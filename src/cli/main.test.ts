import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// As it is built: a process with a compiler in it starts too slowly.
const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Runs the program in a shell, in which `$RUN` is the program. */
function shell(command: string): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  const env = { ...process.env, RUN: `${process.execPath} ${MAIN}` };
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('the program', () => {
  it('ends quietly, with its exit code, if the reader of its output ends', () => {
    const page = `for i in {1..3000}; do echo "b{l=\\"$i"; done`;
    const ended = shell(`${page} | { $RUN check -; echo $? >&2; } | head -1 >/dev/null`);
    expect(ended).toMatchObject({ status: 0, stderr: '1\n' });
  });

  it.runIf(process.platform === 'linux')('says in one line that output cannot be written', () => {
    for (const args of ['check -', '--help']) {
      const { status, stderr } = shell(`echo 'a x' | $RUN ${args} > /dev/full`);
      expect(stderr).toMatch(/^snapscrape: the output cannot be written: ENOSPC.*\n$/);
      expect(status).toBe(2);
    }
  });

  it('shows help and its version', () => {
    for (const flag of ['-h', '--help', 'help']) {
      expect(shell(`$RUN ${flag}`)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('Usage: snapscrape <command> [flags]'),
      });
    }
    for (const flag of ['check -h', 'check --help']) {
      expect(shell(`$RUN ${flag}`)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('Usage: snapscrape check <file|url|-> [options]'),
      });
    }
    expect(shell('$RUN --version').stdout).toMatch(/^\d+\.\d+\.\d+.*\n$/);
  });

  it('ends with exit code 2 if nothing can be said', () => {
    expect(shell('$RUN check none.prom 2> /dev/full').status).toBe(2);
  });
});
