import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { bareHandler, scrape } from '../../test/support/page.ts';
import { never, ScriptedSource } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  mergeReaders,
  type SnapshotReader,
} from '../index.ts';
import { ERROR_POLICIES, type ErrorPolicy } from '../refresh/snapshot-provider.ts';
import { createHealthHandler } from './health.ts';

const HOUR = 3_600_000;

/** A source, its cache and their clock; nothing is refreshed by itself. */
function cached(): { source: ScriptedSource; reader: CachedSnapshotReader; clock: Clock } {
  const source = new ScriptedSource();
  const clock = new Clock();
  const reader = createCachedSnapshotReader(source, {
    now: clock.now,
    refreshInterval: 1000,
    maxStaleness: 60_000,
  });
  return { source, reader, clock };
}

function failing(): never {
  throw new Error('secret');
}

async function probe(
  handler: { fetch(request: Request): Promise<Response> },
  path = '/-/ready',
): Promise<string> {
  const response = await handler.fetch(new Request(`http://exporter${path}`));
  return `${response.status} ${await response.text()}`;
}

const READY = '200 The exporter is ready.\n';
const STARTING = '503 Not ready: there is no good snapshot yet.\n';
const STALE = '503 Not ready: the last good snapshot is too old.\n';
const FAILING = '503 Not ready: the latest refresh failed.\n';
const DRAINING = '503 Not ready: the exporter is shutting down.\n';

test('it is ready from the first good snapshot until that is too old, and again after', async () => {
  const { source, reader, clock } = cached();
  const health = createHealthHandler(reader);
  expect(await probe(health)).toBe(STARTING);
  source.answer = failing;
  await expect(reader.refresh()).rejects.toThrow();
  expect(await probe(health)).toBe(STARTING);
  source.answer = undefined;
  await reader.refresh();
  expect(await probe(health)).toBe(READY);

  source.answer = failing;
  await expect(reader.refresh()).rejects.toThrow();
  expect(await probe(health)).toBe(READY);
  clock.advance(60_001);
  expect(await probe(health)).toBe(STALE);
  source.answer = undefined;
  await reader.refresh();
  expect(await probe(health)).toBe(READY);
});

test('data that is old because no scrape asked does not count: the next scrape gets a page', async () => {
  const { source, reader, clock } = cached();
  const health = createHealthHandler(reader);
  await reader.refresh();
  clock.advance(HOUR);
  expect(await probe(health)).toBe(READY);
  source.answer = never;
  const hanging = reader.refresh().catch(() => undefined);
  expect(await probe(health)).toBe(STALE);
  reader.close();
  await hanging;
});

test('the error policy decides as it does for scrapes', async () => {
  const { source, reader, clock } = cached();
  const [fail, goOn] = (['fail', 'continue'] as const).map((errorPolicy) =>
    createHealthHandler(reader, { errorPolicy }),
  );
  await reader.refresh();
  source.answer = failing;
  await expect(reader.refresh()).rejects.toThrow();
  expect(await probe(fail!)).toBe(FAILING);
  clock.advance(HOUR);
  expect(await probe(goOn!)).toBe(READY);
});

test('of merged readers each is tried, and one that fails spares the others', async () => {
  const [a, b] = [cached(), cached()];
  const health = createHealthHandler(mergeReaders([a.reader, b.reader, new ScriptedSource()]));
  expect(await probe(health)).toBe(STARTING);
  await a.reader.refresh();
  expect(await probe(health)).toBe(STARTING);
  b.source.answer = failing;
  await expect(b.reader.refresh()).rejects.toThrow();
  expect(await probe(health)).toBe(READY);
});

/** Readers in every state that can be known before a scrape. */
const STATES: Readonly<Record<string, () => Promise<SnapshotReader>>> = {
  good: async () => {
    const { reader } = cached();
    await reader.refresh();
    return reader;
  },
  'good, left alone for long': async () => {
    const { reader, clock } = cached();
    await reader.refresh();
    clock.advance(HOUR);
    return reader;
  },
  'never good': async () => {
    const { source, reader } = cached();
    source.answer = failing;
    await expect(reader.refresh()).rejects.toThrow();
    return reader;
  },
  failing: () => failingSince(0),
  'failing for long': () => failingSince(60_001),
  'hanging for long': async () => {
    const { source, reader, clock } = cached();
    await reader.refresh();
    clock.advance(60_001);
    source.answer = never;
    reader.refresh().catch(() => undefined);
    onTestFinished(() => reader.close());
    return reader;
  },
  closed: async () => {
    const { reader } = cached();
    await reader.refresh();
    reader.close();
    return reader;
  },
  'without a cache': async () => new ScriptedSource(),
};

/** A reader whose latest refresh failed, with data that is so old. */
async function failingSince(ms: number): Promise<SnapshotReader> {
  const { source, reader, clock } = cached();
  await reader.refresh();
  source.answer = failing;
  clock.advance(ms);
  await expect(reader.refresh()).rejects.toThrow();
  return reader;
}

/**
 * The status of a scrape whose deadline comes once nothing goes on by itself any more: only what
 * hangs is late then, however slow the machine is.
 */
