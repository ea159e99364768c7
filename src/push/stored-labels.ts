import { compareKeys, labelPairs, parseKey, withPairs } from '../model/key/index.ts';
import type { GroupLabels } from './group-path.ts';

// To a store a label without a value is no label, but a Pushgateway shows it and tells series apart
// by it. So such a value is kept as one mark, and a value that consists of marks has one more.
const MARK = '\u2205';
const MARKS = /^\u2205+$/;

/** Labels as they are kept in a store. Any name may be an own property, `__proto__` too. */
export type StoredLabels = Readonly<Record<string, string>>;

/** Labels as a store keeps them. `instance` without a value is what a series without it shows. */
export function storedLabels(labels: ReadonlyMap<string, string>): StoredLabels {
  const stored = Object.create(null) as Record<string, string>;
  for (const [name, value] of labels) {
    if (value !== '') stored[name] = MARKS.test(value) ? value + MARK : value;
    else if (name !== 'instance') stored[name] = MARK;
  }
  return stored;
}

/** The labels of a group that have a value. */
export function withValues(labels: GroupLabels): GroupLabels {
  return new Map([...labels].filter(([, value]) => value !== ''));
}

/** The labels of a group that a store keeps. */
export function groupLabelsOf(stored: StoredLabels): GroupLabels {
  return new Map(Object.entries(stored).map(([name, value]) => [name, shownValue(value)]));
}

function shownValue(stored: string): string {
  return MARKS.test(stored) ? stored.slice(MARK.length) : stored;
}

/** A series as it is shown: its name, and its labels in the order of their names. */
export interface ShownSeries {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
}

/** The series of a stored key as it is shown. */
export function shownSeries(key: string): ShownSeries {
  const { name, labels } = parseKey(key) ?? { name: key, labels: {} };
  const shown = Object.entries(labels).map(([label, value]) => [label, shownValue(value)] as const);
  if (!Object.hasOwn(labels, 'instance')) shown.push(['instance', '']);
  return { name, labels: shown.sort(([a], [b]) => compareKeys(a, b)) };
}

/** The key of a series as it stands on the page: also with labels that have no value. */
export function shownKey(key: string): string {
  const { name, labels } = shownSeries(key);
  return withPairs(name, labels.map(([label, value]) => labelPairs({ [label]: value })).join());
}
