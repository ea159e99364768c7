import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Results } from '../driver/observation.ts';
import type { WorkloadShape } from '../workload/workload.ts';
import { drawBarChart } from './bar-chart.ts';
import { chartsOf } from './charts.ts';
import { readSection, SECTIONS } from './section.ts';
import { Summary } from './summary.ts';
import { blockTable, refreshTable, scrapeTable, sourceTable, stateTable } from './tables.ts';
import { targetTable } from './targets.ts';
import { shapeName, table } from './text.ts';

const NOTES_START = '<!-- The text from here on is kept when the report is written anew. -->';
const NOTES_END = '<!-- The text up to here is kept. -->';

const METHOD = `Each subject runs in a process of its own, one after the other, in another order in each round; another process
scrapes it over loopback, with one connection that is kept. The first page and the last one, after all changes, are checked:
as many series as there are, and the same sum of values. Numbers are medians, in ms unless said otherwise, with the smallest and the largest value
in brackets. Compare numbers of one table; they were taken within minutes of each other.

- **CPU** is user and system time of the serving process, trailing work (compression, garbage) included; **main** is
  that of its main thread alone. Garbage of earlier work is collected before each measurement.
- **block** is the longest time that the event loop was held, by a probe that fires each millisecond. It counts
  moments in which the system gave the processor to somebody else, so compare with the static Buffer.
- **static Buffer** is the floor: \`node:http\` with one Buffer that lies ready, and one with its gzip. Gzip is at level 1
  everywhere, our default: peers have none of their own (but the Go one), and level 6 would cost them more.
- **resident** is what the process gained since it was empty, with its source filled: RSS after collecting garbage,
  having built and scraped; **in use** is heap and buffers; **later** is RSS after all refreshes. Our source here makes points
  on demand, from arrays, so that it does not count; with \`MemoryStore\` the store does not count either.
- **Refreshes.** We follow a change by delta, points made on demand included; what was compressed before is compressed again,
  unasked. A registry sets or removes only what changed, as if it were known, and pays when it is scraped: see the last
  row, where both are done. *Everything anew* is, for us, reading all points of a source in which nothing changed; for a
  registry, resetting it and setting every series, which is what an exporter of snapshots must do.
- OpenTelemetry's exporter cannot remove a series, has no compression, and its limit of 2 000 series is raised. The Go
  program makes a const gauge for each point on every scrape, behind \`promhttp\`; its memory is of its runtime alone.`;

/** Writes the report and its charts; text between the marks of an earlier report is kept. */
export function writeReport(results: Results, path: string): void {
  const summary = new Summary(results);
  const folder = join(dirname(path), basename(path, '.md'));
  mkdirSync(folder, { recursive: true });
  const largest = summary.shapes.filter(({ names }) => names === 'regular').at(-1);
  const pictures: string[] = [];
  for (const [name, chart] of largest === undefined ? [] : chartsOf(summary, largest)) {
    writeFileSync(join(folder, `${name}.svg`), drawBarChart(chart));
    pictures.push(`![${chart.title}](${basename(folder)}/${name}.svg)`);
  }
  const sections = [
    '# Benchmarks',
    introduction(results),
    ...SECTIONS.map((section) => readSection(path, section)),
    '## Targets',
    targetTable(summary),
    [NOTES_START, notesOf(path), NOTES_END].join('\n'),
    ...pictures,
    '## How it is measured',
    METHOD,
    ...summary.shapes.map((shape) => shapeSection(summary, shape)),
  ];
  writeFileSync(path, `${sections.map((section) => section.trim()).join('\n\n')}\n`);
}

function introduction({ date, machine, versions, rounds, gaps }: Results): string {
  const facts = Object.entries({ ...machine, date: date.slice(0, 10), rounds: `${rounds}` });
  return [
    'Written by `npm run bench`, which takes some ten minutes; `npm run bench -- --help` tells its options. It needs Node and,',
    'for the Go program, Go; the peers are installed from `bench/package-lock.json`. `npm run bench -- --quick` is the reduced',
    'run that guards the ratios. `npm run bench -- --compare <ref>` measures a commit and this checkout in turns, and fails',
    'if something became worse. Beside it there are `bench/soak.ts` (minutes of random writes, refreshes and scrapes, every page',
    'checked) and `bench/slow-scrapes.ts` (what clients that stall cost in memory); run them by `node --import tsx`.',
    '',
    table(
      ['', ''],
      [...facts, ...Object.entries(versions)].map(([name, value]) => [name, value]),
    ),
    ...gaps.map((gap) => `\n${gap}`),
  ].join('\n');
}

function shapeSection(summary: Summary, shape: WorkloadShape): string {
  const line = summary.lineBytes(shape);
  const blocks = blockTable(summary, shape);
  return [
    `## ${shapeName(shape)}`,
    line === undefined ? '' : `A line has ${line.toFixed(1)} bytes.`,
    '### A scrape',
    scrapeTable(summary, shape),
    '### From points to a page, and memory',
    stateTable(summary, shape),
    '### A refresh: CPU of the main thread / of the process',
    refreshTable(summary, shape),
    '### Reading everything, by source',
    sourceTable(summary, shape),
    ...(blocks === undefined ? [] : ['### Longest blocks over a hundred of each', blocks]),
  ]
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('\n\n');
}

function notesOf(path: string): string {
  if (!existsSync(path)) return '';
  const text = readFileSync(path, 'utf8');
  const start = text.indexOf(NOTES_START);
  const end = text.indexOf(NOTES_END);
  return start < 0 || end < 0 ? '' : text.slice(start + NOTES_START.length, end).trim();
}
