import { type GatewayKind, GatewayProcess } from './gateway-process.ts';
import { PushClients } from './push-client.ts';

const CLIENTS = 8;
/** How many clients push the groups at first. */
export const CROWD = 200;
/** At least so often each thing is done in a round. */
const LEAST = 3;
/** A process needs about so many times the work of a round until V8 has compiled what is hot. */
const WARM_UP = 4;
/** After so many snapshots ours makes no form of the page any more that no scrape asks for. */
const FORGOTTEN_AFTER = 12;

/** The CPU of the whole process in ms, and how often a second. */
interface Cost {
  readonly cpu: number;
  readonly perSecond: number;
}

/** What a gateway took at one number of groups. */
export interface Figures {
  readonly fill: Cost | undefined;
  readonly push: Cost;
  /** CPU in ms, without that of the push before it. */
  readonly plainScrape: number;
  readonly gzipScrape: number;
  readonly pageBytes: number;
  readonly homeBytes: number;
  readonly idleMb: number;
  readonly loadedMb: number;
  readonly peakMb: number;
}

/** How long is measured. */
export interface Effort {
  readonly rounds: number;
  /** For how long the gateway works in each round at each thing, in ms of its CPU. */
  readonly cpuMs: number;
}

/** A gateway with its groups. */
interface Filled {
  readonly kind: GatewayKind;
  readonly gateway: GatewayProcess;
  readonly clients: PushClients;
  readonly fill: Cost | undefined;
  readonly idleMb: number;
}

interface Round {
  readonly push: Cost;
  readonly plainScrape: number;
  readonly gzipScrape: number;
}

export const upTo = (most: number): readonly number[] =>
  Array.from({ length: most }, (_, at) => at);

/**
 * Measures gateways with so many groups, in turns: what disturbs the machine disturbs all of them.
 * The medians of the rounds count; a longer one before them warms up.
 */
export async function measureLoad(
  kinds: readonly GatewayKind[],
  groups: number,
  { newFile, effort }: { readonly newFile: () => string; readonly effort: Effort },
): Promise<readonly Figures[]> {
  const all: Filled[] = [];
  try {
    for (const kind of kinds) all.push(await filled(kind, groups, newFile()));
    const rounds: Round[][] = all.map(() => []);
    for (let round = 0; round <= effort.rounds; round++) {
      for (const [at, one] of all.entries()) {
        // The original is compiled ahead.
        if (round === 0 && !one.kind.isOurs) continue;
        const cpuMs = effort.cpuMs * (round === 0 ? WARM_UP : 1);
        const figures = await measureRound(one, groups, cpuMs);
        if (round > 0) rounds[at]!.push(figures);
      }
    }
    const figures: Figures[] = [];
    for (const [at, one] of all.entries()) figures.push(await summary(one, rounds[at]!));
    return figures;
  } finally {
    for (const { clients, gateway } of all) {
      clients.close();
      await gateway.stop();
    }
  }
}

/** Starts a gateway with its groups, and tells what filling it cost where it is checked. */
async function filled(kind: GatewayKind, groups: number, file: string): Promise<Filled> {
  // The original takes minutes of CPU to check what fills it, so it is filled unchecked.
  const flags = kind.isOurs ? [] : ['--push.disable-consistency-check'];
  let gateway = await GatewayProcess.start(kind, file, { flags });
  const idleMb = gateway.memoryMb('VmRSS');
  const crowd = new PushClients(gateway.port, CROWD);
  const began = [gateway.cpuMs(), performance.now()] as const;
  await crowd.pushAll(upTo(groups));
  const fill = kind.isOurs ? costSince(gateway, began, groups) : undefined;
  crowd.close();
  if (!kind.isOurs) {
    await gateway.stop();
    gateway = await GatewayProcess.start(kind, file);
  }
  return { kind, gateway, clients: new PushClients(gateway.port, CLIENTS), fill, idleMb };
}

async function measureRound(
  { kind, gateway, clients }: Filled,
  groups: number,
  cpuMs: number,
): Promise<Round> {
  let next = 0;
  const some = (count: number): readonly number[] =>
    upTo(count).map(() => (next++ * 7_919) % groups);
  const push = await repeated(gateway, cpuMs, () => clients.pushAll(some(CLIENTS)));
  const alone = await repeated(gateway, cpuMs / 2, () => clients.pushAll(some(1)));
  const scrapeAfterPush = async (headers: Record<string, string>): Promise<number> => {
    const pushAndScrape = async (): Promise<number> => {
      await clients.pushAll(some(1));
      const { status } = await clients.send('GET', '/metrics', { headers });
      if (status !== 200) throw new Error(`A scrape got ${status}`);
      return 1;
    };
    // A scraper does not change what it asks for.
    for (let at = 0; kind.isOurs && at < FORGOTTEN_AFTER; at++) await pushAndScrape();
    return (await repeated(gateway, cpuMs, pushAndScrape)).cpu - alone.cpu;
  };
  const plainScrape = await scrapeAfterPush({});
  return { push, plainScrape, gzipScrape: await scrapeAfterPush({ 'Accept-Encoding': 'gzip' }) };
}

/** Does something until the gateway has worked for so long; `work` tells how often it was done. */
async function repeated(
  gateway: GatewayProcess,
  cpuMs: number,
  work: () => Promise<number>,
): Promise<Cost> {
  const began = [gateway.cpuMs(), performance.now()] as const;
  let times = 0;
  while (times < LEAST || gateway.cpuMs() - began[0] < cpuMs) times += await work();
  return costSince(gateway, began, times);
}

function costSince(
  gateway: GatewayProcess,
  [cpu, from]: readonly [cpu: number, from: number],
  times: number,
): Cost {
  const perSecond = times / ((performance.now() - from) / 1_000);
  return { cpu: (gateway.cpuMs() - cpu) / times, perSecond };
}

async function summary({ gateway, clients, fill, idleMb }: Filled, rounds: readonly Round[]) {
  const [loadedMb, peakMb] = [gateway.memoryMb('VmRSS'), gateway.memoryMb('VmHWM')];
  const { bytes: pageBytes } = await clients.send('GET', '/metrics');
  const { bytes: homeBytes } = await clients.send('GET', '/');
  return {
    fill,
    push: {
      cpu: median(rounds.map(({ push }) => push.cpu)),
      perSecond: median(rounds.map(({ push }) => push.perSecond)),
    },
    plainScrape: median(rounds.map((round) => round.plainScrape)),
    gzipScrape: median(rounds.map((round) => round.gzipScrape)),
    pageBytes,
    homeBytes,
    idleMb,
    loadedMb,
    peakMb,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
