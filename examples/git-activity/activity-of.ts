import { type ReadAnswer, Repository } from './repository.ts';

/** The time of the tests, in Unix seconds: that of a commit that says nothing else. */
export const NOW = 1_700_000_000;

/** Metrics without their common prefix to values, by contributor. */
export type Activity = Record<string, Record<string, number>>;

/** Brings a repository up to HEAD. */
export async function read(repository: Repository, now: number = NOW): Promise<ReadAnswer> {
  const { signal } = new AbortController();
  return repository.read({ now, signal, timeoutMs: 60_000 });
}

/** What a first read of a repository finds. */
export async function activityOf(path: string): Promise<Activity> {
  const { history } = await read(new Repository('project', path));
  const activity: Activity = {};
  for (const { name, user, value } of history.changes(NOW)) {
    activity[user] = { ...activity[user], [name.replace('git_activity_', '')]: value };
  }
  return activity;
}
