import { type Measure, refreshOf } from '../driver/observation.ts';
import { SUBJECTS, TYPICAL_CHANGE } from '../driver/subject-list.ts';
import type { WorkloadShape } from '../workload/workload.ts';
import type { Summary } from './summary.ts';
import { number, table, times } from './text.ts';

/** A figure that is aimed at, and what came of it. */
interface Target {
  readonly aim: string;
  readonly limit: string;
  /** What was measured, as text. */
  readonly measured: string;
  /** Undefined where it was not measured. */
  readonly isMet: boolean | undefined;
}

/** The workload of most targets, and the one in which no peer may be better. */
const LARGE: WorkloadShape = { series: 1_000_000, names: 'regular' };
const SMALL: WorkloadShape = { series: 12_000, names: 'regular' };

/** The table of all targets. */
export function targetTable(summary: Summary): string {
  const targets = [...scrapeTargets(summary), ...refreshTargets(summary), ...smallTargets(summary)];
  const verdict = (isMet: boolean | undefined): string =>
    isMet === undefined ? 'not measured' : isMet ? 'met' : '**not met**';
  return table(
    ['', 'target', 'measured', ''],
    targets.map(({ aim, limit, measured, isMet }) => [aim, limit, measured, verdict(isMet)]),
  );
}

function scrapeTargets(summary: Summary): Target[] {
  const gzipCpu = (name: string): number | undefined =>
    summary.median(LARGE, name, 'scrape gzip', 'cpu');
  const own = gzipCpu('snapscrape');
  const fewer = (name: string): Target => {
    const ratio = quotient(gzipCpu(name), own);
    return {
      aim: `the same against ${name} with gzip`,
      limit: '≥ 500 × less',
      measured: `${times(ratio)} less`,
      isMet: ratio === undefined ? undefined : ratio >= 500,
    };
  };
  const block = (aim: string, measure: Measure): Target =>
    atMost(`longest event-loop block, ${aim}, p99 of 100`, 10, 'ms', {
      value: summary.p99(LARGE, 'snapscrape', measure, 'block'),
      beside: summary.p99(LARGE, 'static Buffer', measure, 'block'),
    });
  return [
    atMost('gzip scrape, nothing changed: CPU against the static Buffer', 1.5, '×', {
      value: quotient(own, gzipCpu('static Buffer')),
    }),
    fewer('prom-client'),
    fewer('Go client_golang'),
    block('gzip scrape', 'block scrape gzip'),
    block('plain scrape', 'block scrape identity'),
    block('refresh of 1 %', 'block refresh'),
  ];
}

function refreshTargets(summary: Summary): Target[] {
  const typical = refreshOf(TYPICAL_CHANGE);
  const small = refreshOf({ kind: 'value', share: 0.0001 });
  const main = summary.median(LARGE, 'snapscrape', typical, 'main');
  const cpu = summary.median(LARGE, 'snapscrape', typical, 'cpu');
  const line = summary.lineBytes(LARGE);
  const resident = (measure: 'memory scraped' | 'memory refreshed'): number | undefined =>
    quotient(summary.bytesPerSeries(LARGE, 'snapscrape', measure, 'rss'), line);
  return [
    atMost('refresh, 1 % changed at random: main thread CPU', 50, 'ms', { value: main }),
    atMost('the same without gzip: the merge alone', 50, 'ms', {
      value: summary.median(LARGE, 'snapscrape without gzip', typical, 'main'),
    }),
    atMost('refresh, 0.01 % changed: main thread CPU', 5, 'ms', {
      value: summary.median(LARGE, 'snapscrape', small, 'main'),
    }),
    atMost('the same without gzip: the merge alone', 5, 'ms', {
      value: summary.median(LARGE, 'snapscrape without gzip', small, 'main'),
    }),
    atMost('refresh, 1 % changed: CPU of other threads (compression)', 150, 'ms', {
      value: cpu === undefined || main === undefined ? undefined : cpu - main,
    }),
    atMost('full refresh, nothing changed, ordered source with ids: CPU', 300, 'ms', {
      value: summary.median(LARGE, 'snapscrape + MemoryStore in order', 'refresh full 1', 'cpu'),
    }),
    atMost('cold build from 1M plain points: CPU', 1500, 'ms', {
      value: summary.median(LARGE, 'snapscrape + array', 'build', 'cpu'),
    }),
    atMost('resident bytes per series, after build and scrapes', 2, '× the line', {
      value: resident('memory scraped'),
    }),
    atMost('the same after all refreshes', 2, '× the line', {
      value: resident('memory refreshed'),
    }),
  ];
}

/** A figure of the small workload, less being better. */
interface Figure {
  readonly name: string;
  readonly of: (subject: string) => number | undefined;
}

function smallTargets(summary: Summary): Target[] {
  const of =
    (measure: Measure, field: 'cpu' | 'block') =>
    (subject: string): number | undefined =>
      summary.median(SMALL, subject, measure, field);
  const figures: readonly Figure[] = [
    { name: 'plain scrape: CPU, ms', of: of('scrape identity', 'cpu') },
    { name: 'gzip scrape: CPU, ms', of: of('scrape gzip', 'cpu') },
    { name: 'plain scrape: longest block, ms', of: of('scrape identity', 'block') },
    { name: 'gzip scrape: longest block, ms', of: of('scrape gzip', 'block') },
    { name: '1 % changed, then a gzip scrape: CPU, ms', of: of('cycle', 'cpu') },
    {
      name: 'everything read or set anew, then a gzip scrape: CPU, ms',
      of: (subject) => sum(of('refresh full 1', 'cpu')(subject), of('scrape gzip', 'cpu')(subject)),
    },
    {
      name: 'cold build and first page: CPU, ms',
      of: (subject) => sum(of('build', 'cpu')(subject), of('first identity', 'cpu')(subject)),
    },
    {
      name: 'resident bytes per series',
      of: (subject) => summary.bytesPerSeries(SMALL, subject, 'memory scraped', 'rss'),
    },
  ];
  return figures.map(({ name, of: figure }) => againstBest(name, figure));
}

function againstBest(name: string, figure: Figure['of']): Target {
  const own = figure('snapscrape');
  const peers = SUBJECTS.filter(({ kind }) => kind === 'peer')
    .map((peer) => ({ peer: peer.name, value: figure(peer.name) }))
    .filter((entry): entry is { peer: string; value: number } => entry.value !== undefined)
    .sort((a, b) => a.value - b.value);
  const best = peers[0];
  return {
    aim: `12 000 series, ${name}`,
    limit: '≤ the best peer',
    measured: `${number(own)}; ${best === undefined ? 'no peer' : `${number(best.value)} (${best.peer})`}`,
    isMet: own === undefined || best === undefined ? undefined : own <= best.value,
  };
}

function atMost(
  aim: string,
  limit: number,
  unit: string,
  { value, beside }: { value: number | undefined; beside?: number | undefined },
): Target {
  const control = beside === undefined ? '' : ` (static Buffer: ${number(beside)})`;
  return {
    aim,
    limit: `≤ ${limit} ${unit}`,
    measured: `${number(value)} ${unit}${control}`,
    isMet: value === undefined ? undefined : value <= limit,
  };
}

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}
