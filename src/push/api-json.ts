import type { SnapshotPoint } from '../model/metric-point.ts';
import type { HistogramValue, SummaryValue } from '../model/point-value.ts';
import { seriesId } from '../model/series-id.ts';
import { trustedPayload } from '../model/trusted-point.ts';
import { Pace } from '../scheduling/pace.ts';
import { goNumber } from './go-number.ts';
import type { Group, GroupIndex } from './group-index.ts';
import { type GroupPoints, readGroupPoints } from './group-points.ts';
import { nativeBuckets } from './native-json.ts';
import { OWN_FAMILIES } from './own-families.ts';
import type { PushedType } from './pushed-families.ts';
import type { PushedGroups } from './pushed-groups.ts';
import { shownSeries } from './stored-labels.ts';
import { shownValueOf } from './stored-value.ts';

/** How long the event loop is held at most, in ms. */
const SLICE_MS = 5;

/**
 * Writes all groups as the API of the original does, a group at a time, as it is read.
 *
 * A family whose name is that of a key of the group itself, such as `labels`, is left out: the page
 * has it.
 */
export async function* groupsAsJson(
  groups: PushedGroups,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const pace = new Pace(SLICE_MS, signal);
  const points = await readGroupPoints(groups, groups.index.groups.values(), pace);
  const [head, foot] = JSON.stringify({ status: 'success', data: [0] }).split('0');
  yield head!;
  let isFirst = true;
  for (const [group, own] of points) {
    yield (isFirst ? '' : ',') + JSON.stringify(groupAsJson(group, own, groups.index));
    isFirst = false;
    if (pace.shouldYield()) await pace.yield();
  }
  yield foot!;
}

function groupAsJson(group: Group, points: GroupPoints, index: GroupIndex): object {
  const json: Record<string, unknown> = Object.create(null);
  for (const [name, family] of points) {
    const known = OWN_FAMILIES.get(name) ?? index.family(name);
    if (known !== undefined) json[name] = familyAsJson(family, known);
  }
  json.labels = recordOf(group.labels);
  json.last_push_successful = group.failedAt <= group.pushedAt;
  return json;
}

function familyAsJson(
  points: readonly SnapshotPoint[],
  { type, help }: { readonly type: PushedType; readonly help: string },
): object {
  return {
    time_stamp: new Date(points[0]!.updatedAt).toISOString(),
    type: type === 'unknown' ? 'UNTYPED' : type.toUpperCase(),
    ...(help !== '' && { help }),
    metrics: points.map(metricAsJson),
  };
}

function metricAsJson(point: SnapshotPoint): object {
  const labels = recordOf(shownSeries(seriesId(point)).labels);
  const value = shownValueOf(trustedPayload(point)) ?? Number.NaN;
  if (typeof value === 'number') return { labels, value: goNumber(value) };
  const { count, sum } = value;
  const totals = { count: countText(count), sum: goNumber(sum) };
  return { labels, ...partsAsJson(value), ...totals };
}

function partsAsJson(value: HistogramValue | SummaryValue): object {
  if ('quantiles' in value) return { quantiles: textPairs(value.quantiles, goNumber) };
  if (value.schema !== undefined) return { buckets: nativeBuckets(value) };
  return { buckets: textPairs(value.buckets ?? [], countText) };
}

function textPairs(
  pairs: readonly (readonly [number, number])[],
  text: (value: number) => string,
): object {
  return recordOf(pairs.map(([bound, value]) => [goNumber(bound), text(value)] as const));
}

/** A count: to Go it is an integer, unless it is not whole. */
function countText(count: number): string {
  return Number.isInteger(count) ? BigInt(count).toString() : goNumber(count);
}

function recordOf(entries: Iterable<readonly [string, string]>): Record<string, string> {
  const record: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) record[name] = value;
  return record;
}
