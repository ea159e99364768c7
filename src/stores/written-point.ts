import type { MetricPoint } from '../model/metric-point.ts';
import { stampedSeriesId, stampPoint } from '../model/stamp.ts';

/**
 * Takes what was written apart, reading each property once: a getter or a proxy could answer otherwise
 * when asked again, after its first answer was checked.
 *
 * The answer is as unchecked as what was given, but plain. Undefined when it cannot be read.
 */
export function readWritten(given: unknown, now: () => number): unknown {
  // Stamped points are frozen and were checked when they were made.
  if (typeof given !== 'object' || given === null || stampedSeriesId(given) !== undefined) {
    return given;
  }
  const read = readOnce(given as Readonly<Record<string, unknown>>);
  if (read !== undefined && read.updatedAt === undefined) read.updatedAt = now();
  return read;
}

function readOnce(given: Readonly<Record<string, unknown>>): { updatedAt: unknown } | undefined {
  try {
    const { name, labels, value, updatedAt } = given;
    return { name, labels: copyRecord(labels), value, updatedAt } as { updatedAt: unknown };
  } catch {
    return undefined;
  }
}

function copyRecord(labels: unknown): unknown {
  // A copy of a map or an array would pass for a record: handed on as it is, it is refused.
  if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) return labels;
  // Not spread: V8 gives each frozen copy made so a hidden class of its own (160 bytes a series).
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(labels)) {
    // Assigning to `__proto__` would set the prototype instead of a label.
    if (name === '__proto__') return Object.fromEntries(Object.entries(labels));
    copy[name] = (labels as Readonly<Record<string, unknown>>)[name];
  }
  return copy;
}

/** Makes the first stored point of a series from what was read and admitted. */
export function firstPoint(admitted: MetricPoint, id: string): MetricPoint {
  // A point of another store is immutable and already as it would be made here.
  if (stampedSeriesId(admitted) !== undefined) return admitted;
  const { name, labels, value, updatedAt } = admitted;
  return stampPoint({ name, labels: withoutEmptyLabels(labels), value, updatedAt }, id);
}

/** Makes the next stored point of a series; it shares all but value and time with the one before. */
export function nextPoint(previous: MetricPoint, value: number, updatedAt: number): MetricPoint {
  const { name, labels } = previous;
  return stampPoint({ name, labels, value, updatedAt }, stampedSeriesId(previous)!);
}

function withoutEmptyLabels(labels: MetricPoint['labels']): MetricPoint['labels'] {
  if (!Object.values(labels).includes('')) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}
