import { chownSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { MemoryStore, type MetricPoint, seriesId } from '../../src/index.ts';
import { Collector } from './collector.ts';
import { hangingRepository, openWhenRead } from './hanging-repository.ts';
import { Repository } from './repository.ts';
import { TestRepository, temporaryFolder } from './test-repository.ts';

const NOW = 1_700_000_000;

interface Bench {
  readonly store: MemoryStore;
  readonly collector: Collector;
  readonly lines: string[];
  readonly controller: AbortController;
  readonly clock: { now: number };
}

/** A collector over a real store, with a clock that stands still until the test moves it. */
function benchFor(paths: Readonly<Record<string, string>>): Bench {
  const store = new MemoryStore();
  const lines: string[] = [];
  const controller = new AbortController();
  const clock = { now: NOW * 1000 };
  const collector = new Collector({
    store,
    repositories: Object.entries(paths).map(([name, path]) => new Repository(name, path)),
    gitTimeoutMs: 60_000,
    signal: controller.signal,
    now: () => clock.now,
    log: (line) => lines.push(line),
  });
  return { store, collector, lines, controller, clock };
}

function valuesIn(store: MemoryStore): Record<string, number> {
  const points = [...store.snapshot()];
  return Object.fromEntries(points.map((point) => [seriesId(point), point.value as number]));
}

function changedSince(store: MemoryStore, cursor: string): string[] {
  const { events, reset } = store.snapshotDelta(cursor);
  expect(reset).not.toBe(true);
  return [...(events as Iterable<{ point: MetricPoint }>)].map(
    ({ point }) => `${seriesId(point)} ${Number(point.value)}`,
  );
}

test('a collection writes every series, and the next ones only what changed', async () => {
  const repository = new TestRepository();
  repository.commit({ time: NOW, files: { file: '1\n2\n' } });
  repository.commit({ author: 'Bob', time: NOW - 9 * 86_400 });
  const { store, collector, clock } = benchFor({ project: repository.path });
  await collector.collect();
  expect(valuesIn(store)).toMatchObject({
    'git_activity_commits_24h{repo="project",user="Ann"}': 1,
    'git_activity_lines_added_7d{repo="project",user="Ann"}': 2,
    'git_activity_commits_total{repo="project",user="Bob"}': 1,
    'git_activity_repository_up{repo="project"}': 1,
  });
  expect(Object.keys(valuesIn(store))).toHaveLength(13);
  const cursor = store.snapshotCursor();
  await collector.collect();
  expect(changedSince(store, cursor)).toEqual([]);
  clock.now += 86_400_000;
  await collector.collect();
  expect(changedSince(store, cursor)).toEqual([
    'git_activity_commits_24h{repo="project",user="Ann"} 0',
  ]);
});

test('a clock that is set back loses no change', async () => {
  const repository = new TestRepository();
  repository.commit();
  const { store, collector, clock } = benchFor({ project: repository.path });
  await collector.collect();
  clock.now -= 3_600_000;
  repository.commit();
  await collector.collect();
  const id = 'git_activity_commits_total{repo="project",user="Ann"}';
  expect(valuesIn(store)[id]).toBe(2);
});

test('series end when their contributor is gone from a rewritten history', async () => {
  const repository = new TestRepository();
  repository.commit();
  repository.commit({ author: 'Bob' });
  const { store, collector } = benchFor({ project: repository.path });
  await collector.collect();
  repository.git('reset', '--quiet', '--hard', 'HEAD~1');
  await collector.collect();
  const ids = Object.keys(valuesIn(store));
  expect(ids).toHaveLength(7);
  expect(ids.filter((id) => id.includes('Bob'))).toEqual([]);
});

test('a repository that vanishes is down until it comes back, and the others go on', async () => {
  const folder = temporaryFolder();
  const repository = new TestRepository(folder, 'here');
  const other = new TestRepository(folder, 'other');
  repository.commit();
  other.commit();
  const { store, collector, lines } = benchFor({ here: repository.path, other: other.path });
  await collector.collect();
  const whole = valuesIn(store);
  renameSync(repository.path, `${repository.path}-away`);
  other.commit();
  await collector.collect();
  await collector.collect();
  const down = valuesIn(store);
  expect(Object.keys(down).filter((id) => id.includes('repo="here"'))).toEqual([
    'git_activity_repository_up{repo="here"}',
  ]);
  expect(down['git_activity_repository_up{repo="here"}']).toBe(0);
  expect(down['git_activity_commits_total{repo="other",user="Ann"}']).toBe(2);
  expect(lines).toEqual([
    `here (${repository.path}): there is nothing at this path; will try again`,
  ]);
  renameSync(`${repository.path}-away`, repository.path);
  await collector.collect();
  expect(valuesIn(store)).toEqual({
    ...whole,
    'git_activity_commits_total{repo="other",user="Ann"}': 2,
    'git_activity_commits_24h{repo="other",user="Ann"}': 2,
    'git_activity_commits_7d{repo="other",user="Ann"}': 2,
  });
  expect(lines.slice(1)).toEqual([`here (${repository.path}): can be read again`]);
});

test('a repository that vanished inside another one is not taken for the outer one', async () => {
  const folder = temporaryFolder();
  const outer = new TestRepository(folder, 'outer');
  outer.commit({ author: 'Outer' });
  const inner = new TestRepository(outer.path, 'inner');
  inner.commit();
  const { store, collector } = benchFor({ inner: inner.path });
  await collector.collect();
  renameSync(join(inner.path, '.git'), join(folder, 'away'));
  await collector.collect();
  expect(valuesIn(store)).toEqual({ 'git_activity_repository_up{repo="inner"}': 0 });
});

test('what is no repository is down with a reason, and becomes one when it is made one', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'plain'));
  const { store, collector, lines } = benchFor({ plain: join(folder, 'plain') });
  await collector.collect();
  expect(valuesIn(store)).toEqual({ 'git_activity_repository_up{repo="plain"}': 0 });
  expect(lines).toEqual([
    expect.stringMatching(/^plain \(.*\): fatal: not a git repository .*; will/),
  ]);
  new TestRepository(folder, 'plain').commit();
  await collector.collect();
  expect(valuesIn(store)['git_activity_repository_up{repo="plain"}']).toBe(1);
});

