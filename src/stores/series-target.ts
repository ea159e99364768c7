import { SnapscrapeError } from '../model/errors.ts';
import { rangeOf } from '../model/key/index.ts';
import type { SnapshotPoint } from '../model/metric-point.ts';
import { invalidOptions } from '../model/options.ts';
import { describeSubject } from '../model/rejection.ts';
import { parseSeriesId, seriesId } from '../model/series-id.ts';
import type { EntryReader } from './driver-reading.ts';
import type { SeriesMatcher } from './metric-store.ts';

/** Chooses series by their key and `updatedAt`. */
export type SeriesChoice = (key: string, time: number) => boolean;

/** The longest id that any store takes, in characters. Reading a longer one would take seconds. */
const LONGEST_ID = 16_777_216;

/**
 * The canonical form of a series id that came from outside.
 *
 * Throws `invalid_series_id` when it is no series.
 */
export function canonicalSeriesId(id: unknown): string {
  if (typeof id !== 'string') {
    throw new SnapscrapeError(
      'invalid_series_id',
      `${describeSubject(id)} is not a series id; make ids with seriesId()`,
    );
  }
  try {
    if (id.length > LONGEST_ID) throw new RangeError(`it has over ${LONGEST_ID} characters`);
    return seriesId(parseSeriesId(id));
  } catch (cause) {
    throw new SnapscrapeError(
      'invalid_series_id',
      `${describeSubject(id)} is not a series id; make ids with seriesId()`,
      { cause },
    );
  }
}

/**
 * Compiles a matcher that came from outside to a choice of keys.
 *
 * Throws `invalid_options` with every fault: an empty matcher is one, so that no caller ends all
 * series by accident.
 */
export function choiceOf(matcher: SeriesMatcher, reader: EntryReader): SeriesChoice {
  const { name, labels } = matcher;
  const faults = matcherFaults(matcher);
  const wanted = faults.length > 0 ? [] : Object.entries<unknown>(labels ?? {});
  if (faults.length === 0 && name === undefined && wanted.length === 0) {
    faults.push('an empty matcher would match every series; give a name or a label');
  }
  if (faults.length > 0) throw invalidOptions('SeriesMatcher', faults);
  const range = name === undefined ? undefined : rangeOf(name);
  return (key) => {
    if (range !== undefined && key !== range.bare && !key.startsWith(range.start)) return false;
    // Without labels no key has to be read.
    if (labels === undefined) return true;
    const series = reader.series(key);
    return (
      series !== undefined && wanted.every(([label, value]) => labelValue(series, label) === value)
    );
  };
}

function matcherFaults(matcher: SeriesMatcher): string[] {
  const { name, labels, ...others } = matcher as Readonly<Record<string, unknown>>;
  const faults = Object.keys(others).map(
    (key) => `unknown option ${JSON.stringify(key)}; give name or labels`,
  );
  if (name !== undefined && typeof name !== 'string') faults.push('name must be a string');
  if (labels === undefined) return faults;
  if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) {
    faults.push('labels must be an object of label names and values');
    return faults;
  }
  for (const [label, value] of Object.entries(labels)) {
    if (typeof value !== 'string') faults.push(`the value of the label ${label} must be a string`);
  }
  return faults;
}

function labelValue(point: Pick<SnapshotPoint, 'labels'>, label: string): string {
  // A stored point has no label with an empty value, and inherits properties that are no labels.
  return Object.hasOwn(point.labels, label) ? point.labels[label]! : '';
}

/** Throws `invalid_options` if what was given to `delete()` chooses no series at all. */
export function assertDeleteTarget(
  target: unknown,
): asserts target is string | Iterable<string> | SeriesMatcher {
  if (typeof target === 'string' || (typeof target === 'object' && target !== null)) return;
  throw invalidOptions('delete', [
    `target (${describeSubject(target)}) must be a series id, an iterable of them or a matcher`,
  ]);
}

/** Throws `invalid_options` if what was given to `gc()` is not a time in Unix milliseconds. */
export function assertSweepTime(now: unknown): asserts now is number {
  if (typeof now === 'number' && !Number.isNaN(now)) return;
  throw invalidOptions('gc', [`now (${describeSubject(now)}) must be Unix milliseconds`]);
}
