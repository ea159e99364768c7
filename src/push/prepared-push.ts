import type { Payload } from '../model/entries.ts';
import { KeyWriter } from '../model/key/index.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { trustPoint } from '../model/trusted-point.ts';
import { typeFault } from '../model/type-rules.ts';
import { MOST_POINT_BYTES, projectedBytes, tailStart } from '../model/value/index.ts';
import type { GroupLabels } from './group-path.ts';
import {
  InconsistentPush,
  type PushedFamilies,
  type PushedFamily,
  type PushedMetric,
  type PushedType,
} from './pushed-families.ts';
import { storedLabels } from './stored-labels.ts';
import { partLabel, storedPayload } from './stored-value.ts';

/** The families that tell of the group itself; a push cannot set them. */
export const PUSH_TIME = 'push_time_seconds';
/** The time of the latest push that was refused; see {@link PUSH_TIME}. */
export const PUSH_FAILURE_TIME = 'push_failure_time_seconds';

/** A family of a push with the labels of its group, as a store takes it. */
export interface PreparedFamily {
  readonly name: string;
  readonly type: PushedType;
  readonly help: string;
  readonly keys: readonly string[];
  readonly points: readonly SnapshotPoint[];
  /** At the same position as in `keys`: the line of the body. */
  readonly lines: readonly number[];
}

/** When a push came, and where to. */
interface PushMoment {
  /** In Unix ms. */
  readonly at: number;
  /** Whether the store is shared; see `GroupSettings`. */
  readonly isShared: boolean;
}

/** The longest key of a series, in bytes of UTF-8: as much as a store admits. */
const MOST_KEY_BYTES = 65_536;

/**
 * Gives the metrics of a push the labels of its group, and checks each by itself.
 *
 * @throws InconsistentPush for the first metric that cannot be kept.
 */
export function preparePush(
  group: GroupLabels,
  families: PushedFamilies,
  { at, isShared }: PushMoment,
): readonly PreparedFamily[] {
  const writer = new KeyWriter(MOST_KEY_BYTES);
  const prepared: PreparedFamily[] = [];
  for (const family of families.values()) {
    for (const { hasTimestamp, line } of family.metrics) {
      if (!hasTimestamp) continue;
      throw new InconsistentPush('timestamp', 'pushed metrics must not have timestamps', line);
    }
  }
  for (const family of families.values()) {
    if (family.name === PUSH_TIME || family.name === PUSH_FAILURE_TIME) continue;
    prepared.push(prepareFamily(group, family, { writer, at, isShared }));
  }
  return prepared;
}

function prepareFamily(
  group: GroupLabels,
  { name, type, help, metrics }: PushedFamily,
  { writer, at, isShared }: PushMoment & { readonly writer: KeyWriter },
): PreparedFamily {
  const keys: string[] = [];
  const points: SnapshotPoint[] = [];
  const lines: number[] = [];
  const reserved = partLabel(type);
  for (const metric of metrics) {
    const labels = labelsOf(name, metric, group);
    if (isShared) for (const [label, value] of labels) if (value === '') labels.delete(label);
    if (reserved !== undefined && labels.has(reserved)) {
      throw refused('reserved_label', name, `has a label ${reserved} of its own`, metric.line);
    }
    const stored = storedLabels(labels);
    if (!writer.write(name, stored)) {
      throw refused(writer.reason!, name, `cannot be kept: ${writer.reason}`, metric.line);
    }
    const payload = storedPayload(metric.value);
    if (payload === undefined || isTooLarge(writer.key, metric.value, payload)) {
      throw refused('point_too_large', name, TOO_LARGE, metric.line);
    }
    const fault = isShared ? sharedFault(type, writer.key, payload) : undefined;
    if (fault !== undefined) throw refused(fault, name, `has a bad value: ${fault}`, metric.line);
    keys.push(writer.key);
    points.push(pointOf(name, stored, { key: writer.key, payload, at }));
    lines.push(metric.line);
  }
  return { name, type, help, keys, points, lines };
}

const TOO_LARGE =
  `takes more than ${MOST_POINT_BYTES} bytes on a page with all its buckets; ` +
  'push fewer of them';

/** Whether a store would not admit a value, as each bucket has a line of its own on a page. */
function isTooLarge(key: string, value: PushedMetric['value'], payload: Payload): boolean {
  return typeof payload === 'string' && projectedBytes(key, value, payload) > MOST_POINT_BYTES;
}

/** Why a page of OpenMetrics cannot have a value. */
function sharedFault(type: PushedType, key: string, payload: Payload): string | undefined {
  // A value that contradicts itself is kept in the tail of an empty one.
  const isOdd = typeof payload === 'string' && tailStart(payload) < payload.length;
  return isOdd ? 'invalid_value' : typeFault(type, key, payload);
}

/** The labels of the body, and over them those of the group. */
function labelsOf(name: string, { labels, line }: PushedMetric, group: GroupLabels) {
  const all = new Map(labels);
  for (const label of labels.keys()) {
    if (label.startsWith('__')) {
      throw refused('reserved_label', name, `has a label name ${label} that is reserved`, line);
    }
  }
  for (const [label, value] of group) all.set(label, value);
  return all;
}

function refused(reason: string, name: string, what: string, line: number): InconsistentPush {
  return new InconsistentPush(reason, `collected metric ${JSON.stringify(name)} ${what}`, line);
}

/** What a point of a push says. */
interface PointParts {
  readonly key: string;
  readonly payload: number | string;
  readonly at: number;
}

function pointOf(
  name: string,
  labels: Readonly<Record<string, string>>,
  { key, payload, at }: PointParts,
): SnapshotPoint {
  // A store looks at the key and the payload alone.
  const value = typeof payload === 'number' ? payload : Number.NaN;
  const point = { name, labels, value, updatedAt: at };
  return trustPoint(point, key, typeof payload === 'number' ? undefined : payload);
}

/** The two points that tell when a group was pushed to, and when that failed last; 0 for never. */
export function timePoints(
  group: GroupLabels,
  { pushedAt, failedAt }: { readonly pushedAt: number; readonly failedAt: number },
  at: number,
): readonly SnapshotPoint[] {
  const writer = new KeyWriter(MOST_KEY_BYTES);
  const labels = storedLabels(group);
  return [[PUSH_TIME, pushedAt] as const, [PUSH_FAILURE_TIME, failedAt] as const].map(
    ([name, time]) => {
      if (!writer.write(name, labels)) {
        throw refused(writer.reason!, name, `cannot be kept: ${writer.reason}`, 0);
      }
      return pointOf(name, labels, { key: writer.key, payload: time / 1000, at });
    },
  );
}
