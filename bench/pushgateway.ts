import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  BOMBS,
  ENDLESS_MIB,
  type Hostile,
  measureHostile,
  SLOW_PUSHERS,
  smallestHeap,
} from './pushgateway/bounds.ts';
import type { GatewayKind } from './pushgateway/gateway-process.ts';
import { gzipBomb } from './pushgateway/hostile-clients.ts';
import { CROWD, type Figures, measureLoad } from './pushgateway/load.ts';
import { SERIES_A_GROUP } from './pushgateway/push-client.ts';
import { type Measured, targetRows } from './pushgateway/targets.ts';
import { PUSHGATEWAY, writeSection } from './report/section.ts';
import { count, number, table } from './report/text.ts';

// Measures the gateway beside Debian's Pushgateway, and writes docs/benchmarks.md:
// `npm run build && node --import tsx bench/pushgateway.ts`. It takes some five minutes.

const { values } = parseArgs({
  options: {
    groups: { type: 'string', default: '100,1000,5000' },
    rounds: { type: 'string', default: '3' },
    /** For how long each gateway works in a round at each thing, in ms of its CPU. */
    work: { type: 'string', default: '800' },
    out: { type: 'string', default: 'docs/benchmarks.md' },
  },
});
const SIZES = values.groups.split(',').map(Number);
const MOST = Math.max(...SIZES);
const EFFORT = { rounds: Number(values.rounds), cpuMs: Number(values.work) };
const BOMB_MIB = 300;

const KINDS: readonly GatewayKind[] = [
  { name: 'snapscrape', isOurs: true, isKept: false },
  { name: 'snapscrape, `--persistence.file`', isOurs: true, isKept: true },
  { name: 'Pushgateway 1.5.1', isOurs: false, isKept: true },
];

const folder = mkdtempSync(join(tmpdir(), 'bench-pushgateway-'));
let files = 0;
const newFile = (): string => join(folder, `state-${files++}`);

/** What could not be measured, and why; the report names it. */
const missing: string[] = [];

/** Measures a part. If that fails, the others are measured all the same. */
async function part<T>(name: string, measure: () => Promise<T>): Promise<T | undefined> {
  const began = performance.now();
  try {
    const result = await measure();
    const seconds = ((performance.now() - began) / 1_000).toFixed(0);
    console.error(`${name}: ${seconds} s`, JSON.stringify(result));
    return result;
  } catch (error) {
    missing.push(`${name} (${(error as Error).message})`);
    console.error(`${name}:`, error);
    return undefined;
  }
}

function loadRow(name: string, { fill, push, ...figures }: Figures): string[] {
  return [
    name,
    number(push.cpu),
    push.perSecond.toFixed(0),
    number(fill?.cpu),
    number(figures.plainScrape),
    number(figures.gzipScrape),
    number(figures.pageBytes / 1e6),
    number(figures.homeBytes / 1e6),
  ];
}

function memoryRow(name: string, figures: Figures | undefined, hostile: Hostile | undefined) {
  const above = (peak: number | undefined) => number(peak && peak - hostile!.before);
  return [
    name,
    number(figures?.idleMb),
    number(figures?.loadedMb),
    number(figures?.peakMb),
    `${above(hostile?.bomb)} (${hostile?.bombStatus})`,
    `${above(hostile?.endless)} (${hostile?.endlessSent} sent)`,
    above(hostile?.slow),
  ];
}

async function report(): Promise<string> {
  const [load = 0] = loadavg();
  const measured: Measured[] = [];
  for (const groups of SIZES) {
    const all = await part(`${count(groups)} groups`, () =>
      measureLoad(KINDS, groups, { newFile, effort: EFFORT }),
    );
    for (const [at, figures] of (all ?? []).entries()) {
      measured.push({ kind: KINDS[at]!, groups, figures });
    }
  }
  const bomb = await gzipBomb(BOMB_MIB);
  const memory: string[][] = [];
  for (const kind of KINDS) {
    const hostile = await part(`hostile clients of ${kind.name}`, () =>
      measureHostile(kind, bomb, newFile),
    );
    const most = measured.find((one) => one.kind === kind && one.groups === MOST);
    memory.push(memoryRow(kind.name, most?.figures, hostile));
  }
  const heap = await part('the smallest heap', () => smallestHeap(KINDS[0]!, MOST, newFile));
  const rows = measured.map(({ kind, groups, figures }) =>
    loadRow(`${kind.name}, ${count(groups)} groups`, figures),
  );
  return `## The gateway

Groups of ${SERIES_A_GROUP} series are replaced over 8 connections, checked, beside Debian's Pushgateway. CPU
is that of the whole process, in ms: the median of ${EFFORT.rounds} rounds in which the gateways take turns, after
one to warm up. The groups were first pushed by ${CROWD} clients at once ("first push"; the original is
filled unchecked). Before each scrape a group is pushed, whose CPU is taken off. MB at the right are
those of the metrics page, and of the page at \`/\`.
${busyness(load)}
${table(['', 'a push: CPU', 'pushes/s', 'first push: CPU', 'a scrape: CPU', 'with gzip', 'page, MB', '`/`, MB'], rows)}
Resident memory in MiB at ${count(MOST)} groups. What follows is more than that of a fresh gateway after one
push: a gzip bomb of ${(bomb.length / 1e6).toFixed(1)} MB that unpacks to ${BOMB_MIB} MiB, ${BOMBS} times (with the status); a body
without an end, up to ${ENDLESS_MIB} MiB; and ${SLOW_PUSHERS} clients that stall after 64 KiB of a body.

${table(['', 'idle', 'loaded', 'peak', 'bombs', 'endless body', 'slow pushers'], memory)}
${heap === undefined ? '' : heapText(heap)}
${table(['', 'target', 'measured', ''], targetRows(measured))}
${missing.length === 0 ? '' : `**Not measured:** ${missing.join('; ')}.\n`}`;
}

function busyness(load: number): string {
  const cores = availableParallelism();
  const busy = `\n**The machine was busy:** ${load.toFixed(1)} processes ran on ${cores} cores at the start.\n`;
  return load > cores / 2 ? busy : '';
}

function heapText([heapMb, peakMb]: readonly [heapMb: number, peakMb: number]): string {
  return `With \`node --max-old-space-size=${heapMb}\` and ${count(MOST)} groups, pushed by ${CROWD} clients and scraped
with gzip, the gateway in memory passes and holds ${number(peakMb)} MiB at most; with less it does not.
`;
}

const began = performance.now();
try {
  const content = await report();
  writeSection(values.out, PUSHGATEWAY, content);
  console.log(content);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.error(`It took ${((performance.now() - began) / 60_000).toFixed(1)} minutes.`);
if (missing.length > 0) process.exitCode = 1;
