import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gateway, labels } from '../../test/support/gateway-groups.ts';
import { Gate } from '../../test/support/scripted-source.ts';
import { SnapscrapeError } from '../model/errors.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import type { Group } from './group-index.ts';
import { importState } from './import-state.ts';

const seriesOf = ({ families }: Group): number =>
  [...families.values()].reduce((sum, keys) => sum + keys.length, 0);

describe('a group', () => {
  it('is replaced by PUT as a whole, by POST family by family', async () => {
    const { push, page } = await gateway();
    await push('job/j', 'a 1\nb{x="1"} 2\nb{x="2"} 3\n');
    await push('job/j', 'b{x="3"} 4\n', 'post');
    expect(await page()).toEqual({
      'a{instance="",job="j"}': '1',
      'b{instance="",job="j",x="3"}': '4',
    });
    await push('job/j', 'c 5\n');
    expect(await page()).toEqual({ 'c{instance="",job="j"}': '5' });
  });

  it('tells labels without a value from missing ones, also after a restart', async () => {
    const store = new MemoryStore();
    const { push } = await gateway({ store });
    await push('job/j', 'm 1\n');
    await push('job/j/x@base64/=', 'm 2\n');
    await push('job/k', 'm{x="\u2205"} 3\nm{x=""} 4\n');
    const again = await gateway({ store });
    expect(await again.page()).toEqual({
      'm{instance="",job="j"}': '1',
      'm{instance="",job="j",x=""}': '2',
      'm{instance="",job="k",x="\u2205"}': '3',
      'm{instance="",job="k",x=""}': '4',
    });
    await again.delete('job/j/x@base64/=');
    expect(Object.keys(await again.page())).toHaveLength(3);
  });

  it('shows what contradicts itself as it was pushed', async () => {
    const { push, page } = await gateway();
    const histogram = '# TYPE h histogram\nh_bucket{le="1"} 9\nh_bucket{le="+Inf"} 4\nh_sum -1\n';
    await push('job/j', `${histogram}# TYPE c counter\nc -1\n`);
    expect(await page()).toEqual({
      'c{instance="",job="j"}': '-1',
      'h{instance="",job="j"}': '{gcount:0,gsum:-1,bucket:[1:9,+Inf:4]}',
    });
  });

  it('expires with others in one line of the log, which names a few of them', async () => {
    let now = 1_000_000;
    const { push, page, lines } = await gateway({ ttlMs: 1000, now: () => now });
    await push(`job/${'long'.repeat(100)}`, 'm 1\n');
    await push('job/a/x@base64/YQpsZXZlbD1FUlJPUg', 'm 1\n');
    for (let at = 0; at < 10; at++) await push(`job/j/i/${at}`, 'm 1\n');
    now += 1000;
    expect(await page()).toEqual({});
    expect(lines).toHaveLength(1);
    const { count, groups } = lines[0]![2] as { count: number; groups: string };
    expect([count, groups.length < 600]).toEqual([12, true]);
    expect(groups).toMatch(/^job="long[^ ]*…; x="a\\nlevel=ERROR",job="a"; .*; i="2",job="j"; …$/);
  });

  it('is kept, and the push is no failure, if the metadata of another cannot be ended', async () => {
    let isFailing = true;
    const store = new (class extends MemoryStore {
      override deleteFamilies(names: Iterable<string>) {
        if (isFailing) throw new SnapscrapeError('store_unavailable', 'no');
        return super.deleteFamilies(names);
      }
    })();
    const { push, page, lines, own, declared } = await gateway({ store });
    await push('job/j', 'a 1\n');
    await push('job/j', 'b 1\n');
    await push('job/j', 'c 1\n');
    expect(await page()).toEqual({ 'c{instance="",job="j"}': '1' });
    expect([own.cleanupFailures, lines]).toEqual([
      2,
      [['warn', 'Metadata of ended families is left', { err: 'no', code: 'store_unavailable' }]],
    ]);
    expect(await declared()).toContain('a');
    isFailing = false;
    await push('job/j', 'd 1\n');
    expect(await declared()).toEqual(['d', 'push_failure_time_seconds', 'push_time_seconds']);
    expect(lines).toHaveLength(1);
  });

  it('has what could not be ended tried again, though another end that was under way succeeds', async () => {
    const waiting = [new Gate(), new SnapscrapeError('store_unavailable', 'no')];
    const store = new (class extends MemoryStore {
      override async deleteFamilies(names: Iterable<string>) {
        const next = waiting.shift();
        if (next instanceof Gate) await next.promise;
        else if (next !== undefined) throw next;
        return super.deleteFamilies(names);
      }
    })();
    const gate = waiting[0] as Gate;
    const { push, declared } = await gateway({ store });
    await Promise.all([push('job/j', 'a 1\n'), push('job/k', 'x 1\n')]);
    const first = push('job/j', 'b 1\n');
    await push('job/k', 'y 1\n');
    gate.open();
    await first;
    await push('job/j', 'c 1\n');
    expect((await declared()).filter((name) => name.length === 1)).toEqual(['c', 'y']);
  });

  it('ends by the first rule that matches, after the last push that was accepted', async () => {
    let now = 1_000_000;
    const rules = [{ match: '{job=~"ci-.*"}', ttlMs: 1000 }];
    const { push, page, groups, lines } = await gateway({ rules, ttlMs: 60_000, now: () => now });
    await push('job/ci-1', 'm 1\n');
    await push('job/other', 'm 2\n');
    now += 900;
    await push('job/ci-1', 'm 3\n');
    now += 900;
    await expect(push('job/ci-1', 'm 4 1\n')).rejects.toThrow('timestamps');
    expect(Object.keys(await page())).toHaveLength(2);
    now += 100;
    expect(await page()).toEqual({ 'm{instance="",job="other"}': '2' });
    expect(groups.index.groups.size).toBe(1);
    expect(lines).toEqual([['info', 'Groups expired', { count: 1, groups: 'job="ci-1"' }]]);
    now += 60_000;
    expect(await page()).toEqual({});
  });

  it('is one too many beyond the limit, and so is a failure mark', async () => {
    const { push, groups } = await gateway({ groupLimit: 1 });
    await push('job/a', 'm 1\n');
    await expect(push('job/b', 'm 1\n')).rejects.toMatchObject({ reason: 'group_limit' });
    await push('job/a', 'm 2\n');
    expect(groups.index.groups.size).toBe(1);
  });
});

describe('a push', () => {
  it.each([
    ['of another type', '# TYPE m gauge\nm 1\n', 'type'],
    ['of a series of another group', 'n{x="1"} 1\n', 'duplicate'],
    ['of a series twice', 'k 1\nk 2\n', 'duplicate'],
    ['with a timestamp', 'k 1 1\n', 'timestamp'],
    ['of a name that a histogram needs', 'h_count 1\n', 'name_collision'],
    ['of a summary whose sum is there', '# TYPE q summary\nq_count 1\n', 'name_collision'],
    ['with a reserved label', 'k{__x="1"} 1\n', 'reserved_label'],
    [
      'that contradicts our own type',
      '# TYPE process_open_fds counter\nprocess_open_fds 1\n',
      'type',
    ],
    [
      'of our late family',
      '# TYPE pushgateway_http_requests_total counter\npushgateway_http_requests_total 1\n',
      'own_family',
    ],
  ])('%s is refused, keeps what is there, and is noted', async (_, text, reason) => {
    const { push, page, groups } = await gateway();
    await push(
      'job/a',
      '# TYPE m counter\nm 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 1\n',
    );
    await push('job/b/x/1', 'n 1\nq_sum 1\n');
    const before = await page();
    await expect(push('job/b', text)).rejects.toMatchObject({ reason, status: 400 });
    expect(await page()).toEqual(before);
    const failed = groups.index.groupOf(labels('job/b'));
    expect([failed.pushedAt, failed.failedAt > 0]).toEqual([0, true]);
    await push('job/b', 'fine 1\n');
  });

  it('gets a group of its own families in another type', async () => {
    const { push, page } = await gateway();
    await push('job/a', '# TYPE m counter\nm 1\n');
    await page();
    await push('job/a', '# TYPE m gauge\nm 2\n');
    expect(await page()).toEqual({ 'm{instance="",job="a"}': '2' });
  });

  it('is checked at the cost of what it brings, not of what is stored', async () => {
    const lookups: number[] = [];
    const { push, groups } = await gateway();
    for (let group = 0; group < 400; group++) {
      const before = groups.index.lookups;
      const lines = Array.from({ length: 20 }, (_, at) => `m${at} 1\n`);
      await push(`job/j/i/${group}`, lines.join(''));
      lookups.push(groups.index.lookups - before);
    }
    expect(new Set(lookups.slice(1)).size).toBe(1);
    expect(lookups[1]).toBeLessThan(20 * 10);
  });

  it('that is acknowledged is on the next page, however many pages are under way', async () => {
    const { push, page } = await gateway();
    const others: Promise<unknown>[] = [];
    for (let at = 1; at <= 50; at++) {
      others.push(page());
      await push('job/j', `m ${at}\n`);
      others.push(page());
      expect(await page()).toEqual({ 'm{instance="",job="j"}': String(at) });
    }
    await Promise.all(others);
  });
});

describe('a state file of the original', () => {
  it('brings groups along that are larger or more than pushes may make', async () => {
    const store = new MemoryStore();
    const { groups, push } = await gateway({ groupLimit: 1, store });
    const metrics = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        labels: new Map([['i', String(at)]]),
        value: at,
        hasTimestamp: false,
        line: 1,
      }));
    const family = (name: string, count: number) =>
      [name, { name, type: 'gauge', help: '', metrics: metrics(count) }] as const;
    const times = { pushedAt: 1, failedAt: 0 };
    await groups.restore(labels('job/a'), new Map([family('big', 12_000)]), times);
    await groups.restore(labels('job/b'), new Map([family('m', 1)]), times);
    const loaded = await gateway({ groupLimit: 1, store });
    const sizes = () => Array.from(loaded.groups.index.groups.values(), seriesOf);
    expect(sizes()).toEqual([12_000, 1]);
    // A refused push is noted, and one that makes the group no larger is taken.
    await expect(loaded.push('job/a', 'm{i="0",job="b"} 1 5\n')).rejects.toThrow('timestamps');
    await expect(loaded.push('job/a', 'more 1\n', 'post')).rejects.toThrow('series_limit');
    const fewer = Array.from({ length: 9_000 }, (_, at) => `big{i="${at}"} 1\n`).join('');
    await loaded.push('job/a', fewer, 'post');
    await loaded.push('job/a', 'more 1\n', 'post');
    expect(sizes()).toEqual([9_001, 1]);
    await expect(push('job/c', 'm 1\n')).rejects.toMatchObject({ reason: 'group_limit' });
  });

  it('brings its groups along, with the times of their pushes', async () => {
    const { groups, page } = await gateway();
    const file = new URL('gateway-state/pushgateway-1.5.1.state', import.meta.url);
    const lines: unknown[] = [];
    const log = (...line: unknown[]) => void lines.push(line);
    const all = { debug: log, info: log, warn: log, error: log };
    await importState(groups, readFileSync(file), { file: 'x.state', log: all });
    const { size } = groups.index.groups;
    expect(lines).toEqual([
      ['storage', 'State file imported', { file: 'x.state', groups: size, left_out: 0 }],
    ]);
    expect(size).toBeGreaterThan(1);
    expect(Object.keys(await page()).length).toBeGreaterThanOrEqual(size);
    for (const { pushedAt } of groups.index.groups.values()) {
      expect(pushedAt === 0 || pushedAt > Date.UTC(2020)).toBe(true);
    }
  });
});
