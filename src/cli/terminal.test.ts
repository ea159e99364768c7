import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { endPrograms, startProgram } from '../../test/support/program.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { LmdbStore } from '../stores/lmdb/index.ts';

// What the program says to a person at a terminal, and to a reader that ends early.

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const hasTerminal = ((): boolean => {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8' }).includes('util-linux');
  } catch {
    return false;
  }
})();

/** Runs the program under a terminal of its own; returns the exit code and what is shown. */
function atTerminal(args: string): Promise<{ code: number; lines: readonly string[] }> {
  const command = `stty cols 80; exec ${process.execPath} ${MAIN} ${args}`;
  return new Promise((resolve) => {
    const child = execFile('script', ['-qec', command, '/dev/null'], (error, shown) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, lines: shown.trimEnd().split(/\r?\n/) });
    });
    child.stdin?.end();
  });
}

describe.skipIf(!hasTerminal)('at a terminal of 80 columns', () => {
  it.each(['', 'serve', 'pushgateway', 'dump', 'load', 'verify', 'hash-password', 'version'])(
    'help of %s is shown whole, with exit code 0',
    async (command) => {
      const { code, lines } = await atTerminal(`${command} --help`);
      expect(code).toBe(0);
      expect(lines[0]).toMatch(/^Usage: snapscrape/i);
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(80);
    },
  );

  it.each([
    ['pushgateway --web.lisen-address=:1', /web\.listen-address/],
    ['serve --config.file=/none.yml', /\/none\.yml/],
    ['pushgatway', /did you mean pushgateway/],
    ['dump', /--storage\.url/],
  ])('the error of %s is two lines at most, with exit code 2', async (args, pattern) => {
    const { code, lines } = await atTerminal(args);
    expect(code).toBe(2);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(lines[0]).toMatch(pattern);
    expect(lines.join('')).not.toMatch(/ at .*\.js:/);
  });
});

it('dump says nothing if its reader has read enough', async () => {
  const { file, remove } = temporaryFolder();
  const store = await LmdbStore.open(file('data'));
  const points = Array.from({ length: 20_000 }, (_, i) => ({
    name: 'a_metric_with_a_name',
    labels: { i: `${i}` },
    value: i,
  }));
  await store.upsert(points);
  await store.close();
  const dump = startProgram(['dump', `--storage.url=lmdb:${file('data')}`]);
  dump.child.stdout!.once('data', () => dump.child.stdout!.destroy());
  // It did not write everything.
  expect(await dump.ended).toBe(1);
  expect(dump.said.error).toBe('');
  endPrograms();
  remove();
});
