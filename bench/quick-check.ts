import type { Measure } from './driver/observation.ts';
import { refreshOf } from './driver/observation.ts';
import { type Matrix, runMatrices } from './driver/run.ts';
import { SUBJECTS, type SubjectPlan, TYPICAL_CHANGE } from './driver/subject-list.ts';
import { measureOrdinary } from './ordinary/ordinary.ts';
import { type Field, Summary } from './report/summary.ts';
import { number } from './report/text.ts';
import type { Change, WorkloadShape } from './workload/workload.ts';

/** A ratio of two things that were measured in the same run, and what it may be at most. */
interface Guard {
  readonly claim: string;
  readonly most: number;
  readonly ratio: (figures: Figures) => number;
}

/** The least value of something: what disturbs a measurement only ever adds to it. */
type Figures = (subject: string, measure: Measure, field: Field) => number;

const SHAPE: WorkloadShape = { series: 100_000, names: 'regular' };
const NOTHING: Change = { kind: 'value', share: 0 };
const REFRESH = refreshOf(TYPICAL_CHANGE);

/**
 * Ratios with room to spare: they are to notice that something broke, not that a machine is busy.
 */
const GUARDS: readonly Guard[] = [
  {
    claim: 'a gzip scrape costs a fiftieth of that of prom-client',
    most: 1 / 50,
    ratio: (least) =>
      least('snapscrape', 'scrape gzip', 'cpu') / least('prom-client', 'scrape gzip', 'cpu'),
  },
  {
    claim: 'a plain scrape costs a tenth of that of prom-client',
    most: 1 / 10,
    ratio: (least) =>
      least('snapscrape', 'scrape identity', 'cpu') /
      least('prom-client', 'scrape identity', 'cpu'),
  },
  {
    claim: 'a gzip scrape costs at most six times that of a static Buffer',
    most: 6,
    ratio: (least) =>
      least('snapscrape', 'scrape gzip', 'cpu') / least('static Buffer', 'scrape gzip', 'cpu'),
  },
  {
    // The first refreshes, before V8 knows them; later ones cost a tenth.
    claim: 'a refresh of 1 % costs the main thread a third of a cold build',
    most: 1 / 3,
    ratio: (least) => least('snapscrape', REFRESH, 'main') / least('snapscrape', 'build', 'main'),
  },
  {
    claim: 'a refresh of nothing costs the main thread a fiftieth of a cold build',
    most: 1 / 50,
    ratio: (least) =>
      least('snapscrape', refreshOf(NOTHING), 'main') / least('snapscrape', 'build', 'main'),
  },
  {
    claim: 'a refresh of 1 % and a gzip scrape cost half of what they cost prom-client',
    most: 1 / 2,
    ratio: (least) => least('snapscrape', 'cycle', 'cpu') / least('prom-client', 'cycle', 'cpu'),
  },
  {
    claim: 'a cold build is sliced: its longest block is a third of it',
    most: 1 / 3,
    ratio: (least) => least('snapscrape', 'build', 'block') / least('snapscrape', 'build', 'wall'),
  },
  {
    claim: 'what is in use after build and scrapes is twice the text',
    most: 2,
    ratio: (least) =>
      (least('snapscrape', 'memory scraped', 'live') -
        least('snapscrape', 'memory empty', 'live')) /
      least('snapscrape', 'scrape identity', 'body'),
  },
];

/**
 * What a cycle of the ordinary exporter may cost at most, as a ratio to the cheapest client's, by
 * series: half as much again as was measured, or more.
 */
const ORDINARY_MOST: ReadonlyMap<number, number> = new Map([
  [300, 2],
  [3_000, 1],
  [12_000, 0.8],
  [100_000, 0.8],
]);
const ORDINARY = 'snapscrape, fresh objects';
const CLIENTS = ['prom-client', '@prometheus-io/client'];

/** Makes the reduced run, prints what came of each ratio, and answers whether all are good. */
export async function quickCheck(): Promise<boolean> {
  const isOrdinaryGood = await checkOrdinary();
  return (await checkLarge()) && isOrdinaryGood;
}

async function checkOrdinary(): Promise<boolean> {
  const names = [ORDINARY, ...CLIENTS];
  const results = await measureOrdinary([...ORDINARY_MOST.keys()], { rounds: 1, names });
  let isGood = true;
  for (const [series, most] of ORDINARY_MOST) {
    const least = (subject: string): number => {
      const same = results.filter((each) => each.subject === subject && each.series === series);
      return Math.min(...same.map(({ cpu }) => cpu));
    };
    const ratio = least(ORDINARY) / Math.min(...CLIENTS.map(least));
    const claim = `a cycle of ${series} series costs no more than the cheapest client's, or so`;
    isGood = tell({ claim, most, value: ratio }) && isGood;
  }
  return isGood;
}

/** Prints what came of a ratio; what was not measured is not good either. */
function tell({ claim, most, value }: Omit<Guard, 'ratio'> & { value: number }): boolean {
  const holds = value <= most;
  const bounds = `${ratioText(value)} (at most ${ratioText(most)})`;
  console.log(`${holds ? 'ok    ' : 'FAILED'} ${claim}: ${bounds}`);
  return holds;
}

async function checkLarge(): Promise<boolean> {
  const matrix: Matrix = { ...SHAPE, rounds: 2, subjects: quickSubjects(), withBlocks: false };
  const results = await runMatrices([matrix]);
  const summary = new Summary(results);
  const least: Figures = (subject, measure, field) =>
    summary.spread(SHAPE, subject, measure, field)?.least ?? Number.NaN;
  let isGood = true;
  for (const { claim, most, ratio } of GUARDS) {
    isGood = tell({ claim, most, value: ratio(least) }) && isGood;
  }
  return isGood;
}

function quickSubjects(): readonly SubjectPlan[] {
  const names = ['snapscrape', 'static Buffer', 'prom-client'];
  return SUBJECTS.filter(({ name }) => names.includes(name)).map((plan) => ({
    ...plan,
    changes: plan.kind === 'own' ? [NOTHING, TYPICAL_CHANGE] : plan.changes.slice(0, 1),
  }));
}

function ratioText(ratio: number): string {
  return ratio < 1 ? `1/${number(1 / ratio)}` : number(ratio);
}
