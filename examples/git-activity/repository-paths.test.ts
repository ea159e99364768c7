import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findWorkingTree, nameRepositories } from './repository-paths.ts';
import { TestRepository, temporaryFolder } from './test-repository.ts';

test.each([
  [['/srv/app'], ['app']],
  [['/srv/app/', '/srv/app', '/srv/x/../app'], ['app']],
  [
    ['/home/a/app', '/home/b/app', '/home/b/lib'],
    ['a/app', 'b/app', 'lib'],
  ],
  [
    ['/x/a/app', '/y/a/app'],
    ['x/a/app', 'y/a/app'],
  ],
  [
    ['/app', '/srv/app'],
    ['app', 'srv/app'],
  ],
  [['/'], ['/']],
])('%j are named %j', (paths, names) => {
  expect([...nameRepositories(paths).values()]).toEqual(names);
});

test('the working tree of a folder inside it is found', () => {
  const { path } = new TestRepository();
  const folder = join(path, 'a', 'b');
  mkdirSync(folder, { recursive: true });
  expect(findWorkingTree(folder)).toBe(path);
  expect(findWorkingTree(path)).toBe(path);
});

test('a folder outside any working tree stands for itself', () => {
  const folder = temporaryFolder();
  expect(findWorkingTree(folder)).toBe(folder);
});
