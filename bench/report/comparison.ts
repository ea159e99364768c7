import type { Measure } from '../driver/observation.ts';
import type { WorkloadShape } from '../workload/workload.ts';
import type { Field, Summary } from './summary.ts';
import { number, shapeName, table } from './text.ts';

/** What the name of a subject that runs the base's build ends with. */
export const BASE_SUFFIX = ' (base)';

/** How much more than the base something may cost. */
const LIMIT = 1.05;

/** Smaller differences are the meter's own, in ms and in bytes. */
const LEAST_DIFFERENCE = { ms: 0.1, bytes: 2_000_000 } as const;

/** One number of base and head, side by side. */
export interface ComparedFigure {
  /** The median of each round, base and head, round by round. */
  readonly pairs: readonly (readonly [base: number, head: number])[];
  readonly unit: keyof typeof LEAST_DIFFERENCE;
}

/** What a comparison comes to. */
export interface Verdict {
  /** The median of the rounds' ratios, head over base. */
  readonly ratio: number;
  /** The ratio of the least values: noise only ever adds to a measurement. */
  readonly leastRatio: number;
  readonly isWorse: boolean;
}

/**
 * Judges one figure. Head is worse only if its median ratio, the ratio of the least values and
 * their difference all say so, and each of its rounds is worse than each of the base's. Equal
 * builds hardly ever look like that, however unevenly a machine is loaded.
 */
export function judge({ pairs, unit }: ComparedFigure): Verdict {
  const ratio = medianOf(pairs.map(([base, head]) => head / base).sort((a, b) => a - b));
  const bases = pairs.map(([base]) => base);
  const leastBase = Math.min(...bases);
  const leastHead = Math.min(...pairs.map(([, head]) => head));
  const leastRatio = leastHead / leastBase;
  const isWorse =
    ratio > LIMIT &&
    leastRatio > LIMIT &&
    leastHead > Math.max(...bases) &&
    leastHead - leastBase > LEAST_DIFFERENCE[unit];
  return { ratio, leastRatio, isWorse };
}

/** The table of everything that both were measured for, and whether nothing is worse. */
export function comparisonTable(
  summary: Summary,
  subjects: readonly string[],
): { readonly text: string; readonly isGood: boolean } {
  const rows: string[][] = [];
  let isGood = true;
  for (const shape of summary.shapes) {
    for (const subject of subjects) {
      for (const { measure, field, figure } of figuresOf(summary, shape, subject)) {
        const verdict = judge(figure);
        isGood &&= !verdict.isWorse;
        const name = `${shapeName(shape)}: ${subject}, ${measure}, ${field}`;
        rows.push([name, ...cells(figure, verdict)]);
      }
    }
  }
  const head = ['', 'base', 'head', 'ratio', 'of the least', ''];
  return { text: table(head, rows), isGood };
}

function cells({ pairs, unit }: ComparedFigure, verdict: Verdict): string[] {
  const side = (at: 0 | 1): string => {
    const median = medianOf(pairs.map((pair) => pair[at]).sort((a, b) => a - b));
    return unit === 'ms' ? `${number(median)} ms` : `${number(median / 1e6)} MB`;
  };
  const { ratio, leastRatio, isWorse } = verdict;
  return [side(0), side(1), number(ratio), number(leastRatio), isWorse ? '**worse**' : ''];
}

interface NamedFigure {
  readonly measure: Measure;
  readonly field: Field;
  readonly figure: ComparedFigure;
}

function* figuresOf(
  summary: Summary,
  shape: WorkloadShape,
  subject: string,
): Generator<NamedFigure, void, undefined> {
  for (const measure of summary.measures(shape, subject)) {
    const isMemory = measure.startsWith('memory');
    const fields: readonly Field[] = isMemory ? ['live', 'rss'] : ['cpu', 'main'];
    for (const field of fields) {
      const heads = summary.byRound(shape, subject, measure, field);
      const bases = summary.byRound(shape, subject + BASE_SUFFIX, measure, field);
      const pairs = [...heads].flatMap(([round, head]) => {
        const base = bases.get(round);
        return base === undefined || base === 0 ? [] : [[base, head] as const];
      });
      if (pairs.length === 0) continue;
      yield { measure, field, figure: { pairs, unit: isMemory ? 'bytes' : 'ms' } };
    }
  }
}

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