// Only root can give a folder to somebody else.
test.skipIf(process.getuid?.() !== 0)(
  "somebody else's repository is down with git's advice",
  async () => {
    const repository = new TestRepository();
    repository.commit();
    chownSync(repository.path, 65_534, 65_534);
    chownSync(join(repository.path, '.git'), 65_534, 65_534);
    const { store, collector, lines } = benchFor({ project: repository.path });
    await collector.collect();
    expect(valuesIn(store)).toEqual({ 'git_activity_repository_up{repo="project"}': 0 });
    expect(lines).toEqual([expect.stringMatching(/dubious ownership.* --add safe\.directory/)]);
  },
);

test('a repository in which git hangs holds up no other, and the end kills git', async () => {
  const hanging = hangingRepository();
  const other = new TestRepository();
  other.commit({ time: NOW });
  const paths = { hanging: hanging.path, other: other.path };
  const { store, collector, lines, controller } = benchFor(paths);
  const first = collector.collect();
  const reader = await openWhenRead(hanging.pipe);
  other.commit({ time: NOW });
  await vi.waitUntil(
    async () => {
      await collector.collect();
      return valuesIn(store)['git_activity_commits_24h{repo="other",user="Ann"}'] === 2;
    },
    { timeout: 25_000, interval: 5 },
  );
  controller.abort();
  await first;
  expect(reader.isRead()).toBe(false);
  expect(lines).toEqual([]);
  expect(Object.keys(valuesIn(store)).filter((id) => id.includes('hanging'))).toEqual([]);
});

test('a running collector finds new commits by itself until it is ended', async () => {
  const repository = new TestRepository();
  repository.commit();
  const { store, collector, controller } = benchFor({ project: repository.path });
  const id = 'git_activity_commits_total{repo="project",user="Ann"}';
  const running = collector.run(20);
  await vi.waitUntil(() => valuesIn(store)[id] === 1, { timeout: 60_000, interval: 5 });
  repository.commit();
  await vi.waitUntil(() => valuesIn(store)[id] === 2, { timeout: 60_000, interval: 5 });
  controller.abort();
  await running;
  repository.commit();
  await collector.collect();
  expect(valuesIn(store)[id]).toBe(2);
});
