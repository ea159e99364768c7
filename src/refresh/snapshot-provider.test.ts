import { describe, expect, it, onTestFinished } from 'vitest';
import { Clock } from '../../test/support/clock.ts';
import { Gate, never, ScriptedSource, state } from '../../test/support/scripted-source.ts';
import { turns } from '../../test/support/until.ts';
import type { SnapscrapeError } from '../model/errors.ts';
import { createCachedSnapshotReader } from './cached-reader.ts';
import { ERROR_POLICIES, type ErrorPolicy, providerOf } from './snapshot-provider.ts';

function subject() {
  const clock = new Clock();
  const source = new ScriptedSource();
  const config = { refreshInterval: 1000, maxStaleness: 5000, now: clock.now };
  const reader = createCachedSnapshotReader(source, config);
  const provider = providerOf(reader);
  const current = (errorPolicy?: ErrorPolicy, deadline?: number) => {
    const met: SnapscrapeError[] = [];
    const onFailure = (error: SnapscrapeError): void => void met.push(error);
    const given = provider.current({ errorPolicy, deadline, onFailure });
    return { given, met };
  };
  const fail = (): void => {
    source.answer = () => Promise.reject(new Error('no'));
  };
  return { clock, source, reader, provider, current, fail };
}

describe('what a handler serves from', () => {
  it('is a cached reader itself, and a keeper of nothing over any other', () => {
    const { provider, reader, source } = subject();
    expect(provider).toBe(reader);
    expect(provider.isKept).toBe(true);
    const uncached = providerOf(source);
    expect(uncached).not.toBe(source);
    expect(uncached.isKept).toBe(false);
    expect('cacheStats' in uncached).toBe(false);
  });

  it('is no reader that only looks like one', () => {
    const impostor = { snapshot: () => [], current: () => expect.fail(), rejections: {} };
    expect(providerOf(impostor)).not.toBe(impostor);
  });
});

describe('when the source fails', () => {
  it.each(ERROR_POLICIES)('%s gives what is fresh without a word', async (policy) => {
    const { current } = subject();
    const { given, met } = current(policy);
    expect((await given).series).toBe(1);
    expect(met).toEqual([]);
  });

  it('the last good snapshot is given, and who reads is told of the failure', async () => {
    const { current, clock, fail } = subject();
    const good = await current().given;
    fail();
    clock.advance(1000);
    for (const policy of [undefined, 'last-good', 'continue'] as const) {
      const { given, met } = current(policy);
      expect(await given).toBe(good);
      expect(met.map(({ code }) => code)).toEqual(['refresh_failed']);
    }
  });

  it('continue gives it however old it is; the default refuses it after maxStaleness', async () => {
    const { current, clock, fail } = subject();
    const good = await current().given;
    fail();
    clock.advance(5001);
    expect(await current('continue').given).toBe(good);
    const refused = current('last-good');
    await expect(refused.given).rejects.toMatchObject({ code: 'snapshot_stale' });
    // What it rejects with is not told besides.
    expect(refused.met).toEqual([]);
  });

  it('fail rejects with the failure itself', async () => {
    const { current, clock, fail, reader } = subject();
    await current().given;
    fail();
    clock.advance(1000);
    const refused = current('fail');
    await expect(refused.given).rejects.toMatchObject({ code: 'refresh_failed' });
    expect(refused.met).toEqual([]);
    expect(reader.cacheStats().isFailing).toBe(true);
  });

  it('fail tries again although nothing is due, since the latest refresh failed', async () => {
    const { current, fail, reader, source } = subject();
    await current().given;
    fail();
    await expect(reader.refresh()).rejects.toThrow();
    expect((await current('last-good').given).series).toBe(1);
    await expect(current('fail').given).rejects.toMatchObject({ code: 'refresh_failed' });
    source.answer = () => [state(1), { ...state(1), name: 'b' }];
    expect((await current('fail').given).series).toBe(2);
    expect(reader.cacheStats().isFailing).toBe(false);
  });

  it('fail gives nothing in the place of what is late', async () => {
    const { current, clock, source } = subject();
    await current().given;
    source.answer = never;
    clock.advance(1000);
    await expect(current('fail', 5).given).rejects.toMatchObject({ code: 'snapshot_unavailable' });
    expect((await current('last-good', 5).given).series).toBe(1);
  });
});

describe('one signal for many reads', () => {
  it('makes Node warn of no leak, and ends them all', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const client = new AbortController();
    const { signal } = client;
    const source = new ScriptedSource();
    const gate = new Gate<unknown>();
    source.answer = () => gate.promise;
    const cached = createCachedSnapshotReader(source);
    const uncached = providerOf(source);
    const done = Array.from({ length: 30 }, () => [
      cached.snapshot({ signal }),
      uncached.current({ signal }),
    ]);
    await turns();
    gate.open([state(1)]);
    expect(await Promise.all(done.flat())).toHaveLength(60);
    const waiting = new ScriptedSource();
    waiting.answer = never;
    const provider = providerOf(createCachedSnapshotReader(waiting));
    const reads = Array.from({ length: 30 }, () => provider.current({ signal: client.signal }));
    client.abort();
    const outcomes = await Promise.allSettled(reads);
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']));
    await turns();
    expect(warnings).toEqual([]);
  });
});
