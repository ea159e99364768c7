import { parseArgs } from 'node:util';
import { COMPARED } from './compare.ts';
import { SUBJECTS, type SubjectPlan } from './driver/subject-list.ts';
import { SUBJECT_NAMES } from './ordinary/subjects.ts';

/** What the command line asks for. */
export interface BenchOptions {
  /** How many series, one run each. */
  readonly series: readonly number[];
  readonly rounds: number;
  readonly subjects: readonly SubjectPlan[];
  /** Whether only the reduced run is made, which fails where a ratio is too bad. */
  readonly quick: boolean;
  /** Whether only the ordinary exporter is measured, which replaces its table in the report. */
  readonly ordinary: boolean;
  /** What is measured then. */
  readonly ordinarySubjects: readonly string[];
  /** A commit to compare this checkout with, instead of peers; undefined for the usual run. */
  readonly compare: string | undefined;
  /** Where the report goes; charts go into a folder of the same name beside it. */
  readonly out: string;
  /** Results of an earlier run, to write the report from without measuring. */
  readonly from: string | undefined;
  /** Where subjects leave profiles. */
  readonly profiles: string | undefined;
}

export const USAGE = `npm run bench -- [options]
  --series=12000,100000,1000000   how many series, one run each
  --rounds=3                      how often each subject is measured, in turns (5 with --compare)
  --only=snapscrape,prom-client   subjects of these names, or whose names begin so
  --out=docs/benchmarks.md        where the report goes, with charts in a folder beside it
  --from=results.json             writes the report of an earlier run, which lies in .cache/bench
  --quick                         a reduced run that fails where a ratio is too bad; no report
  --ordinary                      the exporter in which all values change, beside its peers
  --compare=ref                   this checkout beside a commit, in turns; fails if something is worse
  --profiles=folder               where each process leaves a profile of its processor time (.cpuprofile)`;

const SIZES = '12000,100000,1000000';
const ORDINARY_SIZES = '300,1000,3000,12000,100000';

/** Reads the command line; throws an error that says what is wrong with it. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      series: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string', default: '' },
      out: { type: 'string', default: 'docs/benchmarks.md' },
      from: { type: 'string' },
      compare: { type: 'string' },
      profiles: { type: 'string' },
      quick: { type: 'boolean', default: false },
      ordinary: { type: 'boolean', default: false },
    },
  });
  const { only, ordinary } = values;
  return {
    series: (values.series ?? (ordinary ? ORDINARY_SIZES : SIZES))
      .split(',')
      .map((text) => wholeNumber('series', text, 1)),
    rounds: wholeNumber('rounds', values.rounds ?? (values.compare === undefined ? '3' : '5'), 1),
    subjects: ordinary
      ? []
      : only === '' && values.compare !== undefined
        ? COMPARED
        : chosen(only, SUBJECTS, ({ name }) => name),
    ordinarySubjects: ordinary ? chosen(only, SUBJECT_NAMES, (name) => name) : [],
    compare: values.compare,
    quick: values.quick,
    ordinary,
    out: values.out,
    from: values.from,
    profiles: values.profiles,
  };
}

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= least) return number;
  throw new Error(`--${name} (${text}) must be a whole number of at least ${least}`);
}

function chosen<T>(only: string, all: readonly T[], nameOf: (item: T) => string): readonly T[] {
  if (only === '') return all;
  return only.split(',').flatMap((start) => {
    const exact = all.filter((item) => nameOf(item) === start);
    const found = exact.length > 0 ? exact : all.filter((item) => nameOf(item).startsWith(start));
    if (found.length > 0) return found;
    const names = all.map(nameOf).join('; ');
    throw new Error(`--only (${start}) begins the name of no subject; there are: ${names}`);
  });
}
