import { describe, expect, it } from 'vitest';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  type SnapscrapeError,
} from '../../src/index.ts';
import { Clock } from '../support/clock.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { type Answer, ScriptedSource, state, statePage } from '../support/scripted-source.ts';

const SECRET = 'password=hunter2';

function fail(): never {
  throw new Error(SECRET);
}

/** Every way in which a source can fail to give a snapshot, and the code of the error. */
const FAILURES: readonly (readonly [name: string, code: string, answer: Answer])[] = [
  ['throws', 'refresh_failed', fail],
  ['throws no error', 'refresh_failed', () => Promise.reject(undefined)],
  ['rejects', 'refresh_failed', async () => fail()],
  ['yields half of it and throws', 'refresh_failed', () => halfOf()],
  ['yields half of it later and throws', 'refresh_failed', () => halfOfLater()],
  ['promises half of it', 'refresh_failed', async () => halfOf()],
  ['has an iterator that is none', 'refresh_failed', () => ({ [Symbol.iterator]: () => null })],
  ['answers null', 'invalid_source_reply', () => null],
  ['answers undefined', 'invalid_source_reply', () => undefined],
  ['answers a string', 'invalid_source_reply', () => 'state 1'],
  ['answers a number', 'invalid_source_reply', () => 5],
  ['answers an object', 'invalid_source_reply', () => ({ points: [state(9)] })],
  ['promises null', 'invalid_source_reply', async () => null],
];

function* halfOf(): Generator<unknown> {
  yield state(9);
  fail();
}

async function* halfOfLater(): AsyncGenerator<unknown> {
  yield state(9);
  await Promise.resolve();
  fail();
}

function errorOf(reader: CachedSnapshotReader): Promise<SnapscrapeError> {
  return reader.refresh().then(
    () => expect.fail('the refresh succeeded'),
    (error: SnapscrapeError) => error,
  );
}

describe.each(FAILURES)('last good wins: a source that %s', (_, code, answer) => {
  it('does not replace a good snapshot (sql_exporter#354, tdarr-exporter#103)', async () => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source);
    const handler = bareHandler(reader);
    await reader.refresh();
    const points = [...(await reader.snapshot())];
    source.answer = answer;
    expect((await errorOf(reader)).code).toBe(code);
    expect(await pageOf(handler)).toBe(statePage(1));
    expect([...(await reader.snapshot())]).toEqual(points);
    expect(reader.cacheStats()).toMatchObject({ version: 1, refreshes: 1, failures: 1, series: 1 });
    source.answer = undefined;
    source.value = 2;
    await reader.refresh();
    expect(await pageOf(handler)).toBe(statePage(2));
  });

  it('leads to 503 before the first good one, never to an empty 200 (all-smi#323)', async () => {
    const source = new ScriptedSource();
    source.answer = answer;
    for (const reader of [source, createCachedSnapshotReader(source)]) {
      const response = await scrape(bareHandler(reader));
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.text()).not.toContain(SECRET);
    }
  });

  it('is reported once, with what it threw as the cause', async () => {
    const reported: SnapscrapeError[] = [];
    const source = new ScriptedSource();
    source.answer = answer;
    const reader = createCachedSnapshotReader(source, { onError: (error) => reported.push(error) });
    const error = await errorOf(reader);
    expect(reported).toEqual([error]);
    if (code === 'refresh_failed') expect('cause' in error).toBe(true);
    expect(error.message).not.toContain(SECRET);
  });
});

describe('an onError that fails', () => {
  it.each([
    ['throws', fail],
    ['rejects', (): Promise<never> => Promise.reject(new Error(SECRET))],
  ])('and %s changes nothing', async (_, onError) => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source, { onError });
    await reader.refresh();
    source.answer = fail;
    expect((await errorOf(reader)).code).toBe('refresh_failed');
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
  });
});

describe('maxStaleness', () => {
  it('ends what the last good snapshot is served for, and a good refresh mends it', async () => {
    const clock = new Clock();
    const source = new ScriptedSource();
    const config = { now: clock.now, refreshInterval: 1000, maxStaleness: 5000 };
    const reader = createCachedSnapshotReader(source, config);
    const handler = bareHandler(reader);
    expect(await pageOf(handler)).toBe(statePage(1));
    source.answer = fail;
    clock.advance(5000);
    expect(await pageOf(handler)).toBe(statePage(1));
    clock.advance(1);
    const response = await scrape(handler);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    await expect(reader.snapshot()).rejects.toMatchObject({ code: 'snapshot_stale' });
    source.answer = undefined;
    source.value = 2;
    expect(await pageOf(handler)).toBe(statePage(2));
  });
});

describe('a source slower than maxStaleness', () => {
  it.each([0, 3])('is served as it is read when maxStaleness is %d', async (maxStaleness) => {
    const clock = new Clock();
    const source = new ScriptedSource();
    source.answer = () => {
      clock.advance(10);
      return [state(7)];
    };
    const config = { now: clock.now, refreshInterval: 100, maxStaleness };
    const handler = bareHandler(createCachedSnapshotReader(source, config));
    expect(await pageOf(handler)).toBe(statePage(7));
    clock.advance(80);
    // It is not due, so nothing has failed.
    expect(await pageOf(handler)).toBe(statePage(7));
    source.answer = fail;
    clock.advance(20);
    expect((await scrape(handler)).status).toBe(503);
  });
});

describe('a clock that is set back', () => {
  it('makes a refresh due, and puts none off', async () => {
    const clock = new Clock();
    const source = new ScriptedSource();
    const config = { now: clock.now, refreshInterval: 1000 };
    const reader = createCachedSnapshotReader(source, config);
    const handler = bareHandler(reader);
    await pageOf(handler);
    clock.advance(-3_600_000);
    source.value = 2;
    expect(await pageOf(handler)).toBe(statePage(2));
    expect(reader.cacheStats()).toMatchObject({ age: 0, refreshDuration: 0 });
    clock.advance(1000);
    source.value = 3;
    expect(await pageOf(handler)).toBe(statePage(3));
  });
});
