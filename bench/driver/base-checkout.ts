import { type ExecFileSyncOptions, execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CACHE } from './preparation.ts';

const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** A built commit, driven by the benchmark of this checkout. */
export interface BaseCheckout {
  readonly commit: string;
  readonly folder: string;
}

/**
 * Builds a commit in a folder of the cache, and replaces its benchmark by this one: base and head
 * run the same workload and the same meter. A second call reuses the build.
 *
 * @throws An error that names the ref if git does not know it, or the step that failed.
 */
export function baseCheckout(ref: string): BaseCheckout {
  const commit = commitOf(ref);
  const folder = `${CACHE}/base-${commit.slice(0, 12)}`;
  if (!existsSync(folder)) buildInto(folder, commit);
  rmSync(`${folder}/bench`, { recursive: true, force: true });
  const isOwn = (path: string): boolean => !path.includes('node_modules');
  cpSync(`${ROOT}bench`, `${folder}/bench`, { recursive: true, filter: isOwn });
  symlinkSync(`${ROOT}bench/node_modules`, `${folder}/bench/node_modules`);
  return { commit, folder };
}

function commitOf(ref: string): string {
  try {
    return git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]).trim();
  } catch {
    throw new Error(`--compare (${ref}) names no commit of this repository`);
  }
}

/** The folder appears only once its build is complete. */
function buildInto(folder: string, commit: string): void {
  console.error(`Building ${commit.slice(0, 12)}`);
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const archive = `${unfinished}.tar`;
  git(['archive', `--output=${archive}`, commit]);
  const inFolder: ExecFileSyncOptions = {
    cwd: unfinished,
    stdio: ['ignore', 'ignore', 'inherit'],
  };
  execFileSync('tar', ['-xf', archive], inFolder);
  rmSync(archive);
  if (sameLockfile(unfinished)) symlinkSync(`${ROOT}node_modules`, `${unfinished}/node_modules`);
  else execFileSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit'], inFolder);
  execFileSync('npm', ['run', '--silent', 'build'], inFolder);
  renameSync(unfinished, folder);
}

function sameLockfile(folder: string): boolean {
  const read = (root: string): string => readFileSync(`${root}/package-lock.json`, 'utf8');
  return read(folder) === read(ROOT);
}

function git(args: readonly string[]): string {
  return execFileSync('git', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
