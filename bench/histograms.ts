// Measures histograms beside other clients, and OpenMetrics 2 beside 1, and writes both into
// docs/benchmarks.md: `node --import tsx bench/histograms.ts [rounds]`. Prometheus's parser is
// measured if scripts/install-judges.sh has built it.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createOpenMetricsHandler } from '../dist/index.js';
import { HistogramData } from './ordinary/histogram-data.ts';
import { HISTOGRAM_SUBJECTS } from './ordinary/histogram-subjects.ts';
import { measureOrdinary, type OrdinaryResult } from './ordinary/ordinary.ts';
import { GO_SUBJECT } from './ordinary/ordinary-process.ts';
import { HISTOGRAMS, writeSection } from './report/section.ts';
import { count, number, table, times } from './report/text.ts';

const SIZE = 10_000;
/** How often the page is parsed; the best counts. */
const PARSINGS = 9;
const JUDGE = resolve(import.meta.dirname, '../.cache/judges/bin/judge-go');
const FORMATS = {
  'OpenMetrics 1': 'application/openmetrics-text; version=1.0.0',
  'OpenMetrics 2': 'application/openmetrics-text; version=2.0.0',
} as const;

function cyclesTable(results: readonly OrdinaryResult[]): string {
  const names = [...new Set(results.map(({ subject }) => subject))];
  const median = (name: string, field: 'cpu' | 'main' | 'block' | 'rss'): number => {
    const values = results.filter(({ subject }) => subject === name).map((each) => each[field]);
    const sorted = values.map((value) => value ?? Number.NaN).sort((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
  const best = Math.min(
    ...['prom-client', '@prometheus-io/client'].map((name) => median(name, 'cpu')),
  );
  const rows = names.map((name) => [
    name,
    number(median(name, 'cpu')),
    times(median(name, 'cpu') / best),
    number(median(name, 'main')),
    number(median(name, 'block')),
    number(median(name, 'rss') / 1e6),
  ]);
  const head = ['a cycle, ms', 'CPU', 'ratio', 'main thread', 'longest block', 'resident MB'];
  return table(head, rows);
}

/** How long Prometheus's parser takes for a page, in ms of CPU; undefined if it is not there. */
function parsingTime(page: Buffer, contentType: string): number | undefined {
  if (!existsSync(JUDGE)) return undefined;
  const speed = execFileSync(JUDGE, ['speed', contentType, `${PARSINGS}`], { input: page });
  return page.length / 1000 / Number(speed);
}

async function formatsTable(): Promise<string> {
  const data = new HistogramData(SIZE);
  for (let i = 0; i < 50; i++) data.change();
  const source = { snapshot: () => data.fresh(), families: () => data.families };
  const handler = createOpenMetricsHandler(source, { selfMetrics: false });
  const rows: string[][] = [];
  for (const [name, accept] of Object.entries(FORMATS)) {
    const request = new Request('http://localhost/', { headers: { accept } });
    const page = Buffer.from(await (await handler.fetch(request)).arrayBuffer());
    const sizes = [page.length, gzipSync(page, { level: 1 }).length];
    const megabytes = sizes.map((bytes) => number(bytes / 1e6));
    rows.push([name, ...megabytes, number(parsingTime(page, accept))]);
  }
  return table(['a page', 'MB', 'MB by gzip', "Prometheus's parser, CPU ms"], rows);
}

const rounds = Number(process.argv[2] ?? 3);
const names = [...Object.keys(HISTOGRAM_SUBJECTS), GO_SUBJECT];
const results = await measureOrdinary([SIZE], { rounds, names, kind: 'histograms' });
const content = `## Histograms

${count(SIZE)} histograms of twelve buckets. In each cycle each of them observes a value, the page is
brought up to date, and another process scrapes it once with gzip. Numbers are of
the serving process (medians of rounds). **ratio** is to the cheapest client of Node. The clients
count by themselves; snapscrape is given whole histograms as new objects.

${cyclesTable(results)}
The same histograms, as both versions of OpenMetrics have them. Prometheus's parser makes the labels
of each series; the best of ${PARSINGS} rounds counts.

${await formatsTable()}`;
writeSection(resolve(import.meta.dirname, '../docs/benchmarks.md'), HISTOGRAMS, content);
console.log(content);
