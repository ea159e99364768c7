import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createCachedSnapshotReader,
  mergeReaders,
  type SnapscrapeError,
  type SnapshotReader,
} from '../../src/index.ts';
import type { MergedReader } from '../../src/sources/merged-reader.ts';
import { Clock } from '../support/clock.ts';
import { ACCEPT, bareHandler, pageOf, scrape } from '../support/page.ts';
import { Gate, never, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { turns } from '../support/until.ts';

const steady: SnapshotReader = {
  snapshot: () => [{ name: 'steady', labels: {}, value: 1, updatedAt: 1 }],
};
const STEADY = '# TYPE steady gauge\nsteady 1\n';
const broken = (): never => {
  throw new Error('as planned');
};

function ups(all: ReturnType<typeof mergeReaders>): readonly boolean[] {
  return all.members().map(({ up }) => up);
}

describe('a merged reader that fails', () => {
  it('is left out while it fails where it has no cache, spares the others, and comes back', async () => {
    const source = new ScriptedSource();
    const reported: (readonly [string, string])[] = [];
    const all = mergeReaders([steady, { name: 'state', reader: source }], {
      onError: (error, name) => reported.push([error.code, name]),
    });
    const handler = bareHandler(all);
    for (let round = 0; round < 2; round++) {
      source.answer = broken;
      expect(await pageOf(handler)).toBe(STEADY);
      expect(ups(all)).toEqual([true, false]);
      source.answer = undefined;
      expect(await pageOf(handler)).toBe(statePage(1) + STEADY);
      expect(ups(all)).toEqual([true, true]);
    }
    expect(reported).toEqual(Array(2).fill(['refresh_failed', 'state']));
  });

  it('gives its last good samples where it has a cache, until they are too old, and is down', async () => {
    const clock = new Clock();
    const source = new ScriptedSource();
    const config = { now: clock.now, refreshInterval: 100, maxStaleness: 1000 };
    const all = mergeReaders([createCachedSnapshotReader(source, config), steady]);
    const handler = bareHandler(all);
    expect(await pageOf(handler)).toBe(statePage(1) + STEADY);
    source.answer = broken;
    clock.advance(200);
    expect(await pageOf(handler)).toBe(statePage(1) + STEADY);
    expect(ups(all)).toEqual([false, true]);
    clock.advance(1000);
    expect(await pageOf(handler)).toBe(STEADY);
    source.answer = undefined;
    expect(await pageOf(handler)).toBe(statePage(1) + STEADY);
    expect(ups(all)).toEqual([true, true]);
  });

  it('fails at any place: no promise that it breaks is left unhandled', async () => {
    const answers = [
      broken,
      () => Promise.reject(new Error('as planned')),
      () => 5,
      () => undefined,
      async function* (): AsyncGenerator<unknown> {
        yield state(1);
        broken();
      },
    ];
    for (const answer of answers) {
      const source = new ScriptedSource();
      source.answer = answer;
      const all = mergeReaders([source, steady], { onError: broken });
      expect(await pageOf(bareHandler(all))).toBe(STEADY);
      expect(ups(all)).toEqual([false, true]);
    }
    await turns();
  });

  it('fails the read only together with all others, with their errors as the cause', async () => {
    const sources = [new ScriptedSource(), new ScriptedSource()];
    for (const source of sources) source.answer = broken;
    const cached = createCachedSnapshotReader(sources[0]!);
    const handler = bareHandler(mergeReaders([cached, sources[1]!]));
    expect((await scrape(handler)).status).toBe(503);
    const failure: unknown = await mergeReaders([cached, sources[1]!])
      .snapshot()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'snapshot_unavailable' });
    const { errors } = (failure as SnapscrapeError).cause as AggregateError;
    expect(errors).toMatchObject([{ code: 'snapshot_unavailable' }, { code: 'refresh_failed' }]);
    const alike = mergeReaders([sources[0]!, sources[1]!]).snapshot();
    await expect(alike).rejects.toMatchObject({ code: 'refresh_failed' });
  });

  it('fails every read under the policy `fail`, and is reported under the others', async () => {
    const source = new ScriptedSource();
    source.answer = broken;
    const all = mergeReaders([steady, source]) as MergedReader;
    const failing = all.current({ errorPolicy: 'fail' });
    await expect(failing).rejects.toMatchObject({ code: 'refresh_failed' });
    const met: string[] = [];
    const onFailure = ({ code }: SnapscrapeError): void => void met.push(code);
    expect((await all.current({ errorPolicy: 'continue', onFailure })).series).toBe(1);
    expect(met).toEqual(['refresh_failed']);
  });
});

