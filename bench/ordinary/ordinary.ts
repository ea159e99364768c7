// Measures the ordinary exporter beside its peers: `npm run bench -- --ordinary`. Every value
// changes each cycle; a cycle is a refresh and one gzip scrape by another process.
import { checkPage } from '../driver/page-check.ts';
import { buildGoExporter } from '../driver/preparation.ts';
import { ScrapeClient } from '../driver/scrape-client.ts';
import { GO_SUBJECT, type OrdinaryProcess, startGo, startNode } from './ordinary-process.ts';

/** What a number of cycles cost. */
export interface OrdinaryReading {
  /** User and system time of the process, in ms. */
  readonly cpu: number;
  /** That of its main thread alone; undefined of Go. */
  readonly main?: number;
  /** The longest that the event loop was held, in ms; undefined of Go. */
  readonly block?: number;
  /** How long garbage was collected, in ms; undefined of Go. */
  readonly garbage?: number;
  /** Resident memory at the end, in bytes. */
  readonly rss: number;
  /** The sum of all values as the subject's data has it. */
  readonly sum: number;
}

/** One subject at one size: costs of one cycle. */
export interface OrdinaryResult extends Omit<OrdinaryReading, 'sum'> {
  readonly subject: string;
  readonly series: number;
  readonly round: number;
}

// How often is fixed, because V8 gets better for a long time: at 300 series the 1 000th cycle costs
// two thirds of the 100th.
const CYCLES: readonly (readonly [upTo: number, cycles: number])[] = [
  [300, 1_000],
  [1_000, 500],
  [3_000, 300],
  [12_000, 100],
  [Number.POSITIVE_INFINITY, 15],
];

/** What subjects serve, and what its page must show. */
const KINDS = {
  gauges: { lines: 'git_activity_', cycles: undefined },
  histograms: { lines: 'lag_seconds_count', cycles: 10 },
} as const;

/** What is served: gauges, or histograms of twelve buckets. */
type Kind = keyof typeof KINDS;

/** What is measured, and how often. */
export interface OrdinaryRun {
  readonly rounds: number;
  /** What is served. Default `gauges`. */
  readonly kind?: Kind;
  /** The subjects. */
  readonly names: readonly string[];
  /** Where processes leave a profile of their processor time, if anywhere. */
  readonly profiles?: string | undefined;
}

/** Measures some subjects at some sizes, each in a process of its own, in turns. */
export async function measureOrdinary(
  sizes: readonly number[],
  { rounds, names, profiles, kind = 'gauges' }: OrdinaryRun,
): Promise<OrdinaryResult[]> {
  const results: OrdinaryResult[] = [];
  const go = names.includes(GO_SUBJECT) ? buildGoExporter(console.error) : undefined;
  for (const series of sizes) {
    for (let round = 0; round < rounds; round++) {
      // Another order each round, so that no subject is always first.
      const order = names.map((_, i) => names[(i + round) % names.length]!);
      for (const subject of order) {
        if (subject === GO_SUBJECT && go === undefined) continue;
        const started =
          go !== undefined && subject === GO_SUBJECT
            ? startGo(go, kind, series)
            : startNode([subject, String(series), kind], profiles);
        const reading = await measureOne(await started, { kind, series, subject });
        results.push({ subject, series, round, ...reading });
      }
    }
  }
  return results;
}

async function measureOne(
  process: OrdinaryProcess,
  { kind, series, subject }: { kind: Kind; series: number; subject: string },
): Promise<Omit<OrdinaryReading, 'sum'>> {
  const client = new ScrapeClient(process.port);
  const { lines, cycles = CYCLES.find(([upTo]) => series <= upTo)![1] } = KINDS[kind];
  try {
    await run(process, client, cycles);
    await process.ask('begin');
    await run(process, client, cycles);
    const { sum, ...reading } = (await process.ask('end')) as OrdinaryReading;
    if (!subject.startsWith('floor')) {
      checkPage(await client.page('gzip'), { series, sum }, lines);
    }
    const { cpu, main, garbage } = reading;
    return {
      ...reading,
      cpu: cpu / cycles,
      ...(main !== undefined && { main: main / cycles }),
      ...(garbage !== undefined && { garbage: garbage / cycles }),
    };
  } finally {
    client.close();
    await process.stop();
  }
}

async function run(process: OrdinaryProcess, client: ScrapeClient, cycles: number): Promise<void> {
  for (let i = 0; i < cycles; i++) {
    await process.ask('cycle');
    await client.scrape('gzip');
  }
}
