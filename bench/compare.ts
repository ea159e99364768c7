import { baseCheckout } from './driver/base-checkout.ts';
import { type Matrix, runMatrices } from './driver/run.ts';
import { SUBJECTS, type SubjectPlan } from './driver/subject-list.ts';
import { BASE_SUFFIX, comparisonTable } from './report/comparison.ts';
import { Summary } from './report/summary.ts';

/** What is compared: everything that is ours. */
export interface ComparePlan {
  readonly ref: string;
  readonly series: readonly number[];
  readonly rounds: number;
  readonly subjects: readonly SubjectPlan[];
}

/**
 * Measures a commit and this checkout in turns, and prints the table. Returns whether nothing
 * became worse.
 */
export async function compare({ ref, series, rounds, subjects }: ComparePlan): Promise<boolean> {
  const { commit, folder } = baseCheckout(ref);
  const own = subjects.filter(({ kind }) => kind === 'own');
  // Each pair runs back to back: what slows the machine down for minutes slows down both.
  const pairs = own.flatMap((plan): SubjectPlan[] => {
    const name = plan.name + BASE_SUFFIX;
    return [{ ...plan, name, factory: plan.name, checkout: folder }, plan];
  });
  const matrices = series.map((size): Matrix => {
    return { series: size, names: 'regular', rounds, subjects: pairs, withBlocks: false };
  });
  const results = await runMatrices(matrices);
  for (const gap of results.gaps) console.log(gap);
  const names = own.map(({ name }) => name);
  const { text, isGood } = comparisonTable(new Summary(results), names);
  console.log(`This checkout against ${commit.slice(0, 12)}, ${rounds} rounds\n\n${text}`);
  return isGood && results.gaps.length === 0;
}

/** The subjects that are compared if the command line names none. */
export const COMPARED: readonly SubjectPlan[] = SUBJECTS.filter(({ name }) =>
  ['snapscrape', 'snapscrape + MemoryStore', 'snapscrape + array'].includes(name),
);
