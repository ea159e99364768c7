import { counterFamilyName } from '../model/family-metadata.ts';
import { type EncodedFamily, type Encoder, escapeHelp, numberSection } from './encoder.ts';
import type { NamePlan } from './name-plan.ts';

/**
 * OpenMetrics 1.0.0 and 0.0.1, whose bytes are the same: TYPE, UNIT, HELP, then the lines; `# EOF`
 * at the end. A counter's family is named without `_total`. A counter that cannot be named so is
 * `unknown`, as in Go's encoder: its name lacks `_total`, or another family owns a name that the
 * counter lays claim to (OpenMetrics 1.0.0, Suffixes).
 *
 * It departs from OpenMetrics 1.0.0 in this:
 *
 * - Names are written as they are given, also those that are reserved: label names that begin with
 *   an underscore (Label), and names of gauges that end as samples of other types do (Suffixes).
 * - The Content-Type has Prometheus's parameter `escaping`.
 */
export const openMetricsEncoder: Encoder = {
  mediaType: 'application/openmetrics-text',
  sections: (family, plan) => [numberSection(() => header(family, plan))],
  pageEnd: '# EOF\n',
};

function header({ name, metadata }: EncodedFamily, plan: NamePlan): string {
  const { type = 'gauge', help, unit } = metadata ?? {};
  const isCounter = type === 'counter' && canBeCounter(name, plan);
  const family = isCounter ? counterFamilyName(name) : name;
  const exposed = type === 'counter' && !isCounter ? 'unknown' : type;
  // A unit that is no suffix of the family's name, as with a counter that became unknown, makes
  // Prometheus fail the scrape.
  const hasUnit = unit !== undefined && family.endsWith(`_${unit}`);
  const unitLine = hasUnit ? `# UNIT ${family} ${unit}\n` : '';
  const helpLine = help === undefined ? '' : `# HELP ${family} ${escapeHelp(help, true)}\n`;
  return `# TYPE ${family} ${exposed}\n${unitLine}${helpLine}`;
}

function canBeCounter(name: string, plan: NamePlan): boolean {
  const family = counterFamilyName(name);
  if (family === '' || family === name || plan.isOwned(family)) return false;
  // `a_created` is claimed by the counter `a`; it may be a family of its own or a counter's.
  return !plan.isOwned(`${family}_created`) && !plan.isOwned(`${family}_created_total`);
}
