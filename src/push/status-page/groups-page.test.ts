import { describe, expect, it } from 'vitest';
import { renderGroupsPage } from './groups-page.ts';
import type { ListedGroup } from './listed-group.ts';
import { chooseGroups, GROUPS_A_PAGE, readPageQuery } from './page-query.ts';

const NOW = Date.UTC(2026, 10, 26, 12);
const FRAME = { total: 0, now: NOW, canDelete: false, metricsPath: './metrics' };

function group(job: string, more: Partial<ListedGroup> = {}): ListedGroup {
  return {
    labels: [['job', job]],
    path: `/metrics/job/${job}`,
    pushedAt: NOW - 60_000,
    failedAt: undefined,
    expiresAt: undefined,
    series: 1,
    families: () => [
      { name: 'up', type: 'gauge', help: 'Whether.', samples: [{ labels: [], value: '1' }] },
    ],
    ...more,
  };
}

function page(
  groups: readonly ListedGroup[],
  query = '',
  frame: Partial<typeof FRAME> = {},
): string {
  const asked = readPageQuery(new URLSearchParams(query));
  return renderGroupsPage(chooseGroups(groups, asked), asked, {
    ...FRAME,
    total: groups.length,
    ...frame,
  });
}

describe('the page of groups', () => {
  it('shows labels, the age of the last push, families and samples', () => {
    const shown = page([group('backup', { expiresAt: NOW + 7_200_000 })]);
    expect(shown).toContain('job=&quot;backup&quot;');
    expect(shown).toMatch(/pushed <time [^>]+>60 s ago<\/time>, expires <time [^>]+>in 2 h</);
    expect(shown).toContain('<h2>up <span class="soft">gauge</span></h2>');
    expect(shown).toContain('<td>1</td>');
    expect(shown).not.toContain('Last push failed');
  });

  it('says if the last push failed, and if none ever succeeded', () => {
    const shown = page([group('backup', { failedAt: NOW - 1_000, pushedAt: undefined })]);
    expect(shown).toMatch(/Last push failed! <time [^>]+>1 s ago</);
    expect(shown).toContain('never pushed');
  });

  it('escapes what clients push', () => {
    const evil = '<script>alert(1)</script>"&\'';
    const samples = [{ labels: [[evil, evil]] as const, value: evil }];
    const families = () => [{ name: evil, type: evil, help: evil, samples }];
    const shown = page([group(evil, { families })], `q=${encodeURIComponent('<script>')}`, {
      canDelete: true,
    });
    expect(shown).not.toContain('<script');
    expect(shown).not.toMatch(/value="[^"]*<|alert\(1\)<\/script>/);
  });

  it('reads the families of its groups alone, and shows a bounded number of samples', () => {
    let reads = 0;
    const samples = Array.from({ length: 1_000 }, () => ({ labels: [], value: '7' }));
    const families = () => {
      reads++;
      return [{ name: 'many', type: 'gauge', help: '', samples }];
    };
    const groups = Array.from({ length: 5_000 }, (_, at) => group(`j${at}`, { families }));
    const shown = page(groups, 'page=100');
    expect(reads).toBe(GROUPS_A_PAGE);
    expect(shown.match(/<td>7<\/td>/g)).toHaveLength(GROUPS_A_PAGE * 200);
    expect(shown).toContain('800 more are in the API');
  });

  it('has links to the pages beside it that keep the search', () => {
    const groups = Array.from({ length: 120 }, (_, at) => group(`j${at}`));
    expect(page(groups)).toContain('Page 1 of 3');
    expect(page(groups)).not.toContain('rel="prev"');
    const second = page(groups, 'q=job%3Dj&page=2');
    expect(second).toContain('<a rel="prev" href="?q=job%3Dj&amp;page=1">');
    expect(second).toContain('<a rel="next" href="?q=job%3Dj&amp;page=3">');
    expect(page(groups, 'page=99')).toContain('Page 3 of 3');
    expect(page(groups, 'page=-1e9')).toContain('Page 1 of 3');
  });

  it('finds groups by all words of a search, and those that failed', () => {
    const groups = [group('Backup-eu'), group('backup'), group('other', { failedAt: NOW - 1_000 })];
    const jobs = (q: string): string[] =>
      chooseGroups(groups, { search: q, page: 1 }).groups.map(({ labels }) => labels[0]![1]);
    // In the order of their labels, whatever the order of pushes.
    expect(jobs('')).toEqual(['backup', 'Backup-eu', 'other']);
    expect(jobs('job=back')).toEqual(['backup', 'Backup-eu']);
    expect(jobs('back EU')).toEqual(['Backup-eu']);
    expect(jobs('{job="backup"}')).toEqual(['backup', 'Backup-eu']);
    expect(jobs('job="backup",eu')).toEqual(['Backup-eu']);
    expect(jobs('failed')).toEqual(['other']);
    expect(page(groups, 'q=none')).toContain('No group has all these words');
    expect(page([])).toContain('No client has pushed yet');
  });

  it('has a form to delete a group only if that is allowed', () => {
    expect(page([group('a')])).not.toContain('<form method="post"');
    expect(page([group('a')], '', { canDelete: true })).toContain(
      '<input type="hidden" name="group" value="/metrics/job/a">',
    );
  });
});
