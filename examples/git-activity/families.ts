import type { FamilyMetadata } from 'snapscrape';

/** The metrics of each contributor, in the order in which they are written. */
export const ACTIVITY_NAMES = [
  'git_activity_commits_24h',
  'git_activity_commits_7d',
  'git_activity_lines_added_7d',
  'git_activity_lines_removed_7d',
  'git_activity_commits_total',
  'git_activity_last_commit_timestamp_seconds',
] as const;

/** The name of a metric that each contributor of a repository has. */
export type ActivityName = (typeof ACTIVITY_NAMES)[number];

/** The metric that says whether a repository can be read. */
export const REPOSITORY_UP = 'git_activity_repository_up';

/** What HELP, TYPE and UNIT say of every metric of this exporter. */
export const FAMILIES: readonly FamilyMetadata[] = [
  {
    name: 'git_activity_commits_24h',
    type: 'gauge',
    help: 'Commits on HEAD of the last 24 hours by commit date, merges included.',
  },
  {
    name: 'git_activity_commits_7d',
    type: 'gauge',
    help: 'Commits on HEAD of the last 7 days by commit date, merges included.',
  },
  {
    name: 'git_activity_lines_added_7d',
    type: 'gauge',
    help: 'Lines added by the commits of the last 7 days; merges and binary files add none.',
  },
  {
    name: 'git_activity_lines_removed_7d',
    type: 'gauge',
    help: 'Lines removed by the commits of the last 7 days; merges and binary files remove none.',
  },
  {
    name: 'git_activity_commits_total',
    type: 'counter',
    help: 'Commits reachable from HEAD, merges included. Starts anew when history is rewritten.',
  },
  {
    name: 'git_activity_last_commit_timestamp_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Commit date of the latest commit on HEAD, in Unix time.',
  },
  {
    name: REPOSITORY_UP,
    type: 'gauge',
    help: 'Whether the repository could be read: 1 if so, 0 if not.',
  },
];
