import type { SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import { trustedPayload } from '../model/trusted-point.ts';
import { writeValue } from '../model/value/index.ts';
import { Pace } from '../scheduling/pace.ts';
import { plainResponse, type ShortResponse } from '../server/short-response.ts';
import { goNumber } from './go-number.ts';
import type { Group } from './group-index.ts';
import { type GroupPoints, readGroupPoints } from './group-points.ts';
import { OWN_FAMILIES } from './own-families.ts';
import type { PushedGroups } from './pushed-groups.ts';
import { renderGroupsPage } from './status-page/groups-page.ts';
import type { ListedFamily, ListedGroup } from './status-page/listed-group.ts';
import { chooseGroups, readPageQuery } from './status-page/page-query.ts';
import { CONTENT_SECURITY_POLICY } from './status-page/style.ts';
import { shownSeries } from './stored-labels.ts';
import { shownValueOf } from './stored-value.ts';

/** How long the event loop is held at most, in ms. */
const SLICE_MS = 5;

/** What the page at `/` shows beside the groups. */
export interface HomeFrame {
  readonly canDelete: boolean;
  /** The path of the page with all metrics, from a slash on. */
  readonly telemetryPath: string;
}

/** Makes the page at `/`: some of the groups, as the query chooses. */
export async function homePage(
  groups: PushedGroups,
  { canDelete, telemetryPath }: HomeFrame,
  search: string,
): Promise<ShortResponse> {
  const listed = new Map<ListedGroup, Group>();
  let points: ReadonlyMap<Group, GroupPoints> = new Map();
  for (const group of groups.index.groups.values()) {
    const families = (): readonly ListedFamily[] => listFamilies(groups, group, points.get(group));
    listed.set(listGroup(group, families), group);
  }
  const query = readPageQuery(new URLSearchParams(search));
  const chosen = chooseGroups([...listed.keys()], query);
  const shown = chosen.groups.map((group) => listed.get(group)!);
  points = await readGroupPoints(groups, shown, new Pace(SLICE_MS));
  const frame = {
    total: listed.size,
    now: Date.now(),
    canDelete,
    metricsPath: `.${telemetryPath}`,
  };
  return plainResponse(200, renderGroupsPage(chosen, query, frame), {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  });
}

function listGroup(group: Group, families: ListedGroup['families']): ListedGroup {
  const { labels, pushedAt, failedAt, expiresAt } = group;
  const { job = '', ...others } = Object.fromEntries(labels);
  let series = 0;
  for (const keys of group.families.values()) series += keys.length;
  return {
    labels: [['job', job], ...Object.entries(others)],
    path: groupPath(group),
    pushedAt: pushedAt > 0 ? pushedAt : undefined,
    failedAt: failedAt > pushedAt ? failedAt : undefined,
    expiresAt,
    series,
    families,
  };
}

/** The path of a group, in which no value needs an escape. */
function groupPath({ labels }: Group): string {
  const encoded = (value: string): string => Buffer.from(value).toString('base64url');
  let path = `/metrics/job@base64/${encoded(labels.get('job') ?? '')}`;
  for (const [name, value] of labels) {
    if (name !== 'job') path += `/${encodeURIComponent(name)}@base64/${encoded(value)}=`;
  }
  return path;
}

function listFamilies(
  { index }: PushedGroups,
  { labels: own }: Group,
  points: GroupPoints = new Map(),
): readonly ListedFamily[] {
  return [...points].flatMap(([name, family]) => {
    const known = index.family(name);
    // The times of pushes are beside the labels already.
    if (known === undefined || OWN_FAMILIES.has(name)) return [];
    const samples = family.map((point) => ({
      labels: shownSeries(seriesId(point)).labels.filter(([label]) => !own.has(label)),
      value: valueText(point),
    }));
    const type = known.type === 'unknown' ? 'untyped' : known.type;
    return { name, type, help: known.help, samples };
  });
}

function valueText(point: SnapshotPoint): string {
  const value = shownValueOf(trustedPayload(point)) ?? Number.NaN;
  if (typeof value === 'number') return goNumber(value);
  // A browser breaks lines at spaces.
  return writeValue(value).slice(1, -1).replaceAll(',', ', ');
}
