import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type GatewayKind, GatewayProcess } from './pushgateway/gateway-process.ts';
import {
  besideSlowPushers,
  endlessBody,
  gzipBomb,
  throwBombs,
} from './pushgateway/hostile-clients.ts';
import { PushClients, SERIES_A_GROUP } from './pushgateway/push-client.ts';
import { PUSHGATEWAY, writeSection } from './report/section.ts';
import { count, number, table } from './report/text.ts';

// Measures the gateway beside Debian's Pushgateway, and writes docs/benchmarks.md:
// `npm run build && node --import tsx bench/pushgateway.ts`.

const { values } = parseArgs({
  options: {
    groups: { type: 'string', default: '100,1000,5000' },
    pushes: { type: 'string', default: '2000' },
    // The name of one kind; the table is printed then, and not written.
    only: { type: 'string' },
    out: { type: 'string', default: 'docs/benchmarks.md' },
  },
});
const SIZES = values.groups.split(',').map(Number);
const MOST = Math.max(...SIZES);
const PUSHES = Number(values.pushes);
const SCRAPES = 10;
const CLIENTS = 8;
const CROWD = 200;
const BOMB_MIB = 300;
const ENDLESS_MIB = 64;
const SLOW_PUSHERS = 500;
// Limits of V8's old generation, in MiB. The report names the smallest that passes.
const HEAP_GROUPS = 5_000;
const HEAPS = [32, 48, 64, 96, 128];

const ALL_KINDS: readonly GatewayKind[] = [
  { name: 'snapscrape', isOurs: true, isKept: false },
  { name: 'snapscrape, `--persistence.file`', isOurs: true, isKept: true },
  { name: 'Pushgateway 1.5.1', isOurs: false, isKept: true },
];

const KINDS = ALL_KINDS.filter(({ name }) => values.only === undefined || name === values.only);

/** What a gateway took at one number of groups. CPU is in ms, of the whole process. */
interface Figures {
  readonly idleMb: number;
  readonly fill: { readonly cpu: number; readonly perSecond: number } | undefined;
  readonly push: { readonly cpu: number; readonly perSecond: number };
  readonly scrape: { readonly cpu: number; readonly bytes: number };
  readonly homeBytes: number;
  readonly loadedMb: number;
  readonly peakMb: number;
}

/** What a gateway held at most while clients were hostile, in MiB, and what they got. */
interface Hostile {
  readonly before: number;
  readonly bomb: number;
  readonly bombStatus: number;
  readonly endless: number;
  readonly endlessSent: number;
  readonly slow: number;
}

const folder = mkdtempSync(join(tmpdir(), 'bench-pushgateway-'));
let files = 0;
const newFile = (): string => join(folder, `state-${files++}`);

const upTo = (most: number): readonly number[] => Array.from({ length: most }, (_, at) => at);

/** Starts a gateway with its groups, and tells what filling it cost where it is checked. */
async function filled(kind: GatewayKind, groups: number) {
  const file = newFile();
  // The original takes minutes of CPU to check what fills it, so it is filled unchecked.
  const flags = kind.isOurs ? [] : ['--push.disable-consistency-check'];
  let gateway = await GatewayProcess.start(kind, file, { flags });
  const idleMb = gateway.memoryMb('VmRSS');
  const crowd = new PushClients(gateway.port, CROWD);
  const fill = await timed(gateway, () => crowd.pushAll(upTo(groups)));
  crowd.close();
  if (kind.isOurs) return { gateway, idleMb, fill };
  await gateway.stop();
  gateway = await GatewayProcess.start(kind, file);
  return { gateway, idleMb, fill: undefined };
}

async function timed(gateway: GatewayProcess, run: () => Promise<number>) {
  const [cpu, from] = [gateway.cpuMs(), performance.now()];
  const times = await run();
  const perSecond = times / ((performance.now() - from) / 1_000);
  return { cpu: (gateway.cpuMs() - cpu) / times, perSecond };
}

async function measure(kind: GatewayKind, groups: number): Promise<Figures> {
  const { gateway, idleMb, fill } = await filled(kind, groups);
  const clients = new PushClients(gateway.port, CLIENTS);
  try {
    // The original checks all groups for each push.
    const pushes = kind.isOurs ? PUSHES : Math.max(10, Math.round(20_000 / groups));
    const spread = upTo(pushes).map((at) => (at * 7_919) % groups);
    if (kind.isOurs) await clients.pushAll(spread);
    const push = await timed(gateway, () => clients.pushAll(spread));
    let bytes = 0;
    const scrapes = await timed(gateway, async () => {
      for (let at = 0; at < SCRAPES; at++) {
        await clients.pushAll([at % groups]);
        bytes = (await clients.send('GET', '/metrics')).bytes;
      }
      return SCRAPES;
    });
    const loadedMb = gateway.memoryMb('VmRSS');
    const peakMb = gateway.memoryMb('VmHWM');
    const { bytes: homeBytes } = await clients.send('GET', '/');
    const scrape = { cpu: scrapes.cpu - push.cpu, bytes };
    return { idleMb, fill, push, scrape, homeBytes, loadedMb, peakMb };
  } finally {
    clients.close();
    await gateway.stop();
  }
}

