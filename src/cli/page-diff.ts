import { seriesId } from '../model/series-id.ts';
import type { Exposition } from '../parse/index.ts';
import { plain } from './plain-text.ts';

/** What differs in one family. */
export interface FamilyDifference {
  readonly family: string;
  /** `came` and `went` are about the family as a whole. */
  readonly change: 'came' | 'went' | 'changed';
  /** The types, if they differ. */
  readonly types?: readonly [before: string, after: string];
  /** Label names that all or some points have only on one of the pages. */
  readonly labelsCame: readonly string[];
  readonly labelsWent: readonly string[];
  /** How many series are only on one of the pages, and the first of them. */
  readonly seriesCame: number;
  readonly seriesWent: number;
  readonly examples: readonly string[];
}

interface Side {
  readonly type: string;
  readonly series: Set<string>;
  readonly labels: Set<string>;
}

const EXAMPLES = 5;

/** Compares two pages family by family, in the order of names. Values do not count. */
export function differencesOf(before: Exposition, after: Exposition): FamilyDifference[] {
  const [left, right] = [sidesOf(before), sidesOf(after)];
  const names = [...new Set([...left.keys(), ...right.keys()])].sort();
  return names.flatMap((name) => differenceOf(name, left.get(name), right.get(name)) ?? []);
}

function differenceOf(
  family: string,
  before: Side | undefined,
  after: Side | undefined,
): FamilyDifference | undefined {
  const came = minus(after?.series, before?.series);
  const went = minus(before?.series, after?.series);
  const change = before === undefined ? 'came' : after === undefined ? 'went' : 'changed';
  const types = [before?.type ?? '', after?.type ?? ''] as const;
  const isRetyped = change === 'changed' && types[0] !== types[1];
  if (change === 'changed' && !isRetyped && came.length + went.length === 0) return undefined;
  return {
    family,
    change,
    ...(isRetyped && { types }),
    labelsCame: change === 'changed' ? minus(after?.labels, before?.labels) : [],
    labelsWent: change === 'changed' ? minus(before?.labels, after?.labels) : [],
    seriesCame: came.length,
    seriesWent: went.length,
    examples: [
      ...came.slice(0, EXAMPLES).map((id) => `+ ${id}`),
      ...went.slice(0, EXAMPLES).map((id) => `- ${id}`),
    ],
  };
}

function sidesOf({ families, points }: Exposition): Map<string, Side> {
  const sides = new Map<string, Side>();
  for (const { name, type } of families) {
    sides.set(name, { type, series: new Set(), labels: new Set() });
  }
  for (const point of points) {
    let side = sides.get(point.name);
    if (side === undefined) {
      sides.set(point.name, (side = { type: 'unknown', series: new Set(), labels: new Set() }));
    }
    side.series.add(seriesId(point));
    for (const label of Object.keys(point.labels)) side.labels.add(label);
  }
  return sides;
}

function minus(
  all: ReadonlySet<string> | undefined,
  some: ReadonlySet<string> | undefined,
): string[] {
  return [...(all ?? [])].filter((item) => some?.has(item) !== true).sort();
}

/** Differences for people. */
export function humanDifferences(differences: readonly FamilyDifference[]): string {
  if (differences.length === 0) return 'The pages have the same families and series.\n';
  return differences
    .map(({ family, change, types, labelsCame, labelsWent, seriesCame, seriesWent, examples }) => {
      const sign = change === 'came' ? '+' : change === 'went' ? '-' : '~';
      const facts = [
        ...(types === undefined ? [] : [`type ${types[0]} became ${types[1]}`]),
        ...labelsCame.map((label) => `label ${label} came`),
        ...labelsWent.map((label) => `label ${label} went`),
        ...(seriesCame === 0 ? [] : [`${seriesCame} series came`]),
        ...(seriesWent === 0 ? [] : [`${seriesWent} series went`]),
      ];
      const lines = [
        `${sign} ${family}: ${facts.join(', ') || 'no series'}`,
        ...examples.map((id) => `    ${id}`),
      ];
      return `${lines.map(plain).join('\n')}\n`;
    })
    .join('');
}

/** Differences as annotations of GitHub. */
export function githubDifferences(differences: readonly FamilyDifference[]): string {
  return differences
    .map((difference) => {
      const [line = ''] = humanDifferences([difference]).split('\n');
      return `::notice title=metrics::${line.replaceAll('%', '%25')}\n`;
    })
    .join('');
}
