import { chmodSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { activityOf, NOW, read } from './activity-of.ts';
import { Repository } from './repository.ts';
import { git, lines, TestRepository, temporaryFolder } from './test-repository.ts';

const DAY = 86_400;

test('the activity is what git itself counts', async () => {
  const repository = new TestRepository();
  const times = [NOW - 30 * DAY, NOW - 8 * DAY, NOW - 6 * DAY, NOW - DAY, NOW - 3600, NOW];
  times.forEach((time, at) => {
    const author = at % 2 === 0 ? 'Ann' : 'Bob';
    repository.commit({ author, time, files: { [`file${at % 4}`]: lines(at * 3) } });
  });
  const activity = await activityOf(repository.path);
  for (const author of ['Ann', 'Bob']) {
    const log = (...args: string[]): string[] =>
      repository
        .git('log', `--author=${author}`, ...args)
        .split('\n')
        .filter(Boolean);
    const week = log(`--since=${NOW - 7 * DAY + 1}`, '--numstat', '--format=').map((line) =>
      line.split('\t').map(Number),
    );
    expect(activity[author]).toEqual({
      commits_24h: log(`--since=${NOW - DAY + 1}`, '--format=%H').length,
      commits_7d: log(`--since=${NOW - 7 * DAY + 1}`, '--format=%H').length,
      lines_added_7d: week.reduce((sum, [added]) => sum + added!, 0),
      lines_removed_7d: week.reduce((sum, [, removed]) => sum + removed!, 0),
      commits_total: log('--format=%H').length,
      last_commit_timestamp_seconds: Number(log('-1', '--format=%ct')[0]),
    });
  }
  expect(activity.Ann).toMatchObject({ commits_24h: 1, commits_7d: 2, commits_total: 3 });
  expect(activity.Bob).toMatchObject({ commits_24h: 1, commits_7d: 2, commits_total: 3 });
});

test('a merge is a commit without lines', async () => {
  const repository = new TestRepository();
  repository.commit({ files: { file: lines(10) }, time: NOW - 10 * DAY });
  repository.git('checkout', '--quiet', '-b', 'topic');
  repository.commit({ author: 'Bob', files: { other: lines(4) } });
  repository.git('checkout', '--quiet', 'main');
  repository.commit({ files: { file: lines(8) } });
  repository.git('merge', '--quiet', '--no-ff', '--message', 'merged', 'topic');
  const activity = await activityOf(repository.path);
  expect(activity.Ann).toMatchObject({ commits_7d: 2, lines_added_7d: 0, lines_removed_7d: 2 });
  expect(activity.Bob).toMatchObject({ commits_7d: 1, lines_added_7d: 4 });
  expect(activity.Ann!.commits_total).toBe(3);
});

test('renamed and binary files have no lines, and odd paths are no trouble', async () => {
  const repository = new TestRepository();
  repository.commit({ files: { file: lines(10) }, time: NOW - 10 * DAY });
  repository.git('mv', 'file', 'a "new"\n1\t2\tname');
  repository.commit({ author: 'Mover' });
  repository.commit({ author: 'Painter', files: { image: Buffer.from([0, 1, 10, 2, 10]) } });
  repository.commit({ author: 'Poet', files: { 'ö\n\\"\t': 'one\ntwo' } });
  const activity = await activityOf(repository.path);
  expect(activity.Mover).toMatchObject({ lines_added_7d: 0, lines_removed_7d: 0 });
  expect(activity.Painter).toMatchObject({ lines_added_7d: 0, commits_7d: 1 });
  expect(activity.Poet).toMatchObject({ lines_added_7d: 2 });
});

test('every author has a name, however odd', async () => {
  const repository = new TestRepository();
  repository.commit();
  const end = '<a@example.org> 1700000000 +0000';
  const plain = ['"q\\u{\'', '__proto__', 'emoji 🦔', '{a="b"} # EOF'];
  for (const name of [...plain, '', 'N'.repeat(1_000_000)]) {
    repository.commitRaw(`author ${name} ${end}\ncommitter C ${end}`);
  }
  repository.commitRaw(Buffer.from(`author bad\xff ${end}\ncommitter C ${end}`, 'latin1'));
  repository.commitRaw(
    Buffer.from(`author J\xf6rg ${end}\ncommitter C ${end}\nencoding ISO-8859-1`, 'latin1'),
  );
  repository.commitRaw('author garbage\ncommitter garbage');
  const { history } = await read(new Repository('project', repository.path));
  const users = [...history.users()];
  expect(users.filter((user) => user.length > 100)).toEqual([
    expect.stringMatching(/^N{900,1024}…$/),
  ]);
  expect(users.filter((user) => user.length <= 100).sort()).toEqual(
    ['Ann', '(no name)', 'bad\uFFFD', 'Jörg', ...plain].sort(),
  );
});

test('dates before 1970, far in the future and missing are no trouble', async () => {
  const repository = new TestRepository();
  repository.commit();
  for (const [who, date] of [
    ['Past', '-5000 +0000'],
    ['Future', '4102444800 +0000'],
    ['Never', '99999999999999999999999999 +0000'],
    ['Undated', ''],
  ]) {
    repository.commitRaw(
      `author ${who} <a@example.org> 1 +0000\ncommitter C <c@example.org> ${date}`,
    );
  }
  const activity = await activityOf(repository.path);
  expect(Object.keys(activity).sort()).toEqual(['Ann', 'Future', 'Never', 'Past', 'Undated']);
  for (const who of ['Past', 'Future', 'Never', 'Undated']) {
    expect(activity[who]).toMatchObject({ commits_total: 1, commits_7d: 0, commits_24h: 0 });
    expect(activity[who]!.last_commit_timestamp_seconds).not.toBeNaN();
  }
  expect(activity.Future!.last_commit_timestamp_seconds).toBe(4_102_444_800);
});

test('replaced objects do not change the history', async () => {
  const repository = new TestRepository();
  repository.commit();
  const other = repository.commit({ author: 'Impostor' });
  repository.git('reset', '--quiet', '--hard', 'HEAD~1');
  repository.git('replace', 'HEAD', other);
  expect(repository.git('log', '-1', '--format=%an')).toBe('Impostor');
  expect(Object.keys(await activityOf(repository.path))).toEqual(['Ann']);
});

test('the configuration of a repository does not change what is counted', async () => {
  const repository = new TestRepository();
  repository.commit({ author: 'Jörg', files: { file: lines(9), other: lines(50) } });
  repository.git('mv', 'other', 'renamed');
  repository.commit({ author: 'Jörg', files: { file: lines(4) } });
  const expected = await activityOf(repository.path);
  expect(expected.Jörg).toMatchObject({ lines_added_7d: 59, lines_removed_7d: 5 });
  const attributes = join(temporaryFolder(), 'attributes');
  writeFileSync(attributes, '* binary\n');
  for (const [name, value] of [
    ['core.attributesFile', attributes],
    ['diff.renames', 'false'],
    ['i18n.logOutputEncoding', 'ISO-8859-1'],
    ['log.showRoot', 'false'],
  ]) {
    repository.git('config', name!, value!);
  }
  expect(await activityOf(repository.path)).toEqual(expected);
});

test('the configuration of a repository makes git run no program', async () => {
  const folder = temporaryFolder();
  const trap = join(folder, 'trap');
  const sprung = join(folder, 'sprung');
  writeFileSync(trap, `#!/bin/sh\ntouch '${sprung}'\nexit 1\n`);
  chmodSync(trap, 0o755);
  const signed = new TestRepository(folder, 'signed');
  signed.commit();
  const end = 'C <c@example.org> 1700000000 +0000';
  const signature = '-----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----';
  signed.commitRaw(`author ${end}\ncommitter ${end}\ngpgsig ${signature}`);
  signed.git('config', 'log.showSignature', 'true');
  signed.git('config', 'gpg.program', trap);
  signed.git('log', '-1');
  expect(existsSync(sprung)).toBe(true);
  renameSync(sprung, `${sprung}-by-plain-git`);
  expect(await activityOf(signed.path)).toMatchObject({ C: { commits_total: 1 } });
  expect(existsSync(sprung)).toBe(false);

  signed.git('config', 'uploadpack.allowFilter', 'true');
  const partial = join(folder, 'partial.git');
  const source = `file://${signed.path}`;
  signed.commit({ files: { file: lines(3) } });
  git(folder, ['clone', '--quiet', '--bare', '--filter=blob:none', source, partial]);
  git(partial, ['config', 'remote.origin.uploadpack', trap]);
  await expect(activityOf(partial)).rejects.toThrow(/^warning: lazy fetching disabled|^fatal: /);
  expect(existsSync(sprung)).toBe(false);
  expect(() => git(partial, ['cat-file', '-p', 'HEAD:file'])).toThrow();
  expect(existsSync(sprung)).toBe(true);
});
