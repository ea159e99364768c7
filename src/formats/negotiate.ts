import { ESCAPING_SCHEMES, type EscapingScheme } from '../model/key/index.ts';
import { type ExpositionFormat, formatOf, type OfferedFormat, TEXT_0_0_4 } from './format.ts';
import { type HeaderMember, parseHeaderList } from './http-list.ts';

/**
 * Chooses the format of a response from the `Accept` header. Pure; never fails: a header that asks
 * for nothing on offer gets text 0.0.4, which every scraper reads.
 *
 * The named format with the highest weight wins, at a tie the one named first. A media type without
 * a version means OpenMetrics 0.0.1 or text 0.0.4, as in Go. Wildcards name no format: they get
 * text 0.0.4. Unlike Go's handler, a weight of 0 excludes, `escaping` counts only in the clause that
 * is chosen, media types are read without regard to case, and a client that asks for text 1.0.0
 * gets it.
 *
 * @param accept - the header's value; several headers joined by commas.
 * @param offered - the formats to choose from; text 0.0.4 if the client rejects all of them.
 */
export function negotiate(
  accept: string | undefined,
  offered: readonly OfferedFormat[],
): ExpositionFormat {
  const clauses = parseHeaderList(accept ?? '');
  const allowed = offered.filter((format) => !isExcluded(format, clauses));
  let best: HeaderMember | undefined;
  let chosen: OfferedFormat | undefined;
  for (const clause of clauses) {
    const format = allowed.find((candidate) => isNamed(candidate, clause));
    if (format === undefined) continue;
    if (best !== undefined && best.q >= clause.q) continue;
    best = clause;
    chosen = format;
  }
  const format = chosen ?? allowed[0] ?? TEXT_0_0_4;
  return formatOf(format, escapingOf(best) ?? format.escaping);
}

/** Whether a clause asks for a format by name, which no wildcard does. */
function isNamed(format: OfferedFormat, { value, parameters }: HeaderMember): boolean {
  if (value !== format.mediaType) return false;
  return Object.entries(format.parameters).every(
    ([name, wanted]) => (parameters.get(name) ?? format.defaults?.[name]) === wanted,
  );
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
function coverage({ value, parameters }: HeaderMember, format: OfferedFormat): number {
  if (value === '*/*') return 0;
  if (value.endsWith('/*')) return format.mediaType.startsWith(value.slice(0, -1)) ? 1 : -1;
  if (value !== format.mediaType) return -1;
  let specificity = 2;
  for (const [name, wanted] of Object.entries(format.parameters)) {
    const said = parameters.get(name);
    if (said === wanted) specificity++;
    else if (said !== undefined) return -1;
  }
  return specificity;
}

function escapingOf(clause: HeaderMember | undefined): EscapingScheme | undefined {
  const asked = clause?.parameters.get('escaping');
  return ESCAPING_SCHEMES.find((scheme) => scheme === asked);
}
