import { escapeHtml } from '../../server/html-text.ts';
import type { ListedFamily, ListedGroup, ShownLabel } from './listed-group.ts';
import type { ChosenGroups, PageQuery } from './page-query.ts';
import { STYLE } from './style.ts';

/** The most samples that a page shows of a group. */
const SAMPLES_A_GROUP = 200;

/** What a page says beside the groups. */
export interface PageFrame {
  /** How many groups there are, whatever the search. */
  readonly total: number;
  /** Now, in Unix ms. */
  readonly now: number;
  /** Whether groups can be deleted. */
  readonly canDelete: boolean;
  /** The path of the metrics page from here, such as `./metrics`. */
  readonly metricsPath: string;
}

/**
 * Renders the page of groups: no script, and nothing from elsewhere. All links are relative, so
 * they hold behind a proxy. Its size is bounded by the groups of a page and the samples of a group.
 */
export function renderGroupsPage(chosen: ChosenGroups, query: PageQuery, frame: PageFrame): string {
  const { found, groups } = chosen;
  const all = `${frame.total} ${frame.total === 1 ? 'group' : 'groups'}`;
  const count = query.search === '' ? all : `${found} of ${all}`;
  const shown = groups.map((group) => renderGroup(group, frame)).join('\n');
  const empty = `<p>${query.search === '' ? 'No client has pushed yet.' : 'No group has all these words.'}</p>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Prometheus Pushgateway</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Pushgateway</h1>
<nav aria-label="Pages"><a href="${escapeHtml(frame.metricsPath)}">Metrics</a>
<a href="./api/v1/status">Status</a></nav></header>
<main>
<form class="search" role="search"><label for="q">Labels</label>
<input type="search" id="q" name="q" maxlength="256" value="${escapeHtml(query.search)}"
 placeholder="job=backup, or failed"><button>Search</button></form>
<p role="status">${count}</p>
${groups.length === 0 ? empty : shown}
${renderPager(chosen, query)}
${frame.canDelete ? renderDeleteAll(frame) : ''}</main>
</body>
</html>
`;
}

function renderGroup(group: ListedGroup, frame: PageFrame): string {
  const { labels, pushedAt, failedAt, expiresAt, series } = group;
  const pushed = pushedAt === undefined ? 'never pushed' : `pushed ${renderTime(pushedAt, frame)}`;
  const failed =
    failedAt === undefined
      ? ''
      : ` <strong class="failed">Last push failed! ${renderTime(failedAt, frame)}</strong>`;
  const expires = expiresAt === undefined ? '' : `, expires ${renderTime(expiresAt, frame)}`;
  return `<details class="group"><summary>${labels.map(renderLabel).join(' ')}
<span class="soft">${pushed}${expires}, ${series} series</span>${failed}</summary><div>
${renderFamilies(group.families())}
${frame.canDelete ? renderDelete(group) : ''}</div></details>`;
}

function renderFamilies(families: readonly ListedFamily[]): string {
  let left = SAMPLES_A_GROUP;
  let more = 0;
  const rendered: string[] = families.length === 0 ? ['<p>It has no samples.</p>'] : [];
  for (const family of families) {
    const samples = family.samples.slice(0, left);
    left -= samples.length;
    more += family.samples.length - samples.length;
    if (samples.length > 0) rendered.push(renderFamily({ ...family, samples }));
  }
  if (more > 0) rendered.push(`<p>${more} more are in the API and on the metrics page.</p>`);
  return rendered.join('\n');
}

function renderFamily({ name, type, help, samples }: ListedFamily): string {
  const rows = samples.map(
    ({ labels, value }) =>
      `<tr><td>${labels.map(renderLabel).join(' ')}</td><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<h2>${escapeHtml(name)} <span class="soft">${escapeHtml(type)}</span></h2>
${help === '' ? '' : `<p class="soft">${escapeHtml(help)}</p>`}
<div class="table" tabindex="0" role="group" aria-label="Samples of ${escapeHtml(name)}"><table>
<thead><tr><th scope="col">Labels</th><th scope="col">Value</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div>`;
}

/** Two steps without a script: the button is behind a summary of its own. */
function renderDelete({ path }: ListedGroup): string {
  return `<details><summary>Delete this group</summary>
<form method="post" action="./groups/delete"><input type="hidden" name="group" value="${escapeHtml(path)}">
<p>Its series are gone from the next scrape on. <button>Delete</button></p></form></details>`;
}

function renderDeleteAll({ total }: PageFrame): string {
  return `<details id="del-all"><summary>Delete all groups (${total})</summary>
<form method="post" action="./groups/delete-all"><p>All series are gone from the next scrape on.
<button>Delete all</button></p></form></details>
`;
}

function renderLabel([name, value]: ShownLabel): string {
  return `<span class="badge">${escapeHtml(name)}=${escapeHtml(JSON.stringify(value))}</span>`;
}

function renderTime(at: number, { now }: PageFrame): string {
  const iso = new Date(at).toISOString();
  const text = `${iso.slice(0, 19).replace('T', ' ')} UTC`;
  const distance = ageText(Math.abs(now - at));
  return `<time datetime="${iso}" title="${text}">${at > now ? `in ${distance}` : `${distance} ago`}</time>`;
}

function ageText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} days`;
}

function renderPager({ page, pages }: ChosenGroups, { search }: PageQuery): string {
  if (pages === 1) return '';
  const link = (to: number, text: string, rel: string): string => {
    if (to < 1 || to > pages) return '';
    const query = new URLSearchParams({ ...(search === '' ? {} : { q: search }), page: `${to}` });
    return `<a rel="${rel}" href="?${escapeHtml(query.toString())}">${text}</a>`;
  };
  return `<nav class="pager" aria-label="Pages of groups">${link(page - 1, 'Previous', 'prev')}
<span>Page ${page} of ${pages}</span>
${link(page + 1, 'Next', 'next')}</nav>`;
}
