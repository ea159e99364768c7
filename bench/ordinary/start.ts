// Measures how an ordinary exporter starts: each subject in new processes, in turns.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ScrapeClient } from '../driver/scrape-client.ts';

/** What a start costs. */
export interface StartReading {
  /** Processor time for loading the library, in ms. */
  readonly imported: number;
  /** Processor time of the process from its start to its first page, in ms. */
  readonly cpu: number;
  /** Memory that the process shares with no other, in bytes; null if the kernel does not tell. */
  readonly memory: number | null;
}

/** One start of one subject. */
export interface StartResult extends StartReading {
  readonly subject: string;
}

/** The subjects whose start is measured. */
export const STARTERS = ['snapscrape', 'prom-client', '@prometheus-io/client'] as const;

/** How many series the first page has. */
export const START_SERIES = 3_000;

const PROGRAM = fileURLToPath(new URL('./start-process.mjs', import.meta.url));

/** Starts each subject so many times. */
export async function measureStarts(rounds: number): Promise<StartResult[]> {
  const results: StartResult[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const subject of STARTERS) results.push({ subject, ...(await startOne(subject)) });
  }
  return results;
}

async function startOne(subject: string): Promise<StartReading> {
  const child = fork(PROGRAM, [subject, String(START_SERIES)], { execArgv: [] });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const client = new ScrapeClient(port);
  try {
    await client.scrape('identity');
    const answer = once(child, 'message');
    child.send('end');
    return (await answer)[0] as StartReading;
  } finally {
    client.close();
    child.disconnect();
    await once(child, 'exit');
  }
}
