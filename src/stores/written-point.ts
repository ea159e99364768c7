import { labelText, MOST_LABELS } from '../model/key/index.ts';
import type { MetricPoint, SnapshotPoint } from '../model/metric-point.ts';
import { trustedSeriesId, trustPoint } from '../model/trusted-point.ts';

/**
 * Copies what was written, reading each property once: a getter or a proxy could return something
 * else when read again, after its first value was checked. Label values that have a text become
 * that text.
 *
 * The copy is as unchecked as what was given, but plain. Undefined if it cannot be read.
 */
export function readWritten(given: unknown): unknown {
  // Stamped points are frozen and were checked when they were made.
  if (typeof given !== 'object' || given === null || trustedSeriesId(given) !== undefined) {
    return given;
  }
  try {
    const { name, labels, value, updatedAt } = given as Readonly<Record<string, unknown>>;
    return { name, labels: copyLabels(labels), value, updatedAt };
  } catch {
    return undefined;
  }
}

function copyLabels(labels: unknown): unknown {
  if (labels === undefined) return {};
  // A copy of a map or an array would pass for a record: handed on as it is, it is refused.
  if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) return labels;
  const names = Object.keys(labels);
  // One too many is enough to be refused; listing a million names again would take half a second.
  if (names.length > MOST_LABELS) names.length = MOST_LABELS + 1;
  // Not spread: V8 gives each frozen copy made so a hidden class of its own (160 bytes a series).
  const copy: Record<string, unknown> = {};
  for (const name of names) {
    // Assigning to `__proto__` would set the prototype instead of a label.
    if (name === '__proto__') return copyEntries(labels, names);
    copy[name] = copyValue(labels, name);
  }
  return copy;
}

function copyEntries(labels: object, names: readonly string[]): unknown {
  return Object.fromEntries(names.map((name) => [name, copyValue(labels, name)]));
}

function copyValue(labels: object, name: string): unknown {
  const value = (labels as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : (labelText(value) ?? value);
}

/** Makes the first stored point of a series from what was read and admitted. */
export function firstPoint(admitted: MetricPoint, updatedAt: number, id: string): SnapshotPoint {
  // A point of another store is immutable and already as it would be made here.
  if (trustedSeriesId(admitted) !== undefined) return admitted as SnapshotPoint;
  const { name, labels, value } = admitted as SnapshotPoint;
  return trustPoint({ name, labels: withoutEmptyLabels(labels), value, updatedAt }, id);
}

/**
 * Makes the next stored point of a series; it shares all but value and time with the one before.
 */
export function nextPoint(
  previous: SnapshotPoint,
  value: number,
  updatedAt: number,
): SnapshotPoint {
  const { name, labels } = previous;
  return trustPoint({ name, labels, value, updatedAt }, trustedSeriesId(previous)!);
}

function withoutEmptyLabels(labels: SnapshotPoint['labels']): SnapshotPoint['labels'] {
  if (!Object.values(labels).includes('')) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
