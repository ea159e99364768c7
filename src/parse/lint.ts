import { createReader } from './create-reader.ts';
import type { ExposedFamily, ExpositionFault, PagePlace, ParseOptions } from './exposition.ts';
import type { ExpositionReader } from './exposition-reader.ts';
import { InvalidExpositionError, placeOf } from './fault-log.ts';
import { FamilyFacts } from './lint-facts.ts';
import { endingUnit, labelFindings, nameFindings } from './lint-names.ts';
import type { LintFinding, LintReport } from './lint-report.ts';
import { RULES, type RuleId } from './lint-rules.ts';
import {
  piecesFrom,
  piecesOf,
  type StreamedPage,
  settingsOf,
  type WholePage,
} from './parse-exposition.ts';

const LARGE_PAGE = 10 * 1024 * 1024;

/**
 * Checks a page by the rules of its format and by those that a good page keeps beside them.
 *
 * Never refuses a page: what is wrong is a finding. By `rules: 'prometheus'` only the first place
 * is found at which a Prometheus server would fail the scrape. Memory: as that of
 * `parseExposition()`, without the points.
 *
 * @throws `invalid_options` if an option is wrong; what a stream throws.
 */
export async function lintExposition(
  page: WholePage | StreamedPage,
  options?: ParseOptions,
): Promise<LintReport> {
  return await lintWithout(new Set(), page, options);
}

/**
 * Checks a page as {@link lintExposition} does, some rules left out.
 *
 * Findings of these rules take no places and are not counted. A fault behind which nothing can be
 * read is found in any case. What is counted and not kept are faults of the format.
 */
export async function lintWithout(
  ignored: ReadonlySet<string>,
  page: WholePage | StreamedPage,
  options?: ParseOptions,
): Promise<LintReport> {
  const settings = { ...settingsOf('lintExposition', options), ignored };
  const lines = new Map<string, PagePlace>();
  const reader = createReader(settings, (name, place) => {
    if (!lines.has(name)) lines.set(name, placeOf(place, place.lineAt));
  });
  const facts = new Map<string, FamilyFacts>();
  let bytes = 0;
  try {
    for await (const piece of piecesFrom(page)) {
      for (const part of piecesOf(piece)) {
        bytes += part.length;
        reader.write(part);
        note(reader, facts);
      }
    }
    reader.end();
    note(reader, facts);
  } catch (error) {
    if (!(error instanceof InvalidExpositionError)) throw error;
  }
  const all = settings.rules === 'prometheus' ? [] : [...findingsOf(facts, settings.format, lines)];
  if (bytes > LARGE_PAGE && settings.rules !== 'prometheus') {
    all.push(finding('large_page', undefined, `${bytes} bytes`));
  }
  const own = all.filter(({ rule }) => !ignored.has(rule));
  const ofFormat = reader.log.kept.map(ofFault);
  const findings = [...ofFormat, ...own].sort((a, b) => a.line - b.line || a.column - b.column);
  const families = [...facts.values()].map((family) => family.count());
  return {
    findings,
    findingCount: reader.log.count + own.length,
    families: families.sort((a, b) => b.points - a.points),
    points: families.reduce((sum, family) => sum + family.points, 0),
    bytes,
  };
}

/** Takes what has been read into account. */
function note(reader: ExpositionReader, facts: Map<string, FamilyFacts>): void {
  const { families, points } = reader.take();
  const of = (name: string): FamilyFacts => {
    let family = facts.get(name);
    if (family === undefined) facts.set(name, (family = new FamilyFacts(name)));
    return family;
  };
  for (const point of points) of(point.name).add(point);
  for (const family of families) of(family.name).describe(family);
}

function* findingsOf(
  facts: ReadonlyMap<string, FamilyFacts>,
  format: string,
  lines: ReadonlyMap<string, PagePlace>,
): Generator<LintFinding> {
  const isOpenMetrics = format.startsWith('openmetrics');
  const escaped = new Map<string, string>();
  for (const facted of facts.values()) {
    const { family, name } = facted;
    const place = lines.get(name) ?? lines.get(name.replace(/_(?:total|info)$/, ''));
    const of = (rule: RuleId, detail?: string): LintFinding => finding(rule, place, detail, name);
    const isPart = isPartOfComposite(family, facts);
    if (!isPart) for (const { rule, detail } of nameFindings(family)) yield of(rule, detail);
    for (const label of facted.labels.keys()) {
      for (const { rule, detail } of labelFindings(label, family)) yield of(rule, detail);
      if (label === 'job' || label === 'instance') yield of('target_label', label);
    }
    if (family.type === 'unknown' && !isPart) yield of('type_missing');
    const unit = endingUnit(name);
    if (isOpenMetrics && unit !== undefined && family.unit === undefined)
      yield of('unit_missing', unit);
    yield* facted.findings(of);
    const plain = name.replace(/[^a-zA-Z0-9_]/g, '_');
    const other = escaped.get(plain);
    if (other === undefined) escaped.set(plain, name);
    else yield of('escaped_names', `${other} and ${name}`);
  }
}

/**
 * Whether samples are lines of a histogram or summary that are given as they are.
 *
 * The metadata of that family is theirs too. So it is with a gauge histogram in text, which has
 * buckets without a sum and a count.
 */
function isPartOfComposite(
  { name, type, help }: ExposedFamily,
  facts: ReadonlyMap<string, FamilyFacts>,
): boolean {
  if (type !== 'unknown' || help !== undefined) return false;
  const base = /^(.+)_(?:bucket|sum|count|gsum|gcount)$/s.exec(name)?.[1];
  const baseType = base === undefined ? undefined : facts.get(base)?.family.type;
  return baseType !== undefined && /^(?:gauge)?histogram$|^summary$/.test(baseType);
}

/** A fault of the format as a finding. */
function ofFault(fault: ExpositionFault): LintFinding {
  const { severity, prometheus } = RULES[fault.rule];
  return { severity, ...fault, prometheus };
}

function finding(
  rule: RuleId,
  place: PagePlace | undefined,
  detail: string | undefined,
  family?: string,
): LintFinding {
  const { severity, reason, remedy, prometheus } = RULES[rule];
  const message = detail === undefined ? reason : `${reason}: ${detail}`;
  return {
    rule,
    severity,
    ...(place ?? { line: 0, column: 1, excerpt: '', mark: 0 }),
    ...(family !== undefined && { family }),
    message,
    remedy,
    prometheus,
  };
}
