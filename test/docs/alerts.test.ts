import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { codeBlocks } from '../support/code-blocks.ts';
import { skipWithout, toolPath } from '../support/tools.ts';

// The alerts of the documents, judged by Prometheus's own rule tests: each fires when it should,
// and not before.

const folder = mkdtempSync(join(tmpdir(), 'snapscrape-alerts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const blocks = codeBlocks();

/**
 * Has promtool evaluate expressions over series; each is `[expression, how many series it gives]`.
 */
function judge(
  series: Readonly<Record<string, string>>,
  at: string,
  expressions: readonly (readonly [string, number])[],
): void {
  const input = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  const tests = {
    rule_files: [],
    tests: [
      {
        interval: '1m',
        input_series: input,
        promql_expr_test: expressions.map(([expr, count]) => ({
          expr: `count(${expr}) or vector(0)`,
          eval_time: at,
          exp_samples: [{ labels: '{}', value: count }],
        })),
      },
    ],
  };
  const file = join(folder, 'tests.yml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(tests));
  execFileSync(toolPath('promtool')!, ['test', 'rules', file], { stdio: 'pipe' });
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

const reference = blocks.find(
  ({ place, code }) => place.startsWith('docs/reference.md') && code.startsWith('groups:'),
)!;
const { groups } = parse(reference.code) as Rules;
const alerts = new Map(groups[0]!.rules.map(({ alert, expr }) => [alert, expr]));

describe('the alerts of docs/reference.md', () => {
  skipWithout('promtool');

  const JOB = '{job="exporter"}';
  it.each([
    ['ExporterDown', `up${JOB}`, '1x5 0x30', ['4m', '6m']],
    ['SnapshotOld', `snapscrape_snapshot_age_seconds${JOB}`, '0+60x30', ['5m', '6m']],
    ['ReaderFails', 'snapscrape_reader_up{job="exporter",reader="a"}', '1x5 0x30', ['4m', '6m']],
    // The clock of a rule test begins at 0: written at 60 s, and not again.
    [
      'WriterSilent',
      `snapscrape_store_last_write_timestamp_seconds${JOB}`,
      '60x30',
      ['11m', '12m'],
    ],
    [
      'PointsRejected',
      'snapscrape_rejected_points_total{job="exporter",reason="invalid_name"}',
      '0x5 1x30',
      ['4m', '7m'],
    ],
    ['WritesOlder', `snapscrape_older_writes_total${JOB}`, '0x5 1x30', ['4m', '7m']],
    [
      'WebConfigReloadFailed',
      `snapscrape_web_config_last_reload_successful${JOB}`,
      '1x5 0x30',
      ['4m', '6m'],
    ],
  ] as const)('%s fires when it should', (alert, series, values, [before, after]) => {
    const expression = alerts.get(alert)!;
    judge({ [series]: values }, before, [[expression, 0]]);
    judge({ [series]: values }, after, [[expression, 1]]);
  });

  it('are all judged here', () => {
    expect([...alerts.keys()]).toHaveLength(7);
  });
});

describe('the queries of docs/replicas.md', () => {
  skipWithout('promtool');
  const queries = blocks.find(
    ({ place, language }) => place.startsWith('docs/replicas.md') && language === 'promql',
  )!;
  const tooFew = queries.code.split('\n').find((line) => line.includes('count(up'))!;
  const expression = tooFew.replace(/\s+#.*/, '');

  it.each([
    [[1, 1, 1], 0],
    [[1, 1, 0], 0],
    [[1, 0, 0], 1],
    [[0, 0, 0], 1],
  ])('of replicas that are up as %j, the alert fires %d times', (ups, count) => {
    const series = ups.map((up, at) => [`up{job="replicas",instance="${at}"}`, `${up}x10`]);
    judge(Object.fromEntries(series), '5m', [[expression, count]]);
  });

  it('the alert fires if there is no target at all', () => {
    judge({ 'up{job="other"}': '1x10' }, '5m', [[expression, 1]]);
  });
});
