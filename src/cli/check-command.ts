import { SnapscrapeError } from '../model/errors.ts';
import { formatOf } from '../parse/content-type.ts';
import { type Exposition, parseExposition } from '../parse/index.ts';
import { lintWithout } from '../parse/lint.ts';
import { CHECK_USAGE, type CheckArguments, readArguments } from './check-arguments.ts';
import { githubReport, humanReport, jsonReport, type ShownReport } from './check-output.ts';
import type { Terminal } from './command.ts';
import { differencesOf, githubDifferences, humanDifferences } from './page-diff.ts';
import { fetchPage, type InputOptions } from './page-input.ts';
import { shownTarget } from './page-target.ts';
import { plain, plainJson } from './plain-text.ts';
import { MOST_FINDINGS, selectFindings } from './shown-findings.ts';

/** Runs `snapscrape check`: returns 0 if nothing is found, 1 for findings, 2 if it cannot read. */
export async function check(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const asked = readArguments(args);
    if (asked === undefined) {
      terminal.out(CHECK_USAGE);
      return 0;
    }
    return await (asked.other === undefined ? checkOne(asked, terminal) : compare(asked, terminal));
  } catch (error) {
    if (!(error instanceof SnapscrapeError)) throw error;
    terminal.error(`snapscrape: ${plain(error.message)}\n`);
    return 2;
  }
}

async function checkOne(asked: CheckArguments, terminal: Terminal): Promise<number> {
  const page = await fetchPage(asked.target, { ...asked, input: terminal.input });
  const report = await lintWithout(asked.ignored, page.bytes, {
    format: page.format,
    rules: asked.rules,
    maxBytes: asked.maxBytes,
    maxFaults: MOST_FINDINGS,
  });
  const selected = selectFindings(report, asked.severity);
  const { rules } = asked;
  const target = shownTarget(asked.target);
  const shown: ShownReport = { target, rules, format: page.format, report, ...selected };
  if (asked.output === 'json') terminal.out(jsonReport(shown));
  else if (asked.output === 'github') terminal.out(githubReport(shown));
  else terminal.out(humanReport(shown, terminal.isColored));
  return selected.findingCount === 0 ? 0 : 1;
}

async function compare(asked: CheckArguments, terminal: Terminal): Promise<number> {
  const options = { ...asked, input: terminal.input };
  const before = await expositionOf(asked.target, options);
  const after = await expositionOf(asked.other!, options);
  const differences = differencesOf(before, after);
  if (asked.output === 'json') terminal.out(plainJson({ differences }));
  else if (asked.output === 'github') terminal.out(githubDifferences(differences));
  else terminal.out(humanDifferences(differences));
  return differences.length === 0 ? 0 : 1;
}

/**
 * What a page holds.
 *
 * @throws SnapscrapeError `input_failed` if Prometheus could not read the page, or it has no
 *   metrics.
 */
async function expositionOf(target: string, options: InputOptions): Promise<Exposition> {
  const { bytes, format } = await fetchPage(target, options);
  const page = parseExposition(bytes, { format, rules: 'tolerant', maxBytes: options.maxBytes });
  const [first] = page.faults;
  if (first !== undefined) {
    const count = page.faultCount === 1 ? 'one place' : `${page.faultCount} places`;
    throw new SnapscrapeError(
      'input_failed',
      `${shownTarget(target)}: ${count} cannot be read, the first in line ${first.line}; ` +
        'nothing was compared. Run "snapscrape check" on it',
    );
  }
  // OpenMetrics says with # EOF that a page without metrics is a whole one.
  const isText = formatOf(format) === 'text';
  if (isText && page.points.length + page.families.length === 0) {
    throw new SnapscrapeError('input_failed', `${shownTarget(target)}: there are no metrics in it`);
  }
  return page;
}
