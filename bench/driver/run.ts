import { mkdirSync } from 'node:fs';
import { Workload, type WorkloadShape } from '../workload/workload.ts';
import { describeMachine } from './machine.ts';
import { measureSubject, type Task } from './measure-subject.ts';
import type { Observation, Results } from './observation.ts';
import { expectedSum } from './page-check.ts';
import { buildGoExporter, CACHE, installPeers, writePoints } from './preparation.ts';
import type { SubjectPlan } from './subject-list.ts';
import type { Launch } from './subject-process.ts';

/** One workload and its subjects. */
export interface Matrix extends WorkloadShape {
  readonly rounds: number;
  readonly subjects: readonly SubjectPlan[];
  /** Whether the last round looks at a hundred scrapes and refreshes for their longest blocks. */
  readonly withBlocks: boolean;
}

const LARGE = 500_000;

/** Measures everything, reports progress on stderr, and returns the results. */
export async function runMatrices(
  matrices: readonly Matrix[],
  profiles?: string,
): Promise<Results> {
  const begun = performance.now();
  const gaps: string[] = [];
  const tell = (gap: string): void => {
    if (gaps.includes(gap)) return;
    gaps.push(gap);
    console.error(gap);
  };
  installPeers();
  const needsGo = matrices.some(({ subjects }) => subjects.some((plan) => plan.runtime === 'go'));
  const launch: Launch = { goExporter: needsGo ? buildGoExporter(tell) : undefined, profiles };
  const observations: Observation[] = [];
  const versions: Record<string, string> = {};
  for (const matrix of matrices) {
    for (const task of tasksOf(matrix, launch)) {
      const { plan, series, names, round } = task;
      const seconds = ((performance.now() - begun) / 1000).toFixed(0).padStart(4);
      console.error(`${seconds} s  ${series} ${names}, round ${round}: ${plan.name}`);
      try {
        const measured = await measureSubject(task);
        if (measured.version !== undefined) versions[plan.name] = measured.version;
        observations.push(...measured.observations);
      } catch (error) {
        tell(`${plan.name} failed with ${series} ${names} series: ${(error as Error).message}`);
      }
    }
  }
  const rounds = Math.max(...matrices.map((matrix) => matrix.rounds));
  const machine = describeMachine();
  return { date: new Date().toISOString(), machine, versions, gaps, rounds, observations };
}

/** The tasks of one workload: round by round, in another order each, so that drifts even out. */
function* tasksOf(matrix: Matrix, launch: Launch): Generator<Task> {
  const { series, names, rounds, subjects } = matrix;
  const workload = new Workload({ series, names });
  const expected = expectedSum(workload);
  mkdirSync(CACHE, { recursive: true });
  const pointsFile = `${CACHE}/points-${series}-${names}.tsv`;
  if (launch.goExporter !== undefined) writePoints(workload, pointsFile);
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const plan = subjects[(i + round - 1) % subjects.length]!;
      if (plan.runtime === 'go' && launch.goExporter === undefined) continue;
      if (series < plan.leastSeries) continue;
      if (series >= LARGE && round > plan.largeRounds) continue;
      const withBlocks = matrix.withBlocks && round === rounds;
      yield { series, names, plan, round, expected, pointsFile, launch, withBlocks };
    }
  }
}
