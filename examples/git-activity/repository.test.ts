import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { activityOf, NOW, read } from './activity-of.ts';
import { Repository } from './repository.ts';
import { git, lines, TestRepository, temporaryFolder } from './test-repository.ts';

test('nothing is read when nothing changed, and only new commits when history grew', async () => {
  const repository = new TestRepository();
  for (let i = 0; i < 5; i++) repository.commit({ files: { file: lines(i) } });
  const reader = new Repository('project', repository.path);
  const first = await read(reader);
  expect(first.commitsRead).toBe(5);
  const second = await read(reader);
  expect(second).toEqual({ history: first.history, commitsRead: 0 });
  first.history.changes(NOW);
  repository.commit({ author: 'Bob', files: { file: lines(14) } });
  const third = await read(reader);
  expect(third.commitsRead).toBe(1);
  expect(third.history).toBe(first.history);
  expect(third.history.changes(NOW)).toEqual([
    { name: 'git_activity_commits_24h', user: 'Bob', value: 1 },
    { name: 'git_activity_commits_7d', user: 'Bob', value: 1 },
    { name: 'git_activity_lines_added_7d', user: 'Bob', value: 10 },
    { name: 'git_activity_lines_removed_7d', user: 'Bob', value: 0 },
    { name: 'git_activity_commits_total', user: 'Bob', value: 1 },
    { name: 'git_activity_last_commit_timestamp_seconds', user: 'Bob', value: NOW },
  ]);
});

test('everything is read again when history was rewritten', async () => {
  const repository = new TestRepository();
  repository.commit({ author: 'Ann' });
  repository.commit({ author: 'Bob' });
  const reader = new Repository('project', repository.path);
  const first = await read(reader);
  repository.git('reset', '--quiet', '--hard', 'HEAD~1');
  repository.commit({ author: 'Cleo' });
  repository.git('reflog', 'expire', '--expire=now', '--all');
  repository.git('gc', '--quiet', '--prune=now');
  const second = await read(reader);
  expect(second.history).not.toBe(first.history);
  expect(second.commitsRead).toBe(2);
  expect([...second.history.users()].sort()).toEqual(['Ann', 'Cleo']);
});

test('a repository without commits has no contributors until the first commit', async () => {
  const repository = new TestRepository();
  const reader = new Repository('project', repository.path);
  expect([...(await read(reader)).history.users()]).toEqual([]);
  repository.commit();
  expect([...(await read(reader)).history.users()]).toEqual(['Ann']);
  repository.git('checkout', '--quiet', '--orphan', 'empty');
  expect([...(await read(reader)).history.users()]).toEqual([]);
});

test('the mailmap names authors, and a new mailmap renames them', async () => {
  const repository = new TestRepository();
  repository.commit({ author: 'ann-old', files: { '.mailmap': 'Ann Lee <annold@example.org>\n' } });
  const reader = new Repository('project', repository.path);
  expect([...(await read(reader)).history.users()]).toEqual(['Ann Lee']);
  appendFileSync(join(repository.path, '.mailmap'), 'Ann Smith <annold@example.org>\n');
  expect([...(await read(reader)).history.users()]).toEqual(['Ann Smith']);
});

test('a bare repository has its mailmap in HEAD', async () => {
  const repository = new TestRepository();
  repository.commit({ author: 'ann-old' });
  const bare = join(temporaryFolder(), 'bare.git');
  git('.', ['clone', '--quiet', '--bare', repository.path, bare]);
  const reader = new Repository('bare', bare);
  expect([...(await read(reader)).history.users()]).toEqual(['ann-old']);
  repository.commit({ author: 'Bob', files: { '.mailmap': 'Ann <annold@example.org>\n' } });
  git(bare, ['fetch', '--quiet', repository.path, 'main:main']);
  expect([...(await read(reader)).history.users()].sort()).toEqual(['Ann', 'Bob']);
});

test('clones, linked working trees and a detached HEAD give the same activity', async () => {
  const folder = temporaryFolder();
  const repository = new TestRepository(folder);
  repository.commit({ files: { file: lines(5) } });
  repository.commit({ author: 'Bob', files: { file: lines(9) } });
  const expected = await activityOf(repository.path);
  git(folder, ['clone', '--quiet', '--bare', 'project', 'bare.git']);
  repository.git('worktree', 'add', '--quiet', join(folder, 'linked'), 'HEAD');
  git(folder, ['clone', '--quiet', 'project', 'detached']);
  git(join(folder, 'detached'), ['checkout', '--quiet', '--detach']);
  for (const name of ['bare.git', 'linked', 'detached']) {
    expect(await activityOf(join(folder, name))).toEqual(expected);
  }
});

test('a shallow clone does not count its oldest files as new, and is read again when deepened', async () => {
  const folder = temporaryFolder();
  const repository = new TestRepository(folder);
  for (const count of [100, 103, 108]) repository.commit({ files: { file: lines(count) } });
  const shallow = join(folder, 'shallow');
  git(folder, ['clone', '--quiet', '--depth=2', `file://${repository.path}`, shallow]);
  const reader = new Repository('shallow', shallow);
  const first = await read(reader);
  expect(first.commitsRead).toBe(2);
  expect(await activityOf(shallow)).toMatchObject({ Ann: { lines_added_7d: 5, commits_total: 2 } });
  git(shallow, ['fetch', '--quiet', '--unshallow']);
  expect((await read(reader)).commitsRead).toBe(3);
  expect(await activityOf(shallow)).toEqual(await activityOf(repository.path));
});

test('a damaged repository is rejected, and read from the beginning when it is whole again', async () => {
  const repository = new TestRepository();
  repository.commit();
  const reader = new Repository('project', repository.path);
  await read(reader);
  const objects = join(repository.path, '.git', 'objects');
  repository.commit({ author: 'Bob' });
  renameSync(objects, `${objects}-gone`);
  await expect(read(reader)).rejects.toThrow(/not a git repository/);
  renameSync(`${objects}-gone`, objects);
  const again = await read(reader);
  expect(again.commitsRead).toBe(2);
  writeFileSync(join(repository.path, '.git', 'refs', 'heads', 'main'), `${'1'.repeat(40)}\n`);
  await expect(read(reader)).rejects.toThrow(/^fatal: /);
});
