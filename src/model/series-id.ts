import { SnapscrapeError } from './errors.ts';
import { isMetricName } from './family-metadata.ts';
import { isLabelName, LabelShapes, MetricNameCheck, MOST_LABELS } from './label-shape.ts';
import { escapeLabelValue, labelText, MALFORMED, unescapeLabelValue } from './label-text.ts';
import type { MetricPoint, SnapshotPoint } from './metric-point.ts';
import { describeSubject, type RejectionReason } from './rejection.ts';
import { trustedSeriesId } from './trusted-point.ts';

const NO_LABELS = Object.freeze({});

/**
 * Makes series ids and remembers what it learnt of names, so that the next point costs less.
 *
 * Not for concurrent use: an answer stands in `id` and `reason` until the next call.
 */
export class SeriesIdentifier {
  /** The id of the last point, if `reason` is undefined. */
  id = '';
  /** Why the last point has no identity. */
  reason: RejectionReason | undefined;
  readonly #names = new MetricNameCheck();
  readonly #shapes = new LabelShapes();
  readonly #maxBytes: number;
  readonly #maxLabels: number;

  /**
   * @param maxBytes - how long an id may be at most, so that nothing is escaped in vain.
   * @param maxLabels - how many labels a point may have.
   */
  constructor(maxBytes: number = Number.POSITIVE_INFINITY, maxLabels: number = MOST_LABELS) {
    this.#maxBytes = maxBytes;
    this.#maxLabels = maxLabels;
  }

  /** Works out the identity of a name with labels, both as they came from outside. */
  identify(name: unknown, labels: unknown = NO_LABELS): boolean {
    this.reason = this.#refusal(name, labels);
    return this.reason === undefined;
  }

  #refusal(name: unknown, labels: unknown): RejectionReason | undefined {
    if (typeof name !== 'string') return 'invalid_name';
    if (name.length > this.#maxBytes) return 'series_too_long';
    if (!this.#names.isLegal(name)) return 'invalid_name';
    // Maps, arrays and strings are iterable and have no labels as properties.
    if (typeof labels !== 'object' || labels === null || Symbol.iterator in labels) {
      return 'invalid_labels';
    }
    const names = Object.keys(labels);
    if (names.length > this.#maxLabels) return 'too_many_labels';
    const shape = this.#shapes.of(names);
    if (shape === undefined) {
      const isLong = names.some((label) => label.length > this.#maxBytes);
      return isLong ? 'series_too_long' : 'invalid_label_name';
    }
    const values = labels as Readonly<Record<string, unknown>>;
    let id = name;
    let first = true;
    for (let i = 0; i < shape.sorted.length; i++) {
      const value = labelText(values[shape.sorted[i]!]);
      if (value === undefined) return 'invalid_label_value';
      // A label with an empty value is no label (OpenMetrics 1.0.0, Label).
      if (value === '') continue;
      if (id.length + value.length > this.#maxBytes) return 'series_too_long';
      const text = escapeLabelValue(value);
      if (text === MALFORMED) return 'malformed_unicode';
      const head = shape.heads[i]!;
      // Where the labels before it were empty, this one opens the braces: `",b="` becomes `{b="`.
      id += (first && i > 0 ? `{${head.slice(2)}` : head) + text;
      first = false;
    }
    this.id = flatten(first ? id : `${id}"}`);
    return undefined;
  }
}

/**
 * Makes one flat string of an id that was put together from parts, and answers the same text.
 *
 * V8 keeps such a string as a tree of its parts, which costs three times the memory for as long as
 * it is stored (370 against 113 bytes at a million series) and slows each look-up.
 */
function flatten(id: string): string {
  id.charCodeAt(0); // Reading a character is what flattens it.
  return id;
}

const identifier = new SeriesIdentifier();

/**
 * The canonical identity of a point's series: its own exposition text, the sample name with the
 * label set in sorted label order, escaped as the text formats escape it.
 *
 * Labels with an empty value are dropped; a series without labels is its bare name. Two points are
 * of the same series exactly when their ids are equal. Throws `invalid_point` when the name or a
 * label is not legal.
 *
 * @example
 * ```ts
 * seriesId({ name: 'up', labels: { b: '2', a: '1', c: '' } }); // 'up{a="1",b="2"}'
 * ```
 */
export function seriesId(point: Pick<MetricPoint, 'name' | 'labels'>): string {
  const stamped = trustedSeriesId(point);
  if (stamped !== undefined) return stamped;
  let reason: RejectionReason | undefined = 'not_a_point';
  let cause: unknown;
  if (typeof point === 'object' && point !== null) {
    try {
      if (identifier.identify(point.name, point.labels)) return identifier.id;
      reason = identifier.reason;
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

/** The name in a series id that is known to be canonical. */
export function seriesName(id: string): string {
  const brace = id.indexOf('{');
  return brace < 0 ? id : id.slice(0, brace);
}

const LABEL_HEAD = /([a-zA-Z_][a-zA-Z0-9_]*)="/y;

/**
 * The name and the labels that a series id stands for: the inverse of {@link seriesId}.
 *
 * The answer is a plain object that any label name may be an own property of, `__proto__` too.
 * Throws `invalid_series_id` if the text is not a series.
 */
export function parseSeriesId(id: string): Pick<SnapshotPoint, 'name' | 'labels'> {
  const name = seriesName(id);
  const labels: Record<string, string> = {};
  if (!isMetricName(name)) throw malformedId(id);
  if (name.length === id.length) return { name, labels };
  for (let at = name.length + 1; at < id.length; ) {
    LABEL_HEAD.lastIndex = at;
    const label = LABEL_HEAD.exec(id)?.[1];
    const start = LABEL_HEAD.lastIndex;
    const end = label === undefined ? -1 : labelValueEnd(id, start);
    if (label === undefined || !isLabelName(label) || end < 0) throw malformedId(id);
    if (Object.hasOwn(labels, label)) throw malformedId(id);
    setLabel(labels, label, unescapeLabelValue(id.slice(start, end)));
    if (end + 2 === id.length && id.endsWith('}')) return { name, labels };
    if (id[end + 1] !== ',') throw malformedId(id);
    at = end + 2;
  }
  throw malformedId(id);
}

/** Where the quote is that closes a label value; -1 for nowhere. */
function labelValueEnd(id: string, start: number): number {
  // A regular expression for the whole value would need stack for each character of it.
  for (let quote = id.indexOf('"', start); quote >= 0; quote = id.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (id.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote;
  }
  return -1;
}

function setLabel(labels: Record<string, string>, name: string, value: string): void {
  // Assigning to `__proto__` would set the prototype instead of a property.
  if (name !== '__proto__') labels[name] = value;
  else {
    Object.defineProperty(labels, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
}

function malformedId(id: string): SnapscrapeError {
  return new SnapscrapeError(
    'invalid_series_id',
    `${describeSubject(id)} is not a series id; make ids with seriesId()`,
  );
}
