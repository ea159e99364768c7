import { readFile } from 'node:fs/promises';
import { type GitPlace, readGit } from './git.ts';
import type { ActivityHistory, RecentCommit } from './history.ts';

/** Who contributed where the commit has no author name: Prometheus drops a label that is empty. */
const NO_NAME = '(no name)';

/** What was read of a range of commits. */
export interface CommitsRead {
  /** How many commits the range has. */
  readonly commitsRead: number;
  /** Those that are or will be in a window, by commit id: their lines are still to be counted. */
  readonly recent: ReadonlyMap<string, RecentCommit>;
}

// Commit id, commit date, author name by the mailmap. The name may contain anything but NUL, the
// date may be missing, and git leaves the placeholder of a name as it is where there is no author.
const FORMAT = 'tformat:%H %ct %aN';
const COMMIT = /^([0-9a-f]{40,64}) (-?\d+|) (.*)$/s;

/**
 * Adds the commits of a range (`old..new`, or one commit and all before it) to a history.
 *
 * @param now - the time, in Unix seconds, which tells what is recent.
 */
export async function readCommits(
  place: GitPlace,
  range: string,
  history: ActivityHistory,
  now: number,
): Promise<CommitsRead> {
  const recent = new Map<string, RecentCommit>();
  let commitsRead = 0;
  const args = ['log', '-z', '--no-patch', '--encoding=UTF-8', `--format=${FORMAT}`, range, '--'];
  await readGit(place, { args, separator: '\0' }, (record) => {
    const [, id, date, name] = COMMIT.exec(record) ?? [];
    if (id === undefined) return;
    const user = name === '' || name === '%aN' ? NO_NAME : name!;
    const commit = history.addCommit(user, Number(date), now);
    if (commit !== undefined) recent.set(id, commit);
    commitsRead++;
  });
  return { commitsRead, recent };
}

// A plumbing command: it ignores the settings of `git diff`. It shows nothing for merges.
const COUNT_LINES = [
  'diff-tree',
  '--stdin',
  '--root',
  '-r',
  '--numstat',
  '--find-renames',
  '-l1000',
  '--diff-algorithm=myers',
  '--no-ext-diff',
  '--no-textconv',
];

// Without -z, git quotes newlines in paths and writes one line for a renamed file too. Lines are
// counted in decimal, or `-` for a binary file.
const FILE = /^(\d+|-)\t(\d+|-)\t/;

/**
 * Counts the lines of commits, and adds them to the commits.
 *
 * @param shallowFile - lists commits whose parents are not there, so that all their files would
 *   seem new: their lines are unknown and stay 0.
 */
export async function readLines(
  place: GitPlace,
  commits: ReadonlyMap<string, RecentCommit>,
  shallowFile: string,
): Promise<void> {
  const boundary = await readBoundary(shallowFile);
  const ids = [...commits.keys()].filter((id) => !boundary.has(id));
  if (ids.length === 0) return;
  let commit: RecentCommit | undefined;
  await readGit(place, { args: COUNT_LINES, input: `${ids.join('\n')}\n` }, (line) => {
    const file = FILE.exec(line);
    if (file === null) commit = commits.get(line);
    else if (commit !== undefined) {
      commit.linesAdded += Number(file[1]) || 0;
      commit.linesRemoved += Number(file[2]) || 0;
    }
  });
}

async function readBoundary(shallowFile: string): Promise<ReadonlySet<string>> {
  try {
    return new Set((await readFile(shallowFile, 'utf8')).split('\n'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Set();
    throw error;
  }
}
