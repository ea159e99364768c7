// How much memory slow clients can cost: many scrapes that do not read on, begun while refreshes go
// on, so that they pin snapshots of different times.
// `node --import tsx bench/slow-scrapes.ts --series=200000`
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Coding, SubjectPlan } from './driver/subject-list.ts';
import { SUBJECTS, TYPICAL_CHANGE } from './driver/subject-list.ts';
import { SubjectProcess } from './driver/subject-process.ts';
import type { MemoryReading } from './protocol.ts';
import { table } from './report/text.ts';

/** What is held to what, in multiples of the page. */
const BOUNDS = {
  // Each refresh of 1 % at random touches nearly every chunk, so a snapshot shares little with the
  // next one: no more than all that were begun upon, their gzip, and the next one in the making.
  pinnedPages: (refreshes: number): number => 1.5 * (refreshes + 2),
  // What stays when the clients are gone, beside what was there before they came.
  leftPages: 1.5,
} as const;

const LAUNCH = { goExporter: undefined, profiles: undefined };

interface Trial {
  readonly coding: Coding;
  readonly pageBytes: number;
  readonly before: MemoryReading;
  readonly during: MemoryReading;
  readonly after: MemoryReading;
}

const { values } = parseArgs({
  options: {
    series: { type: 'string', default: '200000' },
    clients: { type: 'string', default: '50' },
    refreshes: { type: 'string', default: '20' },
  },
});
const [series, clients, refreshes] = [values.series, values.clients, values.refreshes].map(
  Number,
) as [number, number, number];

/** Begins a scrape and reads nothing but the beginning of the answer. */
async function beginSlowScrape(port: number, coding: Coding): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const headers = `Host: slow\r\nAccept: application/openmetrics-text\r\nAccept-Encoding: ${coding}`;
  socket.write(`GET /metrics HTTP/1.1\r\n${headers}\r\n\r\n`);
  await once(socket, 'data');
  socket.pause();
  return socket;
}

async function pageBytes(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    headers: { 'accept-encoding': 'identity', accept: 'application/openmetrics-text' },
  });
  return (await response.arrayBuffer()).byteLength;
}

async function tryWith(plan: SubjectPlan, coding: Coding): Promise<Trial> {
  const setup = { subject: plan.name, series, names: 'regular' } as const;
  const { process: subject, ready } = await SubjectProcess.start(plan, setup, LAUNCH);
  const sockets: Socket[] = [];
  try {
    await subject.measure({ command: 'build' });
    const bytes = await pageBytes(ready.port);
    (await beginSlowScrape(ready.port, 'gzip')).destroy();
    await subject.measure({ command: 'refresh', change: TYPICAL_CHANGE });
    const before = await subject.memory();
    for (let refresh = 0; refresh < refreshes; refresh++) {
      while (sockets.length < (clients * (refresh + 1)) / refreshes) {
        sockets.push(await beginSlowScrape(ready.port, coding));
      }
      await subject.measure({ command: 'refresh', change: TYPICAL_CHANGE });
    }
    const during = await subject.memory();
    for (const socket of sockets) socket.destroy();
    // The server learns of it when the loop turns.
    await setTimeout(100);
    await pageBytes(ready.port);
    const after = await subject.memory();
    return { coding, pageBytes: bytes, before, during, after };
  } finally {
    for (const socket of sockets) socket.destroy();
    await subject.stop();
  }
}

function rowOf({ coding, pageBytes: page, before, during, after }: Trial): string[] {
  const pages = (bytes: number): string => (bytes / page).toFixed(1);
  return [
    coding,
    (page / 1e6).toFixed(1),
    pages(before.live),
    pages(during.live),
    pages(after.live),
    pages(before.rss),
    pages(during.rss),
    pages(after.rss),
    pages(during.peakRss),
  ];
}

function faultsOf({ coding, pageBytes: page, before, during, after }: Trial): string[] {
  const pinned = (during.live - before.live) / page;
  const left = (after.live - before.live) / page;
  const faults: string[] = [];
  if (!(pinned <= BOUNDS.pinnedPages(refreshes))) {
    faults.push(`${coding}: slow clients pin ${pinned.toFixed(1)} pages`);
  }
  if (!(left <= BOUNDS.leftPages)) faults.push(`${coding}: ${left.toFixed(1)} pages stay`);
  return faults;
}

const plan = SUBJECTS.find(({ name }) => name === 'snapscrape')!;
const trials = [await tryWith(plan, 'identity'), await tryWith(plan, 'gzip')];
const head = ['coding', 'page MB', 'in use before', 'during', 'after'];
console.log(
  `${series} series, ${clients} scrapes that stall while ${refreshes} refreshes of 1 % go on; in multiples of the page:\n`,
);
console.log(table([...head, 'resident before', 'during', 'after', 'peak'], trials.map(rowOf)));
const faults = trials.flatMap(faultsOf);
for (const fault of faults) console.log(`FAILED ${fault}`);
process.exitCode = faults.length === 0 ? 0 : 1;
