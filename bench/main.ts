// Measures snapscrape beside its peers and writes docs/benchmarks.md: `npm run bench`.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compare } from './compare.ts';
import type { Results } from './driver/observation.ts';
import { CACHE } from './driver/preparation.ts';
import { type Matrix, runMatrices } from './driver/run.ts';
import { SUBJECTS, type SubjectPlan, TYPICAL_CHANGE } from './driver/subject-list.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import { measureOrdinary } from './ordinary/ordinary.ts';
import { ordinaryTables, writeOrdinary } from './ordinary/report.ts';
import { measureStarts } from './ordinary/start.ts';
import { SUBJECT_NAMES } from './ordinary/subjects.ts';
import { quickCheck } from './quick-check.ts';
import { Summary } from './report/summary.ts';
import { targetTable } from './report/targets.ts';
import { writeReport } from './report/write-report.ts';

/** The harder workload is measured once, with those that tell what it changes. */
const HARDER = ['snapscrape', 'static Buffer', 'prom-client', 'Go client_golang'];

async function main(options: BenchOptions): Promise<void> {
  if (options.quick) {
    if (!(await quickCheck())) process.exitCode = 1;
    return;
  }
  if (options.ordinary) {
    const { series, rounds, ordinarySubjects, profiles } = options;
    const results = await measureOrdinary(series, { rounds, names: ordinarySubjects, profiles });
    const tables = ordinaryTables(results, await measureStarts(rounds));
    // A quick look at some subjects is no report.
    if (ordinarySubjects.length === SUBJECT_NAMES.length) writeOrdinary(options.out, tables);
    console.log(tables);
    return;
  }
  const { compare: ref, ...plan } = options;
  if (ref !== undefined) {
    if (!(await compare({ ...plan, ref }))) process.exitCode = 1;
    return;
  }
  const results = options.from === undefined ? await measure(options) : readResults(options.from);
  writeReport(results, options.out);
  console.log(targetTable(new Summary(results)));
  console.log(`The whole report is in ${options.out}`);
}

async function measure({ series, rounds, subjects, profiles }: BenchOptions): Promise<Results> {
  const most = Math.max(...series);
  const regular = series.map((size): Matrix => {
    return { series: size, names: 'regular', rounds, subjects, withBlocks: size === most };
  });
  const harder: Matrix = {
    series: most,
    names: 'random',
    rounds: 1,
    subjects: SUBJECTS.filter((plan) => subjects.includes(plan) && HARDER.includes(plan.name)).map(
      (plan): SubjectPlan => ({ ...plan, changes: plan.changes.filter((c) => isTypical(c)) }),
    ),
    withBlocks: false,
  };
  const results = await runMatrices([...regular, harder], profiles);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(`${CACHE}/results.json`, JSON.stringify(results));
  return results;
}

function isTypical({ kind, share }: typeof TYPICAL_CHANGE): boolean {
  return kind === TYPICAL_CHANGE.kind && share === TYPICAL_CHANGE.share;
}

function readResults(path: string): Results {
  // Written by this program: its shape is known.
  return JSON.parse(readFileSync(path, 'utf8')) as Results;
}

function optionsOrExit(): BenchOptions {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    console.log(USAGE);
    process.exit(0);
  }
  try {
    return readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

await main(optionsOrExit());
