import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Random } from '../workload/random.ts';
import { checkPageRules, type Syntax } from './page-rules.ts';

const gunzipAsync = promisify(gunzip);

const ACCEPT: Readonly<Record<Syntax, string>> = {
  text: 'text/plain;version=0.0.4',
  openmetrics: 'application/openmetrics-text;version=1.0.0',
};

/** How a page is coded on its way. */
export type SoakCoding = 'identity' | 'gzip';

/** Every way of asking for a page. */
export const WAYS: readonly (readonly [Syntax, SoakCoding])[] = [
  ['text', 'identity'],
  ['text', 'gzip'],
  ['openmetrics', 'identity'],
  ['openmetrics', 'gzip'],
];

/** What the clients did. */
export interface ClientCounts {
  complete: number;
  aborted: number;
  slow: number;
  bytes: number;
}

/** Where the clients find the server and what they need of the soak. */
export interface ClientSetting {
  readonly port: number;
  readonly random: Random;
  readonly counts: ClientCounts;
  /** Whether it is over. */
  readonly isOver: () => boolean;
  /** Takes note of something that must not be. */
  readonly find: (finding: string) => void;
}

/** Scrapes in all ways, checks every whole page, and goes away in the middle of some. */
export async function scrapeOnAndOn(setting: ClientSetting): Promise<void> {
  const { random, counts, find } = setting;
  while (!setting.isOver()) {
    const [syntax, coding] = WAYS[random.below(WAYS.length)]!;
    const abortAfter = random.below(6) === 0 ? random.below(3_000_000) : undefined;
    try {
      const page = await fetchPage(setting.port, syntax, coding, abortAfter);
      if (page === undefined) counts.aborted++;
      else {
        counts.complete++;
        counts.bytes += page.length;
        checkPageRules(page, syntax);
      }
    } catch (error) {
      find(`${syntax}, ${coding}: ${(error as Error).message}`);
    }
    await setTimeout(random.below(200));
  }
}

/** Asks for a page and reads little of it at a time, or nothing for so long that it is cut off. */
export async function readSlowlyOnAndOn(setting: ClientSetting): Promise<void> {
  const { random, counts, port } = setting;
  while (!setting.isOver()) {
    const socket = connect(port, '127.0.0.1');
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    // Being cut off is what may happen to such a client.
    socket.on('error', () => undefined);
    const pause = 20 + random.below(400);
    const coding = random.below(2) === 0 ? 'Accept-Encoding: gzip\r\n' : '';
    socket.write(`GET /metrics HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n${coding}\r\n`);
    socket.on('data', () => {
      socket.pause();
      void setTimeout(pause).then(() => socket.resume());
    });
    await Promise.race([closed, setTimeout(1000 + random.below(9000))]);
    socket.destroy();
    await closed;
    counts.slow++;
  }
}

/**
 * Fetches a page; undefined when it was left after so many bytes. Anything but a whole page throws.
 */
export async function fetchPage(
  port: number,
  syntax: Syntax,
  coding: SoakCoding,
  abortAfter?: number,
): Promise<string | undefined> {
  const headers = { accept: ACCEPT[syntax], 'accept-encoding': coding };
  const request = get({ host: '127.0.0.1', port, path: '/metrics', headers, agent: false });
  const body = await new Promise<Buffer | undefined>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const isCoded = response.headers['content-encoding'] === 'gzip';
      if (response.statusCode !== 200) reject(new Error(`Status ${response.statusCode}`));
      if (isCoded !== (coding === 'gzip')) reject(new Error('Not coded as asked'));
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (abortAfter === undefined || bytes <= abortAfter) return;
        resolve(undefined);
        request.destroy();
      });
      response.on('error', reject);
      response.on('end', () => {
        const said = response.headers['content-length'];
        if (!response.complete) reject(new Error('Cut off'));
        if (said !== undefined && Number(said) !== bytes) reject(new Error('Not as long as said'));
        resolve(Buffer.concat(chunks));
      });
    });
  });
  if (body === undefined) return undefined;
  return (coding === 'gzip' ? await gunzipAsync(body) : body).toString();
}
