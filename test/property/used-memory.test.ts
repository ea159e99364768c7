import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type HandlerOptions,
  MemoryStore,
  type MergedSnapshotReader,
  mergeReaders,
  type OpenMetricsHandler,
  type SnapshotPoint,
  type SnapshotReader,
  seriesId,
} from '../../src/index.ts';
import type { CachedReader } from '../../src/refresh/cached-reader.ts';
import { type Change, ChangingPage } from '../support/changing-page.ts';
import { bareHandler } from '../support/page.ts';
import { poisonedCache } from '../support/poisoned-cache.ts';
import { listening } from '../support/serving.ts';
import { tries } from '../support/tries.ts';
import { turns, until } from '../support/until.ts';

const CHANGES: readonly Change[] = ['all', 'all', 'some', 'few', 'come and go'];
const CODINGS = ['identity', 'zstd', ...Array.from({ length: 6 }, () => 'gzip')] as const;
const STEPS = 30;
const KEEPING_FROM = 25;

/** Clients of all kinds over one cache, each of which judges what it got. */
class Clients {
  readonly faults: string[] = [];
  /** The state that all pages from now on are at least of. */
  published = 0;
  /** How many bodies were judged, by kind. */
  readonly judged = new Map<string, number>();
  readonly #page: ChangingPage;
  readonly #reader: CachedReader;
  readonly #random: () => number;
  readonly #handler: OpenMetricsHandler;
  readonly #merged: MergedSnapshotReader;
  readonly #port: number;
  /** Handlers that have each snapshot kept. */
  #keeping:
    | { readonly selecting: OpenMetricsHandler; readonly merged: OpenMetricsHandler }
    | undefined;

  constructor(page: ChangingPage, reader: CachedReader, random: () => number, served: Served) {
    this.#page = page;
    this.#reader = reader;
    this.#random = random;
    this.#handler = served.handler;
    this.#port = served.port;
    this.#merged = mergeReaders([reader, { snapshot: () => [] }]);
  }

