import {
  type EscapingScheme,
  type ExpositionFormat,
  formatOf,
  OFFERED_FORMATS,
  type OfferedFormat,
  TEXT_0_0_4,
} from './format.ts';
import { type HeaderMember, parseHeaderList } from './http-list.ts';

const ESCAPING: ReadonlySet<string> = new Set<EscapingScheme>([
  'allow-utf-8',
  'underscores',
  'dots',
  'values',
]);

/**
 * Chooses the format of a response from the `Accept` header. Pure; never fails: a header that asks
 * for nothing on offer gets text 0.0.4, which every scraper reads.
 *
 * The named format with the highest weight wins, at a tie the one named first. A media type without
 * a version means OpenMetrics 0.0.1 or text 0.0.4, as in Go. Wildcards name no format: they get
 * text
 * 0.0.4. Unlike Go's handler, a weight of 0 excludes, `escaping` counts only in the clause that is
 * chosen, media types are read without regard to case, and text 1.0.0 is answered where it is
 * asked.
 *
 * @param accept - the header's value; several headers joined by commas.
 * @param offered - the formats to choose from; text 0.0.4 stands in for them where all are refused.
 */
export function negotiate(
  accept: string | undefined,
  offered: readonly OfferedFormat[] = OFFERED_FORMATS,
): ExpositionFormat {
  const clauses = parseHeaderList(accept ?? '');
  const allowed = offered.filter((format) => !isExcluded(format, clauses));
  let best: HeaderMember | undefined;
  let chosen: OfferedFormat | undefined;
  for (const clause of clauses) {
    const format = namedFormat(clause, allowed);
    if (format === undefined) continue;
    if (best !== undefined && best.q >= clause.q) continue;
    best = clause;
    chosen = format;
  }
  if (best !== undefined && chosen !== undefined) return formatOf(chosen, escapingOf(best));
  return formatOf(allowed[0] ?? TEXT_0_0_4, 'underscores');
}

/**
 * The format that a clause asks for by name; none for a wildcard or a version that is not on offer.
 */
function namedFormat(
  { value, parameters }: HeaderMember,
  allowed: readonly OfferedFormat[],
): OfferedFormat | undefined {
  const unversioned = value === TEXT_0_0_4.encoder.mediaType ? TEXT_0_0_4.version : '0.0.1';
  const version = parameters.get('version') ?? unversioned;
  return allowed.find((f) => f.encoder.mediaType === value && f.version === version);
}

/** Whether the most specific clause that covers a format has the weight 0 (RFC 9110, 12.5.1). */
function isExcluded(format: OfferedFormat, clauses: readonly HeaderMember[]): boolean {
  let mostSpecific = -1;
  let q = 1;
  for (const clause of clauses) {
    const specificity = coverage(clause, format);
    if (specificity > mostSpecific) {
      mostSpecific = specificity;
      q = clause.q;
    }
  }
  return q === 0;
}

/** How exactly a clause covers a format; -1 for not at all. */
function coverage({ value, parameters }: HeaderMember, offered: OfferedFormat): number {
  const { mediaType } = offered.encoder;
  if (value === '*/*') return 0;
  if (value.endsWith('/*')) return mediaType.startsWith(value.slice(0, -1)) ? 1 : -1;
  if (value !== mediaType) return -1;
  const version = parameters.get('version');
  if (version === undefined) return 2;
  return version === offered.version ? 3 : -1;
}

function escapingOf({ parameters }: HeaderMember): EscapingScheme {
  const asked = parameters.get('escaping') ?? '';
  return ESCAPING.has(asked) ? (asked as EscapingScheme) : 'underscores';
}
