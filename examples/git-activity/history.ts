import { ACTIVITY_NAMES, type ActivityName } from './families.ts';

const DAY_SECONDS = 86_400;
const WEEK_SECONDS = 7 * DAY_SECONDS;

/** A commit as far as the windows need it. Its lines are filled in when they are known. */
export interface RecentCommit {
  /** The author's name. */
  readonly user: string;
  /** The commit date, in Unix seconds. */
  readonly time: number;
  /** Lines added, over all files that are text. */
  linesAdded: number;
  /** Lines removed, over all files that are text. */
  linesRemoved: number;
}

/** What one metric of one contributor is now. */
export interface ActivitySample {
  /** The metric. */
  readonly name: ActivityName;
  /** The contributor. */
  readonly user: string;
  /** The value. */
  readonly value: number;
}

type ActivityValues = Record<ActivityName, number>;

interface Contributor {
  commits: number;
  lastCommit: number;
  /** What was answered last, to tell what has changed since. */
  published: ActivityValues | undefined;
}

/**
 * What the contributors of one history did: commits come in, metrics come out.
 *
 * It grows with the contributors and with the commits of a week, not with the whole history, and
 * knows neither git nor a clock. A commit that is dated in the future counts in no window until its
 * time has come.
 */
export class ActivityHistory {
  readonly #contributors = new Map<string, Contributor>();
  /**
   * Those whose values may differ from the published ones: they have commits that are new or in a
   * window.
   */
  #unsettled = new Set<string>();
  #recent: RecentCommit[] = [];

  /** The contributors of all commits. */
  users(): Iterable<string> {
    return this.#contributors.keys();
  }

  /** Tells whether somebody is among the contributors. */
  hasUser(user: string): boolean {
    return this.#contributors.has(user);
  }

  /**
   * Adds a commit, each only once, in any order.
   *
   * @returns the commit to fill in its lines, if it is or will be in a window at `now`, in Unix
   *   seconds.
   */
  addCommit(user: string, time: number, now: number): RecentCommit | undefined {
    const contributor = this.#contributors.get(user);
    if (contributor === undefined) {
      this.#contributors.set(user, { commits: 1, lastCommit: time, published: undefined });
    } else {
      contributor.commits++;
      contributor.lastCommit = Math.max(contributor.lastCommit, time);
    }
    this.#unsettled.add(user);
    if (time <= now - WEEK_SECONDS) return undefined;
    const commit: RecentCommit = { user, time, linesAdded: 0, linesRemoved: 0 };
    this.#recent.push(commit);
    return commit;
  }

  /**
   * Answers with the values at `now`, in Unix seconds, that differ from those of the answer before;
   * at first with all. A commit that has once left the week does not come back when the clock is
   * set back.
   */
  changes(now: number): ActivitySample[] {
    this.#recent = this.#recent.filter((commit) => commit.time > now - WEEK_SECONDS);
    const affected = this.#unsettled;
    const current = new Map<string, ActivityValues>();
    for (const user of affected) current.set(user, this.#totals(user));
    for (const commit of this.#recent) count(commit, current.get(commit.user)!, now);
    this.#unsettled = new Set(this.#recent.map((commit) => commit.user));
    const samples: ActivitySample[] = [];
    for (const [user, values] of current) {
      const contributor = this.#contributors.get(user)!;
      for (const name of ACTIVITY_NAMES) {
        if (contributor.published?.[name] !== values[name]) {
          samples.push({ name, user, value: values[name] });
        }
      }
      contributor.published = values;
    }
    return samples;
  }

  #totals(user: string): ActivityValues {
    const { commits, lastCommit } = this.#contributors.get(user)!;
    return {
      git_activity_commits_24h: 0,
      git_activity_commits_7d: 0,
      git_activity_lines_added_7d: 0,
      git_activity_lines_removed_7d: 0,
      git_activity_commits_total: commits,
      git_activity_last_commit_timestamp_seconds: lastCommit,
    };
  }
}

/** Counts a commit in the windows that end now. */
function count(commit: RecentCommit, values: ActivityValues, now: number): void {
  if (commit.time > now) return;
  if (commit.time > now - DAY_SECONDS) values.git_activity_commits_24h++;
  values.git_activity_commits_7d++;
  values.git_activity_lines_added_7d += commit.linesAdded;
  values.git_activity_lines_removed_7d += commit.linesRemoved;
}