  /** Adds handlers that have each snapshot kept from now on. */
  keep(): void {
    const selecting = bareHandler(this.#reader, { names: ['fam_2'] });
    this.#keeping = { selecting, merged: bareHandler(this.#merged) };
  }

  /** Does something that takes a while. */
  one(): Promise<void> {
    const keeping = this.#keeping;
    const usual = [
      () => this.#fetched('ours', this.#handler),
      () => this.#fetched('new', this.#new({})),
      () => this.#fetched('new, by zlib', this.#new({ gzipLevel: 6 })),
      () => this.#sent(),
    ];
    // Each of these has its snapshot kept.
    const unusual = [
      () => this.#fetched('query', this.#handler, '?name[]=fam_2'),
      () => this.#points('points', this.#reader),
      () => this.#points('merged points', this.#merged),
    ];
    if (keeping !== undefined) {
      usual.push(
        () => this.#fetched('selecting', keeping.selecting),
        () => this.#fetched('merged', keeping.merged),
      );
    }
    const ways = this.#random() < 0.15 ? unusual : usual;
    return ways[this.#below(ways.length)]!();
  }

  #new(options: HandlerOptions): OpenMetricsHandler {
    return bareHandler(this.#reader, options);
  }

  /** Reads a body part by part, with rests, or leaves it halfway. */
  async #fetched(kind: string, handler: OpenMetricsHandler, query = ''): Promise<void> {
    const since = this.published;
    const coding = CODINGS[this.#below(CODINGS.length)]!;
    const parts = this.#random() < 0.3 ? this.#below(4) : Number.POSITIVE_INFINITY;
    const rest = this.#below(3) * 2;
    const headers = { 'accept-encoding': coding };
    const response = await handler.fetch(
      new Request(`http://exporter/metrics${query}`, { headers }),
    );
    const got: Uint8Array[] = [];
    const body = response.body!.getReader();
    for (let part = 0; ; part++) {
      if (part >= parts) return body.cancel();
      const { done, value } = await body.read();
      if (done) break;
      got.push(value);
      if (rest > 0) await setTimeout(this.#below(rest));
    }
    const isPart = kind === 'selecting' || kind === 'query';
    // A merged reader's page may be made while others are published.
    const first = kind === 'merged' ? 0 : since;
    const used = response.headers.get('content-encoding') ?? 'identity';
    this.#judge(`${kind}, ${used}`, Buffer.concat(got), used, isPart ? 'fam_2' : 'all', first);
  }

  /** Scrapes over a socket, slowly or not, or cuts it. */
  async #sent(): Promise<void> {
    const since = this.published;
    const coding = this.#random() < 0.8 ? 'gzip' : 'identity';
    const isCut = this.#random() < 0.3;
    const rest = this.#below(3) * 4;
    const asked = request({
      port: this.#port,
      headers: { 'accept-encoding': coding, connection: 'close' },
    });
    const got: Buffer[] = [];
    await new Promise<void>((resolve) => {
      asked.on('error', () => resolve());
      asked.on('response', (response) => {
        response.on('close', resolve).on('error', () => resolve());
        response.on('data', (part: Buffer) => {
          got.push(part);
          if (isCut) asked.destroy();
          if (rest === 0) return;
          response.pause();
          void setTimeout(this.#below(rest)).then(() => response.resume());
        });
      });
      asked.end();
    });
    if (!isCut) this.#judge(`sent, ${coding}`, Buffer.concat(got), coding, 'all', since);
  }

  /** Reads points by and by. */
  async #points(kind: string, reader: SnapshotReader): Promise<void> {
    const since = this.published;
    const points = (await reader.snapshot()) as Iterable<SnapshotPoint>;
    await setTimeout(this.#below(40));
    const page = Buffer.from(ChangingPage.pageOf(points));
    this.#judge(kind, page, 'identity', 'all', since);
  }

  #judge(kind: string, body: Buffer, coding: string, what: 'all' | 'fam_2', since: number): void {
    let fault: string | undefined;
    try {
      fault = this.#page.fault(decoded(body, coding), what, since);
    } catch (error) {
      fault = String(error);
    }
    this.judged.set(kind, (this.judged.get(kind) ?? 0) + 1);
    if (fault !== undefined) this.faults.push(`${kind}: ${fault}`);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

interface Served {
  readonly handler: OpenMetricsHandler;
  readonly port: number;
}

function decoded(body: Buffer, coding: string): string {
  if (coding === 'gzip') return zlib.gunzipSync(body).toString();
  if (coding === 'identity') return body.toString();
  const { zstdDecompressSync } = zlib as unknown as {
    readonly zstdDecompressSync: (body: Buffer) => Buffer;
  };
  return zstdDecompressSync(body).toString();
}

/** Numbers from 0 to 1 that a seed decides. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How the states of the page come into the cache. */
interface Way {
  readonly source: SnapshotReader;
  readonly write: () => Promise<void>;
}

function read(page: ChangingPage): Way {
  return { source: page, write: async () => undefined };
}

function stored(page: ChangingPage): Way {
  const source = new MemoryStore();
  return {
    source,
    write: async () => {
      const points = [...page.snapshot()];
      const ids = new Set(points.map(seriesId));
      await source.upsert(points);
      const ended = [...source.snapshot()].map(seriesId).filter((id) => !ids.has(id));
      await source.delete(ended);
    },
  };
}

it.each([
  ['read fully', read],
  ['read by deltas', stored],
] as const)('no page and no point is read from memory that is used again, %s', async (_, wayOf) => {
  await fc.assert(
    fc.asyncProperty(fc.noShrink(fc.integer()), async (seed) => {
      const random = numbersFrom(seed);
      const page = new ChangingPage(random);
      const { source, write } = wayOf(page);
      await write();
      const { reader, memory } = poisonedCache(source, { onError: () => undefined });
      const handler = bareHandler(reader);
      const { port } = await listening(handler);
      const clients = new Clients(page, reader, random, { handler, port });
      await reader.refresh();
      const all: Promise<void>[] = [];
      for (let step = 0; step < STEPS; step++) {
        if (step === KEEPING_FROM) clients.keep();
        for (let i = Math.floor(random() * 3); i >= 0; i--) all.push(clients.one());
        await turns(Math.floor(random() * 10));
        if (step > 0 && random() < 0.1) {
          page.failsAfter = 5000;
          await reader.refresh().catch(() => undefined);
          page.failsAfter = Number.POSITIVE_INFINITY;
        }
        page.change(CHANGES[Math.floor(random() * CHANGES.length)]!);
        await write();
        await reader.refresh();
        clients.published = page.state;
        // Now and then all have time to end, so that there is memory to use again.
        if (random() < 0.6) {
          await Promise.all(all);
          await until('all uses have ended', () => memory.waitingBytes === 0);
        }
      }
      await Promise.all(all);
      expect(clients.faults).toEqual([]);
      expect(clients.judged.size).toBeGreaterThan(3);
      // Otherwise nothing was tested.
      expect(memory.reusedBytes).toBeGreaterThan(0);
    }),
    { numRuns: tries(1) },
  );
});
