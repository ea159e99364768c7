import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Workload } from '../workload/workload.ts';
import { goVersion } from './machine.ts';

const BENCH: string = fileURLToPath(new URL('..', import.meta.url));

/** Where results and built programs lie. */
export const CACHE: string = fileURLToPath(new URL('../../.cache/bench', import.meta.url));

/** Installs the peers from the lockfile, unless they are there. */
export function installPeers(): void {
  if (existsSync(`${BENCH}node_modules/prom-client/package.json`)) return;
  console.error('Installing the peers from bench/package-lock.json');
  const args = ['ci', '--prefix', BENCH, '--ignore-scripts', '--no-fund', '--no-audit'];
  execFileSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'], shell: isWindows() });
}

/** Builds the Go program and returns its path. If that fails, reports why and returns undefined. */
export function buildGoExporter(tell: (gap: string) => void): string | undefined {
  if (goVersion() === undefined) {
    tell('Go is not installed, so client_golang was not measured.');
    return undefined;
  }
  mkdirSync(CACHE, { recursive: true });
  const path = `${CACHE}/go-exporter`;
  try {
    execFileSync('go', ['build', '-trimpath', '-o', path, '.'], {
      cwd: `${BENCH}go-exporter`,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    return path;
  } catch {
    tell('The Go program does not build, so client_golang was not measured.');
    return undefined;
  }
}

/** Writes the points of a workload as tab-separated text, for the Go program. */
export function writePoints(workload: Workload, path: string): void {
  const file = openSync(path, 'w');
  try {
    let lines: string[] = [];
    for (const { name, labels, value } of workload.points()) {
      const { org, repo, user } = labels;
      lines.push(`${name}\t${org}\t${repo}\t${user}\t${Number(value)}\n`);
      if (lines.length < 10_000) continue;
      writeSync(file, lines.join(''));
      lines = [];
    }
    writeSync(file, lines.join(''));
  } finally {
    closeSync(file);
  }
}

function isWindows(): boolean {
  return process.platform === 'win32';
}
