import type { FamilyMetadata, SnapshotPoint } from '../../src/index.ts';
import type { Syntax } from './page.ts';

// What follows shares no code with what it judges and does everything the plain way, all anew.

/** The page of some sound points, one for each series: sorted, and rendered one by one. */
export function naivePage(
  points: Iterable<SnapshotPoint>,
  families: readonly FamilyMetadata[],
  syntax: Syntax,
): string {
  const lines = new Map<string, string[]>();
  for (const point of points) {
    const metadata = families.find(({ name }) => name === point.name);
    if (metadata?.type === 'counter' && !((point.value as number) >= 0)) continue;
    const family = lines.get(point.name) ?? [];
    family.push(naiveLine(point));
    lines.set(point.name, family);
  }
  const pages = new Map<string, string>();
  const names = [...lines.keys()].sort(naiveOrder);
  const taken = new Set(names);
  for (const name of names) {
    const metadata = families.find((family) => family.name === name) ?? { name, type: 'gauge' };
    const header = naiveHeader(metadata, syntax, names);
    pages.set(name, header + lines.get(name)!.sort(byId).join(''));
    for (const claimed of naiveClaims(metadata, names)) taken.add(claimed);
  }
  // What is declared and has no points has HELP and TYPE alone, and takes no name from the others.
  const isFirst = ({ name }: FamilyMetadata, at: number): boolean =>
    families.findIndex((family) => family.name === name) === at;
  const empty = families.filter((family, at) => isFirst(family, at) && !taken.has(family.name));
  for (const { name } of empty) taken.add(name);
  for (const metadata of [...empty].sort((a, b) => naiveOrder(a.name, b.name))) {
    pages.set(metadata.name, naiveHeader(metadata, syntax, [...taken]));
    for (const claimed of naiveClaims(metadata, [...taken])) taken.add(claimed);
  }
  const page = [...pages].sort(([a], [b]) => naiveOrder(a, b)).map(([, text]) => text);
  return page.join('') + (syntax === 'openmetrics' ? '# EOF\n' : '');
}

/** The names that a counter has in OpenMetrics, if all of them are free. */
function naiveClaims({ name, type }: FamilyMetadata, names: readonly string[]): readonly string[] {
  const base = name.replace(/_total$/, '');
  const claims = [base, `${base}_created`];
  const isFree = base !== '' && base !== name && !names.some((n) => claims.includes(n));
  return type === 'counter' && isFree ? claims : [];
}

/** The line of one point. */
export function naiveLine(point: SnapshotPoint): string {
  return `${naiveId(point)} ${naiveValue(point.value as number)}\n`;
}

/** The identity of one point. */
export function naiveId({ name, labels }: Pick<SnapshotPoint, 'name' | 'labels'>): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => naiveOrder(a, b))
    .map(([label, value]) => `${naiveName(label, false)}="${naiveEscape(value, true)}"`);
  const quoted = naiveName(name, true);
  if (quoted !== name) return `{${[quoted, ...pairs].join(',')}}`;
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
}

function naiveName(name: string, isMetric: boolean): string {
  const isBare = Array.from(name).every((character, i) => {
    if (/[a-zA-Z_]/.test(character) || (isMetric && character === ':')) return true;
    return i > 0 && /[0-9]/.test(character);
  });
  return isBare ? name : `"${naiveEscape(name, true)}"`;
}

function naiveEscape(text: string, quotes: boolean): string {
  let escaped = '';
  for (const character of text) {
    if (character === '\n') escaped += '\\n';
    else if (character === '\\' || (quotes && character === '"')) escaped += `\\${character}`;
    else escaped += character;
  }
  return escaped;
}

function naiveValue(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : `${value}`;
}

// The value is what comes after the last space, whatever a label holds.
function byId(a: string, b: string): number {
  const [idA, idB] = [a, b].map((line) => line.slice(0, line.lastIndexOf(' ')));
  return naiveOrder(idA!, idB!);
}

/** Orders texts by the bytes of their UTF-8. */
export function naiveOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function naiveHeader(
  { name, type, help, unit }: FamilyMetadata,
  syntax: Syntax,
  names: readonly string[],
): string {
  if (syntax === 'text') {
    const helpLine = help === undefined ? '' : `# HELP ${name} ${naiveEscape(help, false)}\n`;
    return `${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
  }
  const [base] = naiveClaims({ name, type }, names);
  const isCounter = base !== undefined;
  const family = base ?? name;
  const exposedType = type === 'counter' && !isCounter ? 'unknown' : type;
  const unitLine =
    unit !== undefined && family.endsWith(`_${unit}`) ? `# UNIT ${family} ${unit}\n` : '';
  const helpLine = help === undefined ? '' : `# HELP ${family} ${naiveEscape(help, true)}\n`;
  return `# TYPE ${family} ${exposedType}\n${unitLine}${helpLine}`;
}
