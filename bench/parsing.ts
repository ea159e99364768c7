import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { type ParsingRules, streamExposition } from '../src/parse/index.ts';
import { PARSING, writeSection } from './report/section.ts';
import { table } from './report/text.ts';

// Measures how fast pages are read, beside other parsers, and writes it into docs/benchmarks.md:
// `node --import tsx bench/parsing.ts`. The parsers of Prometheus are measured if
// scripts/install-judges.sh has built them.

const ROUNDS = 9;

const SERIES = 200_000;
const gauges: string[] = [];
for (let family = 0; family < 8; family++) {
  const name = `gh_activity_metric_${family}_24h`;
  gauges.push(`# HELP ${name} How much was done.`, `# TYPE ${name} gauge`);
  for (let i = 0; i < SERIES / 8; i++) {
    const labels = `org="org-${i % 10}",repo="repository-${i % 500}",user="user-${i}"`;
    gauges.push(`${name}{${labels}} ${i * 7.25}`);
  }
}
const BOUNDS = [
  '0.005',
  '0.01',
  '0.025',
  '0.05',
  '0.1',
  '0.25',
  '0.5',
  '1',
  '2.5',
  '5',
  '10',
  '+Inf',
];
const histograms = ['# HELP lag_seconds How late.', '# TYPE lag_seconds histogram'];
for (let i = 0; i < SERIES / 14; i++) {
  const labels = `path="/api/v${i}",code="200"`;
  for (const [at, bound] of BOUNDS.entries()) {
    histograms.push(`lag_seconds_bucket{${labels},le="${bound}"} ${at * i}`);
  }
  histograms.push(
    `lag_seconds_sum{${labels}} ${i * 1.5}`,
    `lag_seconds_count{${labels}} ${11 * i}`,
  );
}

const PAGES = {
  'text, gauges': ['text', `${gauges.join('\n')}\n`],
  'text, histograms': ['text', `${histograms.join('\n')}\n`],
  'OpenMetrics 1, gauges': ['openmetrics', `${gauges.join('\n')}\n# EOF\n`],
  'OpenMetrics 2, gauges': ['openmetrics2', `${gauges.join('\n')}\n# EOF\n`],
} as const;

/** Reads a page in pieces, as from a socket, and keeps none of its points. */
async function read(page: Buffer, format: string, rules: ParsingRules): Promise<void> {
  const pieces = function* (): Generator<Buffer> {
    for (let at = 0; at < page.length; at += 65_536) yield page.subarray(at, at + 65_536);
  };
  let points = 0;
  for await (const part of streamExposition(pieces(), { format, rules }))
    points += part.points.length;
  if (points === 0) throw new Error('The page has no points');
}

/** How to read a page once. */
type Reading = () => unknown;

/** MB of a page that are read in a second of CPU: the best of all rounds. */
async function speedOf(bytes: number, read: Reading): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    await read();
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, user + system);
  }
  return bytes / best;
}

const JUDGE = resolve(import.meta.dirname, '../.cache/judges/bin/judge-go');
const CONTENT_TYPES = {
  text: 'text/plain; version=0.0.4',
  openmetrics: 'application/openmetrics-text; version=1.0.0',
  openmetrics2: 'application/openmetrics-text; version=2.0.0',
} as const;

/** The same for Prometheus's own parser; undefined if it is not there. */
function speedOfGo(page: Buffer, contentType: string): number | undefined {
  if (!existsSync(JUDGE)) return undefined;
  return Number(execFileSync(JUDGE, ['speed', contentType, `${ROUNDS}`], { input: page }));
}

/** The only parser of the npm registry that we found: of text, in one piece. */
const readByNpm = createRequire(import.meta.url)('parse-prometheus-text-format') as (
  text: string,
) => unknown;

const RULES = ['prometheus', 'tolerant', 'specification'] as const;
const rows: string[][] = [];
for (const [what, [format, text]] of Object.entries(PAGES)) {
  const page = Buffer.from(text);
  const speeds: (number | undefined)[] = [];
  for (const rules of RULES)
    speeds.push(await speedOf(page.length, () => read(page, format, rules)));
  const npm = format === 'text' ? await speedOf(page.length, () => readByNpm(text)) : undefined;
  speeds.push(speedOfGo(page, CONTENT_TYPES[format]), npm);
  const megabytes = (page.length / 1e6).toFixed(0);
  rows.push([`${what}, ${megabytes} MB`, ...speeds.map((speed) => speed?.toFixed(0) ?? '–')]);
}

const head = ['MB/s', ...RULES, "Prometheus's `textparse`", '`parse-prometheus-text-format`'];
const content = `## Reading a page

How many MB of a page are read in a second of CPU, the best of ${ROUNDS} rounds. Ours come in pieces
of 64 KiB, by each of the three [rules](parsing.md), and all points are made. Prometheus's parser
makes the labels of each series. The machine varies by a third from hour to hour.

${table(head, rows)}`;
writeSection(resolve(import.meta.dirname, '../docs/benchmarks.md'), PARSING, content);
console.log(content);
