import { count, number } from '../report/text.ts';
import type { GatewayKind } from './gateway-process.ts';
import type { Figures } from './load.ts';

/** What was measured of a gateway at one number of groups. */
export interface Measured {
  readonly kind: GatewayKind;
  readonly groups: number;
  readonly figures: Figures;
}

const PUSH_GROUPS = 5_000;
const PUSH_CPU_MS = 0.5;
/** What a push to the most groups may take of one to the fewest: what is stored must not count. */
const PUSH_GROWTH = 1.3;

/** The rows of the table of targets: what, its target, what was measured, and whether it is met. */
export function targetRows(all: readonly Measured[]): string[][] {
  const ours = all.filter(({ kind }) => kind.isOurs);
  return [...pushRows(ours), ...scrapeRows(ours, all)];
}

function pushRows(ours: readonly Measured[]): string[][] {
  const rows: string[][] = [];
  for (const { kind, groups, figures } of ours) {
    if (groups !== PUSH_GROUPS) continue;
    const { cpu } = figures.push;
    const target = `≤ ${PUSH_CPU_MS} ms`;
    const what = `${kind.name}, ${count(groups)} groups: a push, CPU`;
    rows.push([what, target, `${number(cpu)} ms`, verdict(cpu <= PUSH_CPU_MS)]);
    const [fewest] = ours.filter((one) => one.kind === kind);
    if (fewest === undefined || fewest.groups === groups) continue;
    const growth = cpu / fewest.figures.push.cpu;
    rows.push([
      `the same against ${count(fewest.groups)} groups`,
      `≤ ${PUSH_GROWTH} ×`,
      `${number(growth)} ×`,
      verdict(growth <= PUSH_GROWTH),
    ]);
  }
  return rows;
}

function scrapeRows(ours: readonly Measured[], all: readonly Measured[]): string[][] {
  return ours.flatMap(({ kind, groups, figures }) => {
    const original = all.find((one) => !one.kind.isOurs && one.groups === groups)?.figures;
    if (original === undefined) return [];
    const row = (what: string, measured: number, beside: number): string[] => [
      `${kind.name}, ${count(groups)} groups: ${what}, CPU`,
      '≤ the original',
      `${number(measured)}; ${number(beside)} ms`,
      verdict(measured <= beside),
    ];
    return [
      row('a scrape after a push', figures.plainScrape, original.plainScrape),
      row('the same with gzip', figures.gzipScrape, original.gzipScrape),
    ];
  });
}

function verdict(isMet: boolean): string {
  return isMet ? 'met' : '**not met**';
}
