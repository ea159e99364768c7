import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { GitError, type GitPlace, readGit } from './git.ts';
import { hangingRepository, openWhenRead } from './hanging-repository.ts';
import { TestRepository, temporaryFolder } from './test-repository.ts';

function placeOf(directory: string, more: Partial<GitPlace> = {}): GitPlace {
  return { directory, signal: new AbortController().signal, timeoutMs: 60_000, ...more };
}

async function linesOf(place: GitPlace, ...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  await readGit(place, { args }, (line) => lines.push(line));
  return lines;
}

async function failureOf(place: GitPlace, ...args: string[]): Promise<GitError> {
  const error: unknown = await linesOf(place, ...args).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(GitError);
  return error as GitError;
}

test('git gets its input and arguments as they are, and the output comes in records', async () => {
  const repository = new TestRepository();
  const id = repository.commit({ files: { 'a b; $(c)': 'x\n' } });
  const files: string[] = [];
  const call = { args: ['ls-tree', '-z', '--name-only', 'HEAD'], separator: '\0' } as const;
  await readGit(placeOf(repository.path), call, (name) => files.push(name));
  expect(files).toEqual(['a b; $(c)']);
  const types: string[] = [];
  const check = {
    args: ['cat-file', '--batch-check=%(objecttype)'],
    input: `${id}\n${id}^{tree}\n`,
  };
  await readGit(placeOf(repository.path), check, (type) => types.push(type));
  expect(types).toEqual(['commit', 'tree']);
});

test("a failure carries git's exit code and its reason on one short line", async () => {
  const { path } = new TestRepository();
  const unborn = await failureOf(placeOf(path), 'rev-parse', '--quiet', '--verify', 'HEAD');
  expect(unborn.exitCode).toBe(1);
  expect(unborn.message).toBe('git rev-parse ended with 1');
  const long = await failureOf(
    placeOf(path),
    'log',
    `no\u0007such\u009bthing${'x'.repeat(100_000)}`,
  );
  expect(long.exitCode).toBe(128);
  expect(long.message).toMatch(/^fatal: /);
  expect(long.message.length).toBeLessThanOrEqual(500);
  expect(long.message).not.toMatch(/\p{Cc}/u);
});

test('without git the failure says what to do', async () => {
  const { path } = new TestRepository();
  vi.stubEnv('PATH', '');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect((await failureOf(placeOf(path), 'version')).message).toBe(
    'git was not found; install it or correct PATH',
  );
});

test('a git that takes too long is killed', async () => {
  const { path } = hangingRepository();
  const failure = await failureOf(placeOf(path, { timeoutMs: 200 }), 'log', '--format=%aN');
  expect(failure.message).toBe('git log took longer than 0.2 s');
});

test('a git that hangs is killed when its reader gives up', async () => {
  const { path, pipe } = hangingRepository();
  const controller = new AbortController();
  const place = placeOf(path, { signal: controller.signal });
  const failure = failureOf(place, 'log', '--format=%aN');
  const reader = await openWhenRead(pipe);
  expect(reader.isRead()).toBe(true);
  controller.abort();
  expect((await failure).message).toBe('git was stopped');
  expect(reader.isRead()).toBe(false);
});

test('the environment of a git hook does not lead to another repository', async () => {
  const outer = new TestRepository();
  const inner = new TestRepository();
  inner.commit();
  vi.stubEnv('GIT_DIR', join(outer.path, '.git'));
  onTestFinished(() => void vi.unstubAllEnvs());
  const [head] = await linesOf(placeOf(inner.path), 'rev-parse', 'HEAD');
  expect(head).toBe(inner.git('rev-parse', 'HEAD'));
});

test('a folder inside a repository is no repository', async () => {
  const outer = new TestRepository(temporaryFolder(), 'outer');
  outer.commit({ files: { file: 'x\n' } });
  const folder = join(outer.path, 'folder');
  mkdirSync(folder);
  const failure = await failureOf(placeOf(folder), 'rev-parse', 'HEAD');
  expect(failure.message).toMatch(/not a git repository/);
});
