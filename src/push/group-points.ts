import type { SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import type { Pace } from '../scheduling/pace.ts';
import type { Group } from './group-index.ts';
import { PUSH_FAILURE_TIME, PUSH_TIME } from './prepared-push.ts';
import type { PushedGroups } from './pushed-groups.ts';
import { groupLabelsOf } from './stored-labels.ts';

/** The points of a group, by the name of their family. */
export type GroupPoints = ReadonlyMap<string, readonly SnapshotPoint[]>;

/** How many points are read between two looks at the clock. */
const STRIDE = 32;

/** Reads the points of some groups, in slices. */
export async function readGroupPoints(
  { index, store }: PushedGroups,
  groups: Iterable<Group>,
  pace: Pace,
): Promise<ReadonlyMap<Group, GroupPoints>> {
  const points = new Map<Group, Map<string, SnapshotPoint[]>>();
  for (const group of groups) points.set(group, new Map());
  let count = 0;
  for await (const point of await store.snapshot()) {
    if (++count % STRIDE === 0 && pace.shouldYield()) await pace.yield();
    const { name, labels } = point;
    const isTime = name === PUSH_TIME || name === PUSH_FAILURE_TIME;
    const group = isTime
      ? index.groups.get(index.groupOf(groupLabelsOf(labels)).key)
      : index.ownerOf(seriesId(point));
    const own = group && points.get(group);
    const family = own?.get(name);
    if (family !== undefined) family.push(point);
    else own?.set(name, [point]);
  }
  return points;
}