async function measureHostile(kind: GatewayKind, bomb: Buffer): Promise<Hostile> {
  /** The most memory of a fresh gateway while something happens to it. */
  const peakOf = async <T>(run: (clients: PushClients, port: number) => Promise<T>) => {
    const gateway = await GatewayProcess.start(kind, newFile());
    const clients = new PushClients(gateway.port, CLIENTS);
    const result = await run(clients, gateway.port);
    const { status } = await clients.send('PUT', '/metrics/job/after', { body: 'after 1\n' });
    if (status !== 200) throw new Error(`${kind.name} takes no push afterwards: ${status}`);
    const peak = gateway.memoryMb('VmHWM');
    clients.close();
    await gateway.stop();
    return { peak, result };
  };
  const before = await peakOf(async () => undefined);
  const bombs = await peakOf((clients) => throwBombs(clients, bomb, 3));
  const endless = await peakOf((_, port) => endlessBody(port, ENDLESS_MIB));
  const slow = await peakOf((clients, port) =>
    besideSlowPushers(port, SLOW_PUSHERS, () => clients.pushAll(upTo(100))),
  );
  return {
    before: before.peak,
    bomb: bombs.peak,
    bombStatus: bombs.result,
    endless: endless.peak,
    endlessSent: endless.result,
    slow: slow.peak,
  };
}

/** The smallest heap with which all groups are pushed and scraped, and the memory then. */
async function smallestHeap(groups: number): Promise<readonly [heapMb: number, peakMb: number]> {
  for (const heapMb of HEAPS) {
    const gateway = await GatewayProcess.start(ALL_KINDS[0]!, newFile(), { heapMb });
    const clients = new PushClients(gateway.port, CROWD);
    try {
      await clients.pushAll(upTo(groups));
      await clients.send('GET', '/metrics', { headers: { 'Accept-Encoding': 'gzip' } });
      await clients.pushAll(upTo(100));
      return [heapMb, gateway.memoryMb('VmHWM')];
    } catch (error) {
      if (!gateway.isGone && (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
    } finally {
      clients.close();
      await gateway.stop();
    }
  }
  throw new Error('No heap is enough');
}

const megabytes = (bytes: number): string => number(bytes / 1e6);

async function report(): Promise<string> {
  const rows: string[][] = [];
  const memory: string[][] = [];
  for (const kind of KINDS) {
    for (const groups of SIZES) {
      const figures = await measure(kind, groups);
      console.error(kind.name, groups, JSON.stringify(figures));
      const { push, fill, scrape, homeBytes, idleMb, loadedMb, peakMb } = figures;
      rows.push([
        `${kind.name}, ${count(groups)} groups`,
        number(push.cpu),
        push.perSecond.toFixed(0),
        number(fill?.cpu),
        number(scrape.cpu),
        megabytes(scrape.bytes),
        megabytes(homeBytes),
      ]);
      if (groups === MOST)
        memory.push([kind.name, number(idleMb), number(loadedMb), number(peakMb)]);
    }
  }
  const bomb = await gzipBomb(BOMB_MIB);
  for (const [at, kind] of KINDS.entries()) {
    const hostile = await measureHostile(kind, bomb);
    console.error(kind.name, JSON.stringify(hostile));
    const { before, endless, endlessSent, slow } = hostile;
    memory[at]!.push(
      `${number(hostile.bomb - before)} (${hostile.bombStatus})`,
      `${number(endless - before)} (${endlessSent} sent)`,
      number(slow - before),
    );
  }
  const [heap, heapPeak] = await smallestHeap(HEAP_GROUPS);
  return `## The gateway

Groups of ${SERIES_A_GROUP} series are replaced over ${CLIENTS} connections, checked, beside Debian's Pushgateway.
CPU is that of the whole process, in ms. The groups were first pushed by ${CROWD} clients at once ("first
push"; the original is filled unchecked). Before each scrape a group is pushed, and the page is plain.
MB at the right are those of the metrics page, and of the page at \`/\`.

${table(['', 'a push: CPU', 'pushes/s', 'first push: CPU', 'a scrape: CPU', 'page, MB', '`/`, MB'], rows)}
Resident memory in MiB at ${count(MOST)} groups. What follows is more than that of a fresh gateway after one
push: a gzip bomb of ${(bomb.length / 1e6).toFixed(1)} MB that unpacks to ${BOMB_MIB} MiB, three times (with the status); a body
without an end, up to ${ENDLESS_MIB} MiB; and ${SLOW_PUSHERS} clients that stall after 64 KiB of a body.

${table(['', 'idle', 'loaded', 'peak', 'bombs', 'endless body', 'slow pushers'], memory)}
With \`node --max-old-space-size=${heap}\` and ${count(HEAP_GROUPS)} groups, pushed by ${CROWD} clients and scraped
with gzip, the gateway in memory passes and holds ${number(heapPeak)} MiB at most; with less it does not.
`;
}

try {
  const content = await report();
  if (values.only === undefined) writeSection(values.out, PUSHGATEWAY, content);
  console.log(content);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
