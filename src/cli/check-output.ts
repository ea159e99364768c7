import type { LintFinding, LintReport, Severity } from '../parse/index.ts';
import { plain, plainJson } from './plain-text.ts';
import type { SelectedFindings } from './shown-findings.ts';

/** What is shown of a report. */
export interface ShownReport extends SelectedFindings {
  readonly rules: 'specification' | 'prometheus';
  /** The file, URL or `-`. */
  readonly target: string;
  readonly format: string;
  readonly report: LintReport;
}

const COLORS: Readonly<Record<Severity, number>> = { error: 31, warning: 33, info: 36 };

/**
 * Findings for people: the line, the place in it, the reason, the remedy and what Prometheus does.
 */
export function humanReport(shown: ShownReport, isColored: boolean): string {
  const { target, findings } = shown;
  const paint = (code: number, text: string): string =>
    isColored ? `\u001b[${code}m${text}\u001b[0m` : text;
  const blocks = findings.map((finding) => {
    const { line, column, severity, rule, message, remedy, prometheus } = finding;
    const place = line === 0 ? plain(target) : `${plain(target)}:${line}:${column}`;
    const family = finding.family === undefined ? '' : ` (${plain(finding.family)})`;
    return [
      `${place}: ${paint(COLORS[severity], severity)} ${rule}`,
      `  ${plain(message)}${family}.`,
      ...markedLine(finding),
      `  To do: ${plain(remedy)}.`,
      `  Prometheus: ${prometheus}`,
      '',
    ].join('\n');
  });
  return [...blocks, summary(shown)].join('\n');
}

function markedLine({ line, excerpt, mark }: LintFinding): string[] {
  if (excerpt === '') return [];
  const number = String(line);
  const indent = ' '.repeat(number.length);
  // The place moves with each escape before it.
  const before = plain(excerpt.slice(0, mark)).length;
  return [`    ${number} | ${plain(excerpt)}`, `    ${indent} | ${' '.repeat(before)}^`];
}

function summary(shown: ShownReport): string {
  const { report, findings, findingCount, severities } = shown;
  const counts = (['error', 'warning', 'info'] as const).flatMap((severity) =>
    severities[severity] === 0 ? [] : [`${severities[severity]} of severity ${severity}`],
  );
  const found = counts.length === 0 ? 'Nothing found' : `Found: ${counts.join(', ')}`;
  const size = `${report.points} points in ${report.families.length} families, ${report.bytes} bytes`;
  const isCut = findingCount > findings.length;
  const more = isCut ? ` ${findings.length} of ${findingCount} findings are shown.` : '';
  const hasStopped = shown.rules === 'prometheus' && findingCount > 0;
  const rest = hasStopped ? ' Prometheus stops at the first place; the rest was not checked.' : '';
  return `${found}. ${size}.${more}${rest}\n`;
}

/** A report for programs. */
export function jsonReport({ report, ...shown }: ShownReport): string {
  return plainJson({ ...report, ...shown });
}

/** Findings as annotations of GitHub. */
export function githubReport({ target, findings }: ShownReport): string {
  const levels: Readonly<Record<Severity, string>> = {
    error: 'error',
    warning: 'warning',
    info: 'notice',
  };
  return findings
    .map(({ severity, line, column, rule, message, remedy, prometheus }) => {
      const place = line === 0 ? '' : `,line=${line},col=${column}`;
      const text = commandData(`${message}. ${remedy}. Prometheus: ${prometheus}`);
      return `::${levels[severity]} file=${property(target)}${place},title=${property(rule)}::${text}\n`;
    })
    .join('');
}

function commandData(text: string): string {
  return plain(text).replaceAll('%', '%25');
}

function property(text: string): string {
  return commandData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
