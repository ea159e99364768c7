import { ORDINARY, writeSection } from '../report/section.ts';
import { count, number, table, times } from '../report/text.ts';
import type { OrdinaryResult } from './ordinary.ts';
import { START_SERIES, STARTERS, type StartReading, type StartResult } from './start.ts';

const PEERS = ['prom-client', '@prometheus-io/client'];

const METHOD = `Gauges of eight families with three labels. In each cycle all values change, the page is
brought up to date, and another process scrapes it once with gzip. Numbers are the CPU of the serving
process for a cycle in ms (medians of all rounds), making the points included. A client is reset, set,
rendered and compressed at level 1. **ratio** is to the cheapest client of Node. The Go program has
values of its own of the same kinds, const gauges and promhttp's gzip.`;

/** By series: what a cycle may cost at most, as a ratio to the cheapest client's. */
const TARGETS: readonly (readonly [series: number, subject: string, most: number])[] = [
  [300, 'snapscrape, fresh objects', 0.8],
  [300, 'snapscrape + MemoryStore', 1],
  [3_000, 'snapscrape, fresh objects', 0.4],
  [3_000, 'snapscrape + MemoryStore', 0.45],
  [12_000, 'snapscrape, fresh objects', 0.25],
  [12_000, 'snapscrape + MemoryStore', 0.3],
  [100_000, 'snapscrape, fresh objects', 0.25],
  [100_000, 'snapscrape + MemoryStore', 0.33],
];

type Field = 'cpu' | 'main' | 'block' | 'garbage' | 'rss';

/** Tables of the results: what a cycle costs, and what else it does to the process. */
export function ordinaryTables(
  results: readonly OrdinaryResult[],
  starts: readonly StartResult[],
): string {
  const sizes = [...new Set(results.map(({ series }) => series))];
  const median = (subject: string, series: number, field: Field): number => {
    const same = results.filter((each) => each.subject === subject && each.series === series);
    return middle(same.map((result) => result[field] ?? Number.NaN));
  };
  const best = (series: number): number =>
    Math.min(...PEERS.map((peer) => median(peer, series, 'cpu')).filter(Number.isFinite));
  const targets = TARGETS.filter(([series]) => sizes.includes(series)).map(
    ([series, subject, most]) => {
      const measured = median(subject, series, 'cpu') / best(series);
      return [
        `${count(series)} series, ${subject}`,
        `≤ ${times(most)}`,
        ...verdict(measured, most),
      ];
    },
  );
  const names = [...new Set(results.map(({ subject }) => subject))];
  const costs = names.map((name) => [
    name,
    ...sizes.flatMap((series) => {
      const cpu = median(name, series, 'cpu');
      return [number(cpu), ratio(cpu / best(series))];
    }),
  ]);
  const head = sizes.flatMap((series) => [`${count(series)} series`, 'ratio']);
  const largest = sizes.at(-1)!;
  const more = names.map((name) => [
    name,
    number(median(name, largest, 'main')),
    number(median(name, largest, 'block')),
    number(median(name, largest, 'garbage')),
    number(median(name, largest, 'rss') / 1e6),
  ]);
  return [
    table(['CPU of a cycle against the cheapest client', 'target', 'measured', ''], targets),
    table(['CPU of a cycle, ms', ...head], costs),
    table(
      [`${count(largest)} series`, 'main thread', 'longest block', 'garbage', 'resident MB'],
      more,
    ),
    startTable(starts),
  ].join('\n');
}

function startTable(starts: readonly StartResult[]): string {
  const median = (subject: string, field: keyof StartReading): number =>
    middle(starts.filter((start) => start.subject === subject).map((start) => start[field] ?? NaN));
  const rows = STARTERS.map((name) => [
    name,
    number(median(name, 'imported')),
    number(median(name, 'cpu')),
    number(median(name, 'memory') / 1e6),
  ]);
  const head = ['import, CPU ms', `to the first page of ${count(START_SERIES)} series, CPU ms`];
  return table(['a start', ...head, 'private MB then'], rows);
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** A ratio; a dash if no client was measured. */
function ratio(value: number): string {
  return times(Number.isFinite(value) && value > 0 ? value : undefined);
}

function verdict(measured: number, most: number): readonly [measured: string, verdict: string] {
  if (!(measured > 0)) return [ratio(measured), ''];
  return [ratio(measured), measured <= most ? 'met' : '**not met**'];
}

/** Writes the tables into a report that is there, or begins one. */
export function writeOrdinary(path: string, tables: string): void {
  writeSection(path, ORDINARY, `## The ordinary exporter\n\n${METHOD}\n\n${tables.trim()}`);
}
