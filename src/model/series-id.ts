import { SnapscrapeError } from './errors.ts';
import { KeyWriter, parseKey } from './key/index.ts';
import type { MetricPoint, SnapshotPoint } from './metric-point.ts';
import { describeSubject, type RejectionReason } from './rejection.ts';
import { trustedSeriesId } from './trusted-point.ts';

const writer = new KeyWriter();

/**
 * The canonical identity of a point's series: its own exposition text, the name with the label set
 * in sorted label order, escaped as the text formats escape it. A name that does not match
 * `[a-zA-Z_:][a-zA-Z0-9_:]*` is quoted and stands first in the braces; so is a label's that does
 * not match `[a-zA-Z_][a-zA-Z0-9_]*`.
 *
 * Labels with an empty value are dropped; a series without labels is its bare name. Two points are
 * of the same series exactly when their ids are equal. Throws `invalid_point` if the name or a
 * label is not legal.
 *
 * @example
 * ```ts
 * seriesId({ name: 'up', labels: { b: '2', a: '1', c: '' } }); // 'up{a="1",b="2"}'
 * seriesId({ name: 'a.b', labels: { 'x.y': '1' } }); // '{"a.b","x.y"="1"}'
 * ```
 */
export function seriesId(point: Pick<MetricPoint, 'name' | 'labels'>): string {
  const trusted = trustedSeriesId(point);
  if (trusted !== undefined) return trusted;
  let reason: RejectionReason | undefined = 'not_a_point';
  let cause: unknown;
  if (typeof point === 'object' && point !== null) {
    try {
      if (writer.write(point.name, point.labels)) return writer.key;
      reason = writer.reason;
    } catch (error) {
      cause = error; // A getter of the point's threw.
    }
  }
  throw new SnapscrapeError(
    'invalid_point',
    `A point (${describeSubject(point)}) has no series id: ${reason}; correct its name or labels`,
    { cause },
  );
}

/**
 * The name and the labels that a series id stands for: the inverse of {@link seriesId}.
 *
 * The result is a plain object that any label name may be an own property of, `__proto__` too.
 * Throws `invalid_series_id` if the text is not a series.
 */
export function parseSeriesId(id: string): Pick<SnapshotPoint, 'name' | 'labels'> {
  const series = parseKey(id);
  if (series !== undefined) return series;
  throw new SnapscrapeError(
    'invalid_series_id',
    `${describeSubject(id)} is not a series id; make ids with seriesId()`,
  );
}
