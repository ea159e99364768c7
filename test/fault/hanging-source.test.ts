import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createCachedSnapshotReader } from '../../src/index.ts';
import { bareHandler, pageOf } from '../support/page.ts';
import {
  type Answer,
  Gate,
  never,
  ScriptedSource,
  state,
  statePage,
} from '../support/scripted-source.ts';
import { type Question, ScriptedStore } from '../support/scripted-store.ts';
import { turns } from '../support/until.ts';

async function* hangingMidway(): AsyncGenerator<unknown> {
  yield state(9);
  await never();
}

/** Every place where a source can hang. */
const HANGS: readonly (readonly [what: string, question: Question, answer: Answer])[] = [
  ['families()', 'families', never],
  ['snapshot()', 'snapshot', never],
  ['the points halfway', 'snapshot', hangingMidway],
  ['snapshotDelta()', 'snapshotDelta', never],
  [
    'the events halfway',
    'snapshotDelta',
    () => ({ nextCursor: 'state-2', events: hangingMidway() }),
  ],
];

describe.each(HANGS)('a source that hangs in %s', (_, question, answer) => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is given up after refreshTimeout, and the last good snapshot stays', async () => {
    const store = new ScriptedStore();
    const mode = question === 'snapshot' ? 'full' : 'incremental';
    const reader = createCachedSnapshotReader(store, {
      mode,
      refreshTimeout: 2000,
      // The default log has a timer of its own.
      onError: () => undefined,
    });
    await reader.refresh();
    store.value = 2;
    store.answers = { [question]: answer };
    const refresh = expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_timeout' });
    await vi.advanceTimersByTimeAsync(1999);
    expect(store.signal?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await refresh;
    expect(store.signal?.aborted).toBe(true);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    // A delta that hung once must not hang every refresh to come: it is not asked for again.
    if (question !== 'snapshotDelta') store.answers = {};
    await reader.refresh();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a source that never ends', () => {
  const forever: readonly (readonly [what: string, answer: Answer])[] = [
    ['points', endless],
    ['points, one after the other', endlessLater],
  ];

  it.each(forever)('giving %s is given up, and the process goes on', async (_, answer) => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source, { refreshTimeout: 50 });
    await reader.refresh();
    source.answer = answer;
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_timeout' });
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    source.answer = undefined;
    await reader.refresh();
  });

  it('giving batches is given up, and everything is read the next time', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store, { refreshTimeout: 50 });
    await reader.refresh();
    let batch = 1;
    store.answers.snapshotDelta = () => ({
      nextCursor: `state-${++batch}`,
      events: [{ point: state(9) }],
      more: true,
    });
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_timeout' });
    const batches = batch;
    expect(batches).toBeGreaterThan(2);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    await reader.refresh();
    expect(reader.cacheStats()).toMatchObject({ lastRefreshKind: 'full', failures: 1 });
    expect(batch).toBe(batches);
  });

  function* endless(): Generator<unknown> {
    for (;;) yield state(9);
  }

  async function* endlessLater(): AsyncGenerator<unknown> {
    yield* endless();
  }
});

describe('a source that answers too late', () => {
  const late: readonly (readonly [question: Question, answer: unknown])[] = [
    ['families', []],
    ['snapshot', [state(9)]],
    ['snapshotCursor', 'state-9'],
    ['snapshotDelta', { nextCursor: 'state-9', events: [{ point: state(9) }] }],
    ['snapshotDelta', { nextCursor: 'state-9', events: [], reset: true }],
    ['snapshotDelta', null],
  ];

  it.each(late)('%s is not heard, nor asked anything more: %j', async (question, answer) => {
    const gate = new Gate<unknown>();
    const store = new ScriptedStore();
    store.answers = { [question]: () => gate.promise };
    const reader = createCachedSnapshotReader(store, { refreshTimeout: 20, now: () => 0 });
    if (question === 'snapshotDelta') await reader.refresh();
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_timeout' });
    const stats = reader.cacheStats();
    const asked = [...store.asked];
    gate.open(answer);
    await turns();
    expect(store.asked).toEqual(asked);
    expect(reader.cacheStats()).toEqual(stats);
  });

  it('with a point of many is not asked for the next one', async () => {
    const gate = new Gate();
    let given = 0;
    let hasEnded = false;
    async function* slowPoints(): AsyncGenerator<unknown> {
      try {
        await gate.promise;
        for (; given < 20; given++) yield state(given);
      } finally {
        hasEnded = true;
      }
    }
    const source = new ScriptedSource();
    source.answer = slowPoints;
    const reader = createCachedSnapshotReader(source, { refreshTimeout: 20 });
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_timeout' });
    gate.open();
    await turns();
    expect({ given, hasEnded }).toEqual({ given: 0, hasEnded: true });
  });

  it('with a failure leaves no unhandled rejection', async () => {
    const gate = new Gate<unknown>();
    const store = new ScriptedStore();
    store.answers = { snapshot: () => gate.promise };
    const reader = createCachedSnapshotReader(store, { refreshTimeout: 20 });
    await expect(reader.refresh()).rejects.toMatchObject({ code: 'refresh_timeout' });
    gate.fail(new Error('too late'));
    // An unhandled rejection would end the process, and so this run.
    await turns();
    expect(reader.cacheStats()).toMatchObject({ failures: 1, refreshes: 0 });
  });
});
