import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  createOpenMetricsHandler,
  type HandlerOptions,
  type MetricPoint,
  type OpenMetricsHandler,
} from '../../src/index.ts';
import { LabelColumns } from '../../src/model/key/index.ts';
import { startExporter } from '../support/exporter.ts';
import { listening } from '../support/serving.ts';
import { turns, until } from '../support/until.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const SERIES = 15_000;

function* points(padding = 950): Generator<MetricPoint> {
  const pad = 'x'.repeat(padding);
  for (let i = 0; i < SERIES; i++) {
    const labels = { org: `o${i % 7}`, user: `u${i}`, pad };
    yield { name: `many_${i % 10}`, labels, value: i, updatedAt: 1 };
  }
}

async function readReader(padding?: number): Promise<CachedSnapshotReader> {
  const source = { snapshot: () => points(padding) };
  const reader = createCachedSnapshotReader(source, { refreshInterval: 1e9 });
  await reader.refresh();
  return reader;
}

/** Nearly the whole page, each time another part of it, or all of some shards. */
function query(i: number): string {
  if (i % 4 === 0) return `shard=${1 + (i % 5)}/5&match[]=${encodeURIComponent(`{user!="u${i}"}`)}`;
  if (i % 4 === 1) return `prefix[]=many&match[]=${encodeURIComponent(`{org!="o${i}"}`)}`;
  if (i % 4 === 2) return `match[]=${encodeURIComponent(`{pad!="${i}",user!="u"}`)}`;
  const pattern = `.*[${i % 10}${i % 7}][0-9]?(a|${i})*|[^${i % 9}]+`;
  return `match[]=${encodeURIComponent(`{user=~"${pattern}"}`)}`;
}

function fetched(handler: OpenMetricsHandler, text: string): Promise<Response> {
  return handler.fetch(new Request(`http://exporter/metrics?${text}`));
}

/** Counts the lines that are read. A spy of the test runner would keep each call. */
function countReads(): { lines: number } {
  const counted = { lines: 0 };
  const read = Reflect.get(LabelColumns.prototype, 'read') as LabelColumns['read'];
  LabelColumns.prototype.read = function (text, start, end) {
    counted.lines++;
    read.call(this, text, start, end);
  };
  onTestFinished(() => {
    LabelColumns.prototype.read = read;
  });
  return counted;
}

