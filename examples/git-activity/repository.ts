import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GitError, type GitPlace, readGit } from './git.ts';
import { readCommits, readLines } from './git-log.ts';
import { ActivityHistory } from './history.ts';

/** What a read needs from its caller. */
export interface ReadRequest {
  /** The time, in Unix seconds. */
  readonly now: number;
  /** Ends the read and kills git when it is aborted. */
  readonly signal: AbortSignal;
  /** How long one call of git may take, in ms. */
  readonly timeoutMs: number;
}

/** What a read found. */
export interface ReadAnswer {
  /**
   * The activity up to HEAD; another object than last time when history was read from its
   * beginning.
   */
  readonly history: ActivityHistory;
  /** How many commits had to be read: none when nothing has changed. */
  readonly commitsRead: number;
}

/** What a history depends on. */
interface Basis {
  /** The commit that HEAD stands for; undefined in a repository without commits. */
  readonly tip: string | undefined;
  /** Changes whenever the mailmap or the boundary of a shallow clone may have changed. */
  readonly files: string;
  /** The commits whose parents a shallow clone lacks are listed there. */
  readonly shallowFile: string;
}

interface Seen extends ReadAnswer {
  readonly basis: Basis;
  readonly mailmap: string | undefined;
}

/** A local git repository whose history is read again and again, each time only what is new. */
export class Repository {
  /** What the repository is called in the metrics. */
  readonly name: string;
  /** Where it is, or is expected to be: nothing has to be there yet. */
  readonly path: string;
  #seen: Seen | undefined;

  /** Makes a repository; nothing is read before {@link read}. */
  constructor(name: string, path: string) {
    this.name = name;
    this.path = path;
  }

  /**
   * Brings the history up to HEAD. Not for concurrent use.
   *
   * Rejects when the repository cannot be read; the next read then starts from the beginning.
   */
  async read(request: ReadRequest): Promise<ReadAnswer> {
    const seen = this.#seen;
    // A read that fails halfway leaves a history that is neither old nor new.
    this.#seen = undefined;
    const directory = await realpath(this.path);
    const place = { directory, signal: request.signal, timeoutMs: request.timeoutMs };
    const basis = await readBasis(place);
    if (seen !== undefined && seen.basis.tip === basis.tip && seen.basis.files === basis.files) {
      this.#seen = seen;
      return { history: seen.history, commitsRead: 0 };
    }
    this.#seen = await readHistory(place, basis, seen, request.now);
    return this.#seen;
  }
}

// The basis is read before what depends on it: a change in between is seen twice rather than never.
async function readBasis(place: GitPlace): Promise<Basis> {
  const words = ['rev-parse', '--git-path', 'shallow', '--quiet', '--verify', 'HEAD'];
  const lines: string[] = [];
  let tip: string | undefined;
  try {
    await readGit(place, { args: words }, (line) => lines.push(line));
    tip = lines.pop();
  } catch (error) {
    // Without a word, git says that HEAD is a branch without commits.
    if (!isExit(error, 1)) throw error;
  }
  // A path may have newlines.
  const shallowFile = resolve(place.directory, lines.join('\n'));
  const files = await Promise.all([
    fingerprint(shallowFile),
    fingerprint(join(place.directory, '.mailmap')),
  ]);
  return { tip, files: files.join(' '), shallowFile };
}

async function fingerprint(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return 'none';
  }
}

async function readHistory(
  place: GitPlace,
  basis: Basis,
  seen: Seen | undefined,
  now: number,
): Promise<Seen> {
  const { tip } = basis;
  if (tip === undefined) {
    return { basis, mailmap: undefined, history: new ActivityHistory(), commitsRead: 0 };
  }
  // A bare repository has its mailmap in HEAD.
  const mailmap = await readRevision(place, `${tip}:.mailmap`);
  // Another mailmap gives other names to old commits.
  const sameNames = seen?.basis.files === basis.files && seen.mailmap === mailmap;
  const before = sameNames ? seen.basis.tip : undefined;
  const grown = before !== undefined && (await isAncestor(place, before, tip));
  const history = grown ? seen!.history : new ActivityHistory();
  const range = grown ? `${before}..${tip}` : tip;
  const { commitsRead, recent } = await readCommits(place, range, history, now);
  await readLines(place, recent, basis.shallowFile);
  return { basis, mailmap, history, commitsRead };
}

async function readRevision(place: GitPlace, revision: string): Promise<string | undefined> {
  let id: string | undefined;
  try {
    const args = ['rev-parse', '--quiet', '--verify', revision];
    await readGit(place, { args }, (line) => (id = line));
  } catch (error) {
    if (!isExit(error, 1)) throw error;
  }
  return id;
}

async function isAncestor(place: GitPlace, old: string, tip: string): Promise<boolean> {
  try {
    await readGit(place, { args: ['merge-base', '--is-ancestor', old, tip] }, () => {});
    return true;
  } catch (error) {
    // 128: the old commit is gone, so it is no ancestor.
    if (isExit(error, 1) || isExit(error, 128)) return false;
    throw error;
  }
}

function isExit(error: unknown, code: number): boolean {
  return error instanceof GitError && error.exitCode === code;
}