describe('a merged reader that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('holds the others no longer than the scrape has time, and leaves no timer', async () => {
    const source = new ScriptedSource();
    source.answer = never;
    // The default log has a timer of its own.
    const quiet = { onError: () => undefined };
    const all = mergeReaders([steady, source], quiet);
    const headers = { accept: ACCEPT.text, 'x-prometheus-scrape-timeout-seconds': '2' };
    let body: string | undefined;
    const answered = scrape(bareHandler(all, quiet), headers)
      .then((response) => response.text())
      .then((text) => {
        body = text;
      });
    await vi.advanceTimersByTimeAsync(1499);
    await turns();
    expect(body).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    await answered;
    expect(body).toBe(STEADY);
    expect(ups(all)).toEqual([true, false]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('gives its last good samples in time where it has a cache', async () => {
    const clock = new Clock();
    const source = new ScriptedSource();
    const cached = createCachedSnapshotReader(source, { now: clock.now, refreshInterval: 100 });
    await cached.refresh();
    const all = mergeReaders([steady, cached], { readerTimeout: 50 });
    clock.advance(200);
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const page = pageOf(bareHandler(all));
    // The other reader gets its turns first, however slow the machine is.
    await turns();
    await vi.advanceTimersByTimeAsync(50);
    expect(await page).toBe(statePage(1) + STEADY);
    gate.open([state(2)]);
    await turns();
    expect(await pageOf(bareHandler(all))).toBe(statePage(2) + STEADY);
    cached.close();
  });

  it('is left when the scraper goes away, which says nothing of it', async () => {
    const source = new ScriptedSource();
    const all = mergeReaders([steady, source]);
    await all.snapshot();
    source.answer = never;
    const gone = new AbortController();
    const read = all.snapshot({ signal: gone.signal });
    await turns();
    gone.abort();
    await expect(read).rejects.toMatchObject({ code: 'aborted' });
    await expect(all.snapshot({ signal: gone.signal })).rejects.toMatchObject({ code: 'aborted' });
    expect(ups(all)).toEqual([true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('readers that are merged', () => {
  it('are read at the same time', async () => {
    const gate = new Gate();
    const both = [0, 1].map((at) => {
      const source = new ScriptedSource();
      source.answer = () => gate.promise.then(() => [state(at)]);
      return source;
    });
    const read = mergeReaders(both).snapshot();
    await turns();
    expect(both.map(({ reads }) => reads)).toEqual([1, 1]);
    gate.open();
    expect([...(await read)]).toEqual([state(0)]);
  });

  it('are the same whole frame for every scrape that comes while one is being merged', async () => {
    const half = (rest: number) =>
      Array.from({ length: 20_000 }, (_, i) => i * 2 + rest).map((i) => ({
        name: 'm',
        labels: { i: String(i).padStart(6, '0') },
        value: 1,
        updatedAt: 1,
      }));
    const sources = [0, 1].map((rest) => {
      const source = new ScriptedSource();
      source.answer = () => half(rest);
      return source;
    });
    const readers = sources.map((source) => createCachedSnapshotReader(source));
    const all = mergeReaders(readers, { sliceBudget: 1 }) as MergedReader;
    await Promise.all(readers.map((reader) => reader.refresh()));
    const snapshots = await Promise.all(Array.from({ length: 10 }, () => all.current()));
    expect(new Set(snapshots).size).toBe(1);
    expect(snapshots[0]?.series).toBe(40_000);
  });
});
