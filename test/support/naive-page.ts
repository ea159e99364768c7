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
    if (metadata?.type === 'counter' && !(point.value >= 0)) continue;
    const family = lines.get(point.name) ?? [];
    family.push(naiveLine(point));
    lines.set(point.name, family);
  }
  const names = [...lines.keys()].sort(naiveOrder);
  const pages = names.map((name) => {
    const metadata = families.find((family) => family.name === name) ?? { name, type: 'gauge' };
    return naiveHeader(metadata, syntax, names) + lines.get(name)!.sort(byId).join('');
  });
  return pages.join('') + (syntax === 'openmetrics' ? '# EOF\n' : '');
}

/** The line of one point. */
export function naiveLine(point: SnapshotPoint): string {
  return `${naiveId(point)} ${naiveValue(point.value)}\n`;
}

/** The identity of one point. */
export function naiveId({ name, labels }: Pick<SnapshotPoint, 'name' | 'labels'>): string {
  const pairs = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => naiveOrder(a, b))
    .map(([label, value]) => `${label}="${naiveEscape(value, true)}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
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
  const base = name.replace(/_total$/, '');
  const isFree =
    base !== '' && base !== name && !names.some((n) => [base, `${base}_created`].includes(n));
  const isCounter = type === 'counter' && isFree;
  const family = isCounter ? base : name;
  const told = type === 'counter' && !isCounter ? 'unknown' : type;
  const unitLine =
    unit !== undefined && family.endsWith(`_${unit}`) ? `# UNIT ${family} ${unit}\n` : '';
  const helpLine = help === undefined ? '' : `# HELP ${family} ${naiveEscape(help, true)}\n`;
  return `# TYPE ${family} ${told}\n${unitLine}${helpLine}`;
}