async function statusOf(reader: SnapshotReader, errorPolicy: ErrorPolicy): Promise<number> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const handler = bareHandler(reader, { errorPolicy, scrapeTimeout: 1000 });
  const scraped = scrape(handler);
  await turns(50);
  vi.advanceTimersByTime(1000);
  return (await scraped).status;
}

const COMBINATIONS = Object.keys(STATES).flatMap((one) => [
  [one],
  ...Object.keys(STATES).map((other) => [one, other]),
]);

test.each(ERROR_POLICIES)(
  'with %s it is ready exactly when a scrape gets a page',
  async (policy) => {
    for (const names of COMBINATIONS) {
      const readers = await Promise.all(names.map((name) => STATES[name]!()));
      const reader = readers.length === 1 ? readers[0]! : mergeReaders(readers);
      const ready = await probe(createHealthHandler(reader, { errorPolicy: policy }));
      const status = await statusOf(reader, policy);
      expect([names, ready === READY], ready).toEqual([names, status === 200]);
    }
  },
);

test('a registry beside a reader that fails is a page, once that was tried', async () => {
  const { source, reader } = cached();
  const merged = mergeReaders([reader, new ScriptedSource()]);
  const health = createHealthHandler(merged);
  expect(await probe(health)).toBe(STARTING);
  source.answer = failing;
  await expect(reader.refresh()).rejects.toThrow();
  expect(await probe(health)).toBe(READY);
  expect(await probe(createHealthHandler(merged, { errorPolicy: 'fail' }))).toBe(FAILING);
});

test('a reader without a cache is read for each scrape, and ready', async () => {
  const source = new ScriptedSource();
  expect(await probe(createHealthHandler(source))).toBe(READY);
  expect(source.reads).toBe(0);
});

test('no probe reads the source, whatever its state', async () => {
  const { source, reader, clock } = cached();
  const health = createHealthHandler(reader);
  await probe(health);
  await reader.refresh();
  clock.advance(HOUR);
  for (const path of ['/-/ready', '/-/healthy']) await probe(health, path);
  expect(source.reads).toBe(1);
});

test('it is healthy at all times, and not ready once it drains', async () => {
  const { reader } = cached();
  const health = createHealthHandler(reader);
  await reader.refresh();
  expect(health.readiness()).toBe('ready');
  health.drain();
  expect(health.readiness()).toBe('draining');
  expect(await probe(health)).toBe(DRAINING);
  expect(await probe(health, '/-/healthy')).toBe('200 The exporter is healthy.\n');
});

test('the last part of the path decides, over a socket too', async () => {
  const health = createHealthHandler(new ScriptedSource());
  const server = createServer(health).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asked = async (path: string, method = 'GET'): Promise<unknown[]> => {
    const response = await fetch(`${url}${path}`, { method });
    return [response.status, await response.text()];
  };
  expect(await asked('/-/ready?verbose')).toEqual([200, 'The exporter is ready.\n']);
  expect(await asked('/mounted/at/ready')).toEqual([200, 'The exporter is ready.\n']);
  expect(await asked('/healthy', 'HEAD')).toEqual([200, '']);
  expect(await asked('/-/live')).toEqual([404, 'Not found.\n']);
  expect(await asked('/ready', 'POST')).toEqual([405, 'Only GET and HEAD are served here.\n']);
  expect(await probe(health, '/-/live')).toBe('404 Not found.\n');
});

test('a 503 says when to come back, and that it must not be kept', async () => {
  const { reader } = cached();
  const { headers } = await createHealthHandler(reader).fetch(new Request('http://a/-/ready'));
  expect(Object.fromEntries(headers)).toEqual({
    'cache-control': 'no-store',
    'content-type': 'text/plain; charset=utf-8',
    'retry-after': '5',
    'x-content-type-options': 'nosniff',
  });
});

test.each([
  ['a URL', new URL('http://exporter/-/healthy'), 200],
  ['a relative URL', '/-/healthy', 200],
  ['a request of another runtime', { method: 'get', url: '/-/healthy', signal: null }, 200],
  ['an empty object', {}, 404],
  ['nothing', undefined, 404],
  [
    'one that throws',
    {
      get url(): string {
        throw new Error();
      },
    },
    404,
  ],
])('its fetch serves %s', async (_what, request, status) => {
  const health = createHealthHandler(new ScriptedSource());
  const response = await health.fetch(request as Request);
  expect([response.status, response.headers.get('cache-control')]).toEqual([status, 'no-store']);
});

test('it serves mock requests and responses without events', () => {
  const health = createHealthHandler(new ScriptedSource());
  const written: unknown[] = [];
  const response = {
    hasHeader: () => false,
    setHeader: () => undefined,
    writeHead: (status: number) => written.push(status),
    end: (body: string) => written.push(body),
  };
  health({ method: 'GET', url: '/-/healthy' } as never, response as never);
  expect(written).toEqual([200, 'The exporter is healthy.\n']);
});

test('what is not a reader or an option is rejected', () => {
  const { reader } = cached();
  for (const make of [
    () => createHealthHandler(undefined as never),
    () => createHealthHandler(reader, { errorPolicy: 'never' as never }),
  ]) {
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }));
  }
});
