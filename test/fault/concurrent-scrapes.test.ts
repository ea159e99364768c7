import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, createOpenMetricsHandler } from '../../src/index.ts';
import { manyPoints } from '../support/many-points.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { Gate, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { turns, until } from '../support/until.ts';

/** A source that answers when its gate is opened. */
function gatedSource(): { readonly source: ScriptedSource; readonly gate: Gate<unknown> } {
  const source = new ScriptedSource();
  const gate = new Gate<unknown>();
  source.answer = () => gate.promise;
  return { source, gate };
}

describe('single flight', () => {
  it('lets a hundred scrapes and reads share one refresh (librechat_exporter#62)', async () => {
    const { source, gate } = gatedSource();
    const reader = createCachedSnapshotReader(source);
    const handlers = [bareHandler(reader), bareHandler(reader)];
    const pages = Array.from({ length: 100 }, (_, i) => pageOf(handlers[i % 2]!));
    const reads = Array.from({ length: 10 }, () => reader.snapshot());
    const refreshes = Array.from({ length: 10 }, () => reader.refresh());
    await turns();
    gate.open([state(5)]);
    expect(new Set(await Promise.all(pages))).toEqual(new Set([statePage(5)]));
    for (const points of await Promise.all(reads)) expect([...points]).toEqual([state(5)]);
    await Promise.all(refreshes);
    expect(source.reads).toBe(1);
    expect(reader.cacheStats()).toMatchObject({ refreshes: 1, failures: 0 });
  });

  it('lets a hundred scrapes share one failure, and the next one try again', async () => {
    const { source, gate } = gatedSource();
    const reader = createCachedSnapshotReader(source);
    const handler = bareHandler(reader);
    const responses = Array.from({ length: 100 }, () => scrape(handler));
    await turns();
    gate.fail(new Error('no'));
    const statuses = (await Promise.all(responses)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(source.reads).toBe(1);
    source.answer = undefined;
    expect(await pageOf(handler)).toBe(statePage(1));
    expect(source.reads).toBe(2);
  });

  it('wraps a cached reader no second time', async () => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source);
    expect(createCachedSnapshotReader(reader, { refreshInterval: 5 })).toBe(reader);
  });
});

describe('one abort', () => {
  it('of a read does not end the refresh that others wait for', async () => {
    const { source, gate } = gatedSource();
    const reader = createCachedSnapshotReader(source);
    const handler = bareHandler(reader);
    const client = new AbortController();
    const aborted = reader.snapshot({ signal: client.signal });
    const abortedScrape = scrape(handler, {}, { signal: client.signal });
    const waiting = [pageOf(handler), pageOf(handler)];
    await turns();
    const reason = new Error('had enough');
    client.abort(reason);
    await expect(aborted).rejects.toMatchObject({ code: 'aborted', cause: reason });
    expect((await abortedScrape).status).toBe(499);
    expect(source.signal?.aborted).toBe(false);
    gate.open([state(3)]);
    expect(await Promise.all(waiting)).toEqual([statePage(3), statePage(3)]);
    expect(source.reads).toBe(1);
  });

  it('of every waiting scrape leaves the refresh to finish for those to come', async () => {
    const { source, gate } = gatedSource();
    const reader = createCachedSnapshotReader(source);
    const client = new AbortController();
    const scrapes = [1, 2, 3].map(() => reader.snapshot({ signal: client.signal }));
    client.abort();
    expect(await Promise.allSettled(scrapes)).toMatchObject(
      [{}, {}, {}].map(() => ({ status: 'rejected' })),
    );
    gate.open([state(4)]);
    expect([...(await reader.snapshot())]).toEqual([state(4)]);
    expect(source.reads).toBe(1);
  });

  it('before a read begins rejects it, even where a snapshot lies ready', async () => {
    const reader = createCachedSnapshotReader(new ScriptedSource());
    await reader.refresh();
    const signal = AbortSignal.abort();
    await expect(reader.snapshot({ signal })).rejects.toMatchObject({ code: 'aborted' });
    await expect(reader.families({ signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});

describe('scrapes of a reader without a cache', () => {
  it('share nothing: one that fails does not fail another (tdarr-exporter#103)', async () => {
    const source = new ScriptedSource();
    const gates = [new Gate<unknown>(), new Gate<unknown>()];
    source.answer = () => gates[source.reads - 1]!.promise;
    const handler = bareHandler(source);
    const responses = [scrape(handler), scrape(handler)];
    await until('both scrapes read', () => source.reads === 2);
    gates[0]!.fail(new Error('no'));
    await turns();
    gates[1]!.open([state(6)]);
    // Either may have read first.
    const both = await Promise.all(responses);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 503]);
    expect(await both.find(({ status }) => status === 200)!.text()).toBe(statePage(6));
  });
});

describe('a second scraper', () => {
  it('sees all that the first one saw (smart-gateway#42)', async () => {
    const reader = createCachedSnapshotReader({ snapshot: () => manyPoints(1000) });
    const handler = bareHandler(reader);
    const first = await pageOf(handler);
    expect(await pageOf(handler)).toBe(first);
    expect(await pageOf(handler, 'text', 'gzip')).toBe(first);
    expect(await pageOf(bareHandler(reader))).toBe(first);
    expect(first.split('\n')).toHaveLength(1002);
  });
});

describe('a slow reader', () => {
  it.each(['identity', 'gzip'])(
    'of one %s page is not disturbed by ten refreshes (kube-state-metrics#2413)',
    async (coding) => {
      const source = new ScriptedSource();
      source.answer = () => manyPoints(2000).map((p) => ({ ...p, value: source.reads }));
      const reader = createCachedSnapshotReader(source);
      const handler = createOpenMetricsHandler(reader, { selfMetrics: false });
      const headers = { 'accept-encoding': coding };
      const expected = Buffer.from(await (await scrape(handler, headers)).arrayBuffer());
      const points = (await reader.snapshot())[Symbol.iterator]();
      const body = (await scrape(handler, headers)).body!.getReader();
      const parts: Uint8Array[] = [];
      let read = 0;
      let refreshes = 0;
      for (let part = await body.read(); !part.done; part = await body.read()) {
        parts.push(part.value);
        for (let i = 0; i < 100; i++) if (points.next().value?.value === 1) read++;
        // Nothing that reads waits for a refresh, and no refresh waits for what reads.
        do {
          await reader.refresh();
          refreshes++;
        } while (refreshes < 10);
      }
      while (points.next().value?.value === 1) read++;
      expect(Buffer.concat(parts).equals(expected)).toBe(true);
      expect(read).toBe(2000);
      // Some of them between the first part and the rest.
      expect(parts.length).toBeGreaterThan(1);
      expect(reader.cacheStats().version).toBe(refreshes + 1);
      expect(await pageOf(handler)).toContain(` ${refreshes + 1}\n`);
    },
  );
});
