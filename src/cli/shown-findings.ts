import type { LintFinding, LintReport, Severity } from '../parse/index.ts';

/** How many findings are shown. */
export const MOST_FINDINGS = 1000;
const WEIGHTS: Readonly<Record<Severity, number>> = { info: 0, warning: 1, error: 2 };

/** The findings that count. */
export interface SelectedFindings {
  /**
   * The findings that are shown, in the order of the page; errors have the first right to a place.
   */
  readonly findings: readonly LintFinding[];
  /** How many findings count, those that are not shown included. */
  readonly findingCount: number;
  /** How many of them there are of each severity. */
  readonly severities: Readonly<Record<Severity, number>>;
}

/** Selects the findings of a severity or a greater one; the totals are those of the page. */
export function selectFindings(report: LintReport, least: Severity): SelectedFindings {
  const counted = report.findings.filter(({ severity }) => WEIGHTS[severity] >= WEIGHTS[least]);
  const severities = { error: 0, warning: 0, info: 0 };
  for (const { severity } of counted) severities[severity]++;
  // The linter counts faults of the format that it does not keep. All of these are errors.
  severities.error += report.findingCount - report.findings.length;
  const isShown = new Set(
    counted.toSorted((a, b) => WEIGHTS[b.severity] - WEIGHTS[a.severity]).slice(0, MOST_FINDINGS),
  );
  return {
    findings: counted.filter((finding) => isShown.has(finding)),
    findingCount: severities.error + severities.warning + severities.info,
    severities,
  };
}
