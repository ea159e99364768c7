import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gateway, labels } from '../../test/support/gateway-groups.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import { importState } from './import-state.ts';

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

  it('ends by the first rule that matches, after the last push that was accepted', async () => {
    let now = 1_000_000;
    const rules = [{ match: '{job=~"ci-.*"}', ttlMs: 1000 }];
    const { push, page, groups } = await gateway({ rules, ttlMs: 60_000, now: () => now });
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
