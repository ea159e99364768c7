import { setLabel } from '../model/key/index.ts';
import type { ExposedType } from './exposition.ts';
import { normalBound } from './go-number.ts';
import type { SampleLine } from './sample-line.ts';

/** Labels without the one that tells lines of a group apart. */
export function labelsWithout(
  labels: Readonly<Record<string, string>>,
  dropped: string,
): Record<string, string> {
  const rest: Record<string, string> = {};
  for (const name of Object.keys(labels)) if (name !== dropped) setLabel(rest, name, labels[name]!);
  return rest;
}

/** A text that two label sets have in common only if they are equal, whatever their order. */
export function labelKey(labels: Readonly<Record<string, string>>, dropped: string): string {
  const names = Object.keys(labels);
  for (let i = 1; i < names.length; i++) {
    if (names[i]! < names[i - 1]!) {
      names.sort();
      break;
    }
  }
  let key = '';
  // Lengths make the text unambiguous, whatever the values hold.
  for (const name of names) {
    if (name !== dropped) key += `${name.length}.${labels[name]!.length}.${name}${labels[name]!}`;
  }
  return key;
}

/** Writes the label that tells lines of a type apart as Prometheus keeps it, in any family. */
export function normaliseBounds(type: ExposedType, labels: Record<string, string>): void {
  const label = type === 'histogram' ? 'le' : type === 'summary' ? 'quantile' : undefined;
  const text = label === undefined ? undefined : labels[label];
  if (text !== undefined) labels[label!] = normalBound(text);
}

/** The labels of a line that has those of a group and were not read. */
export function labelsOf(
  line: SampleLine,
  group: { readonly labels: Readonly<Record<string, string>> } | undefined,
): Record<string, string> {
  const labels = { ...group?.labels };
  if (line.bound !== undefined) labels[line.groupLabel] = line.bound;
  return labels;
}
