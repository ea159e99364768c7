import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** What may be said of a commit; the rest has defaults. */
export interface CommitWish {
  readonly author?: string;
  /** The commit date, in Unix seconds. The author date is always another one. */
  readonly time?: number;
  /** File names to contents. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

/** A folder that is removed when the test has ended. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'git-activity-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs git without an identity and returns its output, without the last newline. */
export function git(
  directory: string,
  args: readonly string[],
  input?: string | Buffer,
  environment: Readonly<Record<string, string>> = {},
): string {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  return execFileSync('git', ['-C', directory, ...args], {
    input: input ?? '',
    env: {
      ...Object.fromEntries(inherited),
      GIT_CONFIG_GLOBAL: devNull,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'Ann',
      GIT_AUTHOR_EMAIL: 'ann@example.org',
      GIT_AUTHOR_DATE: '1000000000 +0000',
      GIT_COMMITTER_NAME: 'Committer',
      GIT_COMMITTER_EMAIL: 'committer@example.org',
      GIT_COMMITTER_DATE: '1700000000 +0000',
      ...environment,
    },
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
    .toString()
    .replace(/\n$/, '');
}

/** A real repository of a test. */
export class TestRepository {
  readonly path: string;

  /** Makes an empty repository in a folder of that name. */
  constructor(folder: string = temporaryFolder(), name: string = 'project') {
    this.path = join(folder, name);
    git(folder, ['init', '--quiet', '--initial-branch=main', this.path]);
  }

  /** Runs git there. */
  git(...args: string[]): string {
    return git(this.path, args);
  }

  /** Writes files, commits everything and returns the commit's id. */
  commit(wish: CommitWish = {}): string {
    for (const [name, content] of Object.entries(wish.files ?? {})) {
      writeFileSync(join(this.path, name), content);
    }
    this.git('add', '--all');
    const author = wish.author ?? 'Ann';
    const environment = {
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: `${author.toLowerCase().replace(/[^a-z]/g, '')}@example.org`,
      GIT_COMMITTER_DATE: `${wish.time ?? 1_700_000_000} +0000`,
    };
    const args = ['commit', '--quiet', '--allow-empty', '--message', 'a change'];
    git(this.path, args, undefined, environment);
    return this.git('rev-parse', 'HEAD');
  }

  /** Makes a commit of raw headers, which git would not write by itself, the new HEAD. */
  commitRaw(headers: string | Buffer): string {
    const tree = this.git('write-tree');
    const parent = this.git('rev-parse', '--quiet', '--verify', 'HEAD');
    const start = Buffer.from(`tree ${tree}\nparent ${parent}\n`);
    const object = Buffer.concat([start, Buffer.from(headers), Buffer.from('\n\na change\n')]);
    const args = ['hash-object', '-t', 'commit', '-w', '--stdin', '--literally'];
    const id = git(this.path, args, object);
    this.git('update-ref', 'HEAD', id);
    return id;
  }
}

/** So many short lines, no two alike. */
export function lines(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i}\n`).join('');
}
