// A soak: random writes into a store, refreshes, and scrapes of all kinds, for some minutes. It
// prints a summary and fails on any finding: `node --import tsx bench/soak.ts --minutes=10`.
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { naivePage } from '../test/support/naive-page.ts';
import {
  type ClientCounts,
  fetchPage,
  readSlowlyOnAndOn,
  scrapeOnAndOn,
  WAYS,
} from './soak/clients.ts';
import { trendOf } from './soak/memory-trend.ts';
import { SoakModel } from './soak/model.ts';
import type { Syntax } from './soak/page-rules.ts';
import { type ServerAnswer, SOAK_FAMILIES } from './soak/protocol.ts';
import { ServerProcess } from './soak/server-process.ts';
import { Random } from './workload/random.ts';

const SCRAPERS = 3;
const SLOW_READERS = 4;
/** How often it all comes to rest, is compared, and its memory is looked at. */
const WINDOWS = 24;
const OWN_METRICS = /^(?:# (?:TYPE|HELP|UNIT) )?snapscrape_.*\n/gm;

/** One soak from its beginning to its end. */
class Soak {
  readonly findings = new Map<string, number>();
  readonly counts: ClientCounts = { complete: 0, aborted: 0, slow: 0, bytes: 0 };
  readonly windows: ServerAnswer[] = [];
  writes = 0;
  comparisons = 0;
  #isOver = false;
  readonly #server: ServerProcess;
  readonly #model: SoakModel;
  readonly #random: Random;

  constructor(server: ServerProcess, series: number, seed: number) {
    this.#server = server;
    this.#random = new Random(seed);
    this.#model = new SoakModel(series, this.#random);
  }

  async run(milliseconds: number): Promise<void> {
    await this.#write(() => this.#model.points.size < 1000);
    const clients = this.#startClients();
    const start = performance.now();
    try {
      for (let window = 1; window <= WINDOWS; window++) {
        const until = start + (milliseconds * window) / WINDOWS;
        await this.#write(() => performance.now() < until);
        await this.#compare();
        const answer = await this.#server.ask({ kind: 'memory' });
        this.windows.push(answer);
        console.error(windowLine(window, answer, this.#model.points.size));
      }
    } finally {
      this.#isOver = true;
      await Promise.all(clients);
    }
    this.#judge();
  }

  find(finding: string): void {
    const short = finding.slice(0, 300);
    this.findings.set(short, (this.findings.get(short) ?? 0) + 1);
  }

  #startClients(): Promise<void>[] {
    const setting = (random: Random): Parameters<typeof scrapeOnAndOn>[0] => ({
      port: this.#server.port,
      random,
      counts: this.counts,
      isOver: () => this.#isOver,
      find: (finding) => this.find(finding),
    });
    const seeds = (): Random => new Random(this.#random.below(2 ** 31));
    return [
      ...Array.from({ length: SCRAPERS }, () => scrapeOnAndOn(setting(seeds()))),
      ...Array.from({ length: SLOW_READERS }, () => readSlowlyOnAndOn(setting(seeds()))),
    ];
  }

  async #write(goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      for (const command of this.#model.nextBurst()) {
        const { failure } = await this.#server.ask(command);
        if (failure !== undefined) this.find(`${command.kind}: ${failure}`);
        this.writes += 'points' in command ? command.points.length : 1;
      }
      await setTimeout(this.#random.below(60));
    }
  }

  /** While nothing is written, every page must be what the plain way makes of the model. */
  async #compare(): Promise<void> {
    const { failure } = await this.#server.ask({ kind: 'catch-up' });
    if (failure !== undefined) this.find(`catch-up: ${failure}`);
    const expected = new Map<Syntax, string>();
    for (const [syntax, coding] of WAYS) {
      const naive =
        expected.get(syntax) ?? naivePage(this.#model.points.values(), SOAK_FAMILIES, syntax);
      expected.set(syntax, naive);
      const page = await fetchPage(this.#server.port, syntax, coding).catch((error: unknown) => {
        this.find(`At rest, ${syntax}, ${coding}: ${(error as Error).message}`);
      });
      this.comparisons++;
      if (page !== undefined && page.replaceAll(OWN_METRICS, '') !== naive) {
        this.find(`At rest, ${syntax}, ${coding}: the page is not what was written`);
      }
    }
  }

  #judge(): void {
    const last = this.windows.at(-1)!;
    for (const count of ['failures', 'rejected'] as const) {
      if (last[count] > 0) this.find(`${count}: ${last[count]}`);
    }
    // What never happened has not been tested.
    if (last.deltas === 0 || last.fullRefreshes < 2 || last.fallbacks === 0) {
      this.find('There was no refresh of one kind');
    }
    if (last.reused === 0) this.find('No memory was used again');
    const { complete, aborted, slow } = this.counts;
    if (complete === 0 || aborted === 0 || slow === 0)
      this.find('There were no clients of one kind');
    for (const kind of ['live', 'rss'] as const) {
      const trend = trendOf(this.windows, kind);
      if (trend?.grows) {
        this.find(
          `Memory grows (${kind}): ${megabytes(trend.before)} to ${megabytes(trend.after)}`,
        );
      }
    }
  }
}

function windowLine(window: number, answer: ServerAnswer, series: number): string {
  const { refreshes, deltas, rss, live } = answer;
  const memory = `rss ${megabytes(rss)}, in use ${megabytes(live)}`;
  return `window ${window}/${WINDOWS}: ${series} series, ${refreshes} refreshes, ${deltas} by delta, ${memory}`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function summaryOf(soak: Soak): string {
  const last = soak.windows.at(-1)!;
  const { complete, aborted, slow, bytes } = soak.counts;
  const trend = (kind: 'live' | 'rss'): string => {
    const found = trendOf(soak.windows, kind);
    return found === undefined ? '–' : `${megabytes(found.before)} → ${megabytes(found.after)}`;
  };
  return `written: ${soak.writes} points and deletions
refreshes: ${last.refreshes} (${last.deltas} by delta, ${last.fullRefreshes} full, ${last.fallbacks} of them fallbacks), ${last.failures} failed
scrapes: ${complete} whole and checked (${megabytes(bytes)}), ${aborted} left by the client, ${slow} slow
pages compared at rest: ${soak.comparisons}
memory used again by refreshes, poisoned before: ${megabytes(last.reused)}
memory in use, first and second half after the warm-up: ${trend('live')}
resident memory: ${trend('rss')}`;
}

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    series: { type: 'string', default: '60000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
console.error(`seed ${values.seed}`);
const server = await ServerProcess.start();
const soak = new Soak(server, Number(values.series), Number(values.seed));
try {
  await soak.run(Number(values.minutes) * 60_000);
  console.log(summaryOf(soak));
} catch (error) {
  soak.find(`The soak broke off: ${(error as Error).message}`);
} finally {
  await server.stop();
}
for (const [finding, count] of soak.findings) console.log(`FINDING (${count} ×): ${finding}`);
console.log(soak.findings.size === 0 ? 'No findings.' : `${soak.findings.size} findings.`);
process.exitCode = soak.findings.size === 0 ? 0 : 1;
