import type { FamilyMetadata } from '../model/family-metadata.ts';
import { counterFamilyName, type FamilyType } from '../model/family-metadata.ts';
import type { ExpositionSyntax } from './format.ts';

/** What a header is written from. */
export interface HeaderSubject {
  readonly name: string;
  readonly metadata: FamilyMetadata | undefined;
}

/**
 * Writes the metadata lines of a family. A family that nobody declared is a gauge.
 *
 * Text: HELP, TYPE; the type `unknown` is called `untyped`. OpenMetrics: TYPE, UNIT, HELP, and a
 * counter's family is named without `_total`. A counter that OpenMetrics cannot name so is `unknown`
 * there, as in Go's encoder: without `_total`, or where another family has a name that the counter
 * lays claim to (OpenMetrics 1.0.0, Suffixes).
 *
 * @param isTaken - whether any family of the page has a name.
 */
export function familyHeader(
  { name, metadata }: HeaderSubject,
  syntax: ExpositionSyntax,
  isTaken: (name: string) => boolean,
): string {
  const type = metadata?.type ?? 'gauge';
  if (syntax === 'text') {
    const help = metadata?.help;
    const helpLine = help === undefined ? '' : `# HELP ${name} ${escapeHelp(help, false)}\n`;
    return `${helpLine}# TYPE ${name} ${type === 'unknown' ? 'untyped' : type}\n`;
  }
  const isCounter = type === 'counter' && canBeCounter(name, isTaken);
  const family = isCounter ? counterFamilyName(name) : name;
  const told: FamilyType = type === 'counter' && !isCounter ? 'unknown' : type;
  return `# TYPE ${family} ${told}\n${unitLine(family, metadata)}${helpLine(family, metadata)}`;
}

function canBeCounter(name: string, isTaken: (name: string) => boolean): boolean {
  const family = counterFamilyName(name);
  if (family === '' || family === name || isTaken(family)) return false;
  // `a_created` is claimed by the counter `a`; it may be a family of its own or a counter's.
  return !isTaken(`${family}_created`) && !isTaken(`${family}_created_total`);
}

function unitLine(family: string, metadata: FamilyMetadata | undefined): string {
  const unit = metadata?.unit;
  // A unit that is no suffix of the family's name, as with a counter that became unknown, makes
  // Prometheus fail the scrape.
  return unit !== undefined && family.endsWith(`_${unit}`) ? `# UNIT ${family} ${unit}\n` : '';
}

function helpLine(family: string, metadata: FamilyMetadata | undefined): string {
  const help = metadata?.help;
  return help === undefined ? '' : `# HELP ${family} ${escapeHelp(help, true)}\n`;
}

/** Escapes help for `# HELP`; OpenMetrics escapes the double quote too, text 0.0.4 must not. */
function escapeHelp(help: string, quotes: boolean): string {
  return help.replace(quotes ? /["\\\n]/g : /[\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`));
}