function heldBytes(): number {
  for (let i = 0; i < 3; i++) collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/**
 * The clients, in a thread with a heap of its own: half of them do not read, the others leave with
 * the first bytes, and one of 75 reads all. Tells the statuses of those that read when all of them
 * have the end.
 */
const CLIENTS = `
const { connect } = require('node:net');
const { parentPort, workerData } = require('node:worker_threads');
const statuses = [];
const sockets = workerData.queries.map((query, i) => {
  const socket = connect(workerData.port, '127.0.0.1');
  const coding = i % 2 === 0 ? '' : 'Accept-Encoding: gzip\\r\\n';
  socket.write('GET /?' + query + ' HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\n' + coding + '\\r\\n');
  socket.on('error', () => undefined);
  if (i % 25 > 12) return socket.pause();
  let status;
  socket.on('data', (data) => {
    status ??= data.toString('latin1', 9, 12);
    if (i % 75 > 0) socket.destroy();
  });
  if (i % 75 === 0) {
    socket.on('end', () => {
      statuses.push(status);
      if (statuses.length === Math.ceil(workerData.queries.length / 75)) parentPort.postMessage(statuses);
    });
  }
  return socket;
});
parentPort.once('message', () => {
  for (const socket of sockets) socket.destroy();
});
`;

describe('500 different selections at once', () => {
  it('hold less than three and a half pages, whether their clients read, wait or leave', async () => {
    const reader = await readReader();
    const { bytes } = reader.cacheStats();
    const options: HandlerOptions = { subsets: { patterns: true }, clientTimeout: 60_000 };
    const handler = createOpenMetricsHandler(reader, options);
    let open = 0;
    const { port } = await listening((request, response) => {
      open++;
      response.once('close', () => open--);
      handler(request, response);
    });
    const before = heldBytes();
    const queries = Array.from({ length: 500 }, (_, i) => query(i));
    const clients = new Worker(CLIENTS, { eval: true, workerData: { port, queries } });
    onTestFinished(async () => void (await clients.terminate()));
    let statuses: readonly string[] | undefined;
    clients.once('message', (all: readonly string[]) => {
      statuses = all;
    });
    let most = 0;
    let samples = 0;
    await until(
      'those that read have their pages',
      () => {
        if (samples++ % 500 === 100) most = Math.max(most, heldBytes() - before);
        return statuses !== undefined;
      },
      300_000,
    );
    most = Math.max(most, heldBytes() - before);
    // Each client has some generators and a part or two; it is about three pages here.
    expect(most / bytes).toBeLessThan(3.5);
    expect(new Set(statuses)).toEqual(new Set(['200']));
    clients.postMessage('leave');
    await until('all have gone', () => open === 0);
    // 500 selections that were kept would be hundreds of pages. V8 keeps code and a buffer or two,
    // and frees them in its own time.
    await until('nothing of them is held', () => (heldBytes() - before) / bytes < 2);
  }, 400_000);

  it('are rejected beyond what the queue holds, and the rest is served', async () => {
    const handler = createOpenMetricsHandler(await readReader());
    const responses = await Promise.all(
      Array.from({ length: 600 }, (_, i) => fetched(handler, `name[]=none&shard=1/${i + 2}`)),
    );
    const rejected = responses.filter(({ status }) => status === 503);
    expect(rejected.length).toBeGreaterThan(50);
    expect(rejected.length).toBeLessThan(100);
    expect(rejected[0]!.headers.get('retry-after')).toBe('5');
    expect(await rejected[0]!.text()).toBe('Too many selections are waiting; try again later.\n');
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(600 - rejected.length);
    expect((await fetched(handler, 'name[]=none')).status).toBe(200);
  });
});

describe('the event loop', () => {
  /** The most lines that were read between two turns of the loop. */
  async function mostLinesInATurn(work: () => Promise<unknown>): Promise<number> {
    const reads = countReads();
    let most = 0;
    let isDone = false;
    const turn = (): void => {
      most = Math.max(most, reads.lines);
      reads.lines = 0;
      if (!isDone) setImmediate(turn);
    };
    setImmediate(turn);
    await work();
    isDone = true;
    return most;
  }

  it('is held by forty selections, of two handlers, no longer than by one', async () => {
    const reader = await readReader(10);
    const handlers = [createOpenMetricsHandler(reader), createOpenMetricsHandler(reader)];
    const ask = async (i: number): Promise<void> => {
      const text = `match[]=${encodeURIComponent(`{user!="${i}",org!="o1"}`)}`;
      await (await fetched(handlers[i % 2]!, text)).arrayBuffer();
    };
    await ask(0); // compiles the code
    const alone = await mostLinesInATurn(() => ask(0));
    const many = await mostLinesInATurn(() =>
      Promise.all(Array.from({ length: 40 }, (_, i) => ask(i))),
    );
    expect(alone).toBeGreaterThan(0);
    expect(alone).toBeLessThan(SERIES / 2);
    expect(many).toBeLessThan(alone * 8);
  });

  it('is not held by patterns on values that are very long', async () => {
    const value = `${'ab'.repeat(30_000)}c`;
    const reader = createCachedSnapshotReader({
      snapshot: () =>
        Array.from({ length: 20 }, (_, i) => ({
          name: 'a',
          labels: { l: `${i}${value}` },
          value: i,
        })),
    } as Parameters<typeof createCachedSnapshotReader>[0]);
    const handler = createOpenMetricsHandler(reader, { subsets: { patterns: true } });
    const patterns = Array.from({ length: 8 }, (_, i) => `{l=~".*a${'(a|b)'.repeat(15)}${i}?c"}`);
    const before = process.cpuUsage();
    const response = await fetched(
      handler,
      patterns.map((match) => `match[]=${encodeURIComponent(match)}`).join('&'),
    );
    const page = await response.text();
    const { user } = process.cpuUsage(before);
    expect([response.status, page.includes('a{')]).toEqual([200, false]);
    // They took 8 s.
    expect(user / 1e6).toBeLessThan(2);
  });
});

describe('a client that does not read', () => {
  it.each(['identity', 'gzip'])('has no more selected than a few chunks (%s)', async (coding) => {
    const reads = countReads();
    const handler = createOpenMetricsHandler(await readReader());
    const headers = { 'accept-encoding': coding };
    const request = new Request('http://exporter/?match[]={user!="u7"}', { headers });
    const body = (await handler.fetch(request)).body!.getReader();
    await turns(100);
    const lines = reads.lines;
    expect(lines).toBeLessThan(SERIES / 4);
    await body.read();
    await turns(100);
    expect(reads.lines).toBeLessThan(lines + SERIES / 10);
    await body.cancel();
    await turns(100);
    expect(reads.lines).toBeLessThan(SERIES / 2);
    expect((await fetched(handler, 'match[]={user="u7"}')).status).toBe(200);
  });
});

describe('a reader without a cache', () => {
  it('is read once or twice for any number of queries at once', async () => {
    let reads = 0;
    const source = {
      async *snapshot() {
        reads++;
        await turns(5);
        yield { name: 'a', labels: { read: String(reads) }, value: 1, updatedAt: 1 };
      },
    };
    const handler = createOpenMetricsHandler(source, { selfMetrics: false });
    const ask = async (i: number): Promise<string> =>
      (await fetched(handler, `match[]={user!="${i}"}`)).text();
    const pages = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(i)));
    expect(reads).toBeLessThanOrEqual(2);
    expect(pages.every((page) => /^a\{read="[12]"\} 1$/m.test(page))).toBe(true);
    // A reading that began before a request does not serve it.
    await ask(0);
    expect(await ask(1)).toContain(`a{read="${reads}"} 1`);
    expect(reads).toBeGreaterThanOrEqual(3);
  });

  it('ends a reading that all have left, and reads again', async () => {
    const signals: AbortSignal[] = [];
    let isHanging = true;
    const source = {
      async snapshot({ signal }: { signal?: AbortSignal } = {}) {
        signals.push(signal!);
        if (isHanging) {
          await new Promise((_, reject) => {
            signal!.addEventListener('abort', () => reject(signal!.reason as Error));
          });
        }
        return [{ name: 'a', labels: {}, value: 1, updatedAt: 1 }];
      },
    };
    const handler = createOpenMetricsHandler(source, { selfMetrics: false });
    const leaving = [new AbortController(), new AbortController()];
    const responses = leaving.map(({ signal }) =>
      handler.fetch(new Request('http://exporter/?name[]=a', { signal })),
    );
    await until('it is being read', () => signals.length === 1);
    leaving[0]!.abort();
    await turns();
    expect(signals[0]!.aborted).toBe(false);
    leaving[1]!.abort();
    await Promise.all(responses);
    await until('the reading has ended', () => signals[0]!.aborted);
    isHanging = false;
    expect(await (await fetched(handler, 'name[]=a')).text()).toContain('a 1\n');
  });
});

describe('views', () => {
  it('may have any pattern of RE2', async () => {
    const values = ['Größe', 'Москва', 'ab', 'x1-'];
    const reader = createCachedSnapshotReader({
      snapshot: () => values.map((l, i) => ({ name: 'a', labels: { l }, value: i, updatedAt: 1 })),
    });
    const patterns = ['[a-zA-ZäöüÄÖÜß]+', '[А-Яа-я]+', '[\\\\x20-\\\\x7e]{2}', '\\\\pL{2,1000}'];
    const views = patterns.map((pattern, i) => ({ path: `/${i}`, match: `{l=~"${pattern}"}` }));
    const { url } = await startExporter(reader, { handler: { selfMetrics: false }, views });
    const selected = async (path: string): Promise<string[]> => {
      const page = await (await fetch(`${url}${path}`)).text();
      return [...page.matchAll(/l="(.*?)"/g)].map(([, value]) => value!);
    };
    const all = await Promise.all(views.map(({ path }) => selected(path)));
    expect(all).toEqual([['Größe', 'ab'], ['Москва'], ['ab'], ['Größe', 'ab', 'Москва']]);
  });
});
