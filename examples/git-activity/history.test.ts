import { expect, test } from 'vitest';
import { ActivityHistory, type ActivitySample } from './history.ts';

const NOW = 1_700_000_000;
const HOUR = 3600;
const DAY = 24 * HOUR;

function valuesOf(samples: readonly ActivitySample[], user: string): Record<string, number> {
  return Object.fromEntries(
    samples
      .filter((sample) => sample.user === user)
      .map(({ name, value }) => [name.replace('git_activity_', ''), value]),
  );
}

test('the first answer has every value of every contributor', () => {
  const history = new ActivityHistory();
  const recent = history.addCommit('Ann', NOW - HOUR, NOW)!;
  recent.linesAdded = 5;
  recent.linesRemoved = 2;
  history.addCommit('Ann', NOW - 2 * DAY, NOW)!.linesAdded = 10;
  history.addCommit('Bob', NOW - 8 * DAY, NOW);
  const samples = history.changes(NOW);
  expect(samples).toHaveLength(12);
  expect(valuesOf(samples, 'Ann')).toEqual({
    commits_24h: 1,
    commits_7d: 2,
    lines_added_7d: 15,
    lines_removed_7d: 2,
    commits_total: 2,
    last_commit_timestamp_seconds: NOW - HOUR,
  });
  expect(valuesOf(samples, 'Bob')).toEqual({
    commits_24h: 0,
    commits_7d: 0,
    lines_added_7d: 0,
    lines_removed_7d: 0,
    commits_total: 1,
    last_commit_timestamp_seconds: NOW - 8 * DAY,
  });
});

test('later answers have only what changed, while commits leave the windows', () => {
  const history = new ActivityHistory();
  history.addCommit('Ann', NOW, NOW)!.linesAdded = 3;
  history.addCommit('Bob', NOW - 30 * DAY, NOW);
  history.changes(NOW);
  expect(history.changes(NOW)).toEqual([]);
  expect(history.changes(NOW + DAY - 1)).toEqual([]);
  expect(history.changes(NOW + DAY)).toEqual([
    { name: 'git_activity_commits_24h', user: 'Ann', value: 0 },
  ]);
  expect(history.changes(NOW + 7 * DAY - 1)).toEqual([]);
  expect(history.changes(NOW + 7 * DAY)).toEqual([
    { name: 'git_activity_commits_7d', user: 'Ann', value: 0 },
    { name: 'git_activity_lines_added_7d', user: 'Ann', value: 0 },
  ]);
  expect(history.changes(NOW + 8 * DAY)).toEqual([]);
});

test('a new commit changes only its author', () => {
  const history = new ActivityHistory();
  history.addCommit('Ann', NOW, NOW);
  history.addCommit('Bob', NOW, NOW);
  history.changes(NOW);
  history.addCommit('Bob', NOW - 9 * DAY, NOW + 1);
  expect(history.changes(NOW + 1)).toEqual([
    { name: 'git_activity_commits_total', user: 'Bob', value: 2 },
  ]);
});

test('a commit from the future counts in the windows when its time has come', () => {
  const history = new ActivityHistory();
  history.addCommit('Ann', NOW + HOUR, NOW)!.linesRemoved = 4;
  expect(valuesOf(history.changes(NOW), 'Ann')).toMatchObject({
    commits_24h: 0,
    commits_7d: 0,
    lines_removed_7d: 0,
    commits_total: 1,
    last_commit_timestamp_seconds: NOW + HOUR,
  });
  expect(valuesOf(history.changes(NOW + HOUR), 'Ann')).toEqual({
    commits_24h: 1,
    commits_7d: 1,
    lines_removed_7d: 4,
  });
});

test('names that objects have by themselves are names like any other', () => {
  const history = new ActivityHistory();
  for (const name of ['__proto__', 'constructor', 'toString']) history.addCommit(name, NOW, NOW);
  expect([...history.users()]).toEqual(['__proto__', 'constructor', 'toString']);
  expect(history.changes(NOW)).toHaveLength(18);
});
