import { describe, expect, it } from 'vitest';
import { createCachedSnapshotReader, type SnapscrapeError } from '../../src/index.ts';
import type { FallbackReason } from '../../src/model/source-read.ts';
import { Clock } from '../support/clock.ts';
import { bareHandler, pageOf } from '../support/page.ts';
import { type Answer, ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { type Question, ScriptedStore } from '../support/scripted-store.ts';

function fail(): never {
  throw new Error('no');
}

function* halfOf(): Generator<unknown> {
  yield { point: state(9) };
  fail();
}

const WRONG = { nextCursor: 'state-6', events: [{ point: state(9) }] };

/** Deltas that cannot be used, for the cursor `state-5`. */
const UNUSABLE: readonly (readonly [what: string, reason: FallbackReason, answer: Answer])[] = [
  ['throws', 'delta_failed', fail],
  ['rejects', 'delta_failed', async () => fail()],
  ['fails halfway', 'delta_failed', () => ({ ...WRONG, events: halfOf() })],
  ['says reset', 'reset', () => ({ ...WRONG, reset: true })],
  ['says reset and nothing else', 'reset', () => ({ reset: true })],
  ['goes backwards', 'cursor_backwards', () => ({ ...WRONG, nextCursor: 'state-4' })],
  ['goes far backwards', 'cursor_backwards', () => ({ ...WRONG, nextCursor: 'state-0004' })],
  [
    'stands still with more',
    'invalid_delta',
    () => ({ ...WRONG, nextCursor: 'state-5', more: true }),
  ],
  ['has a number for a cursor', 'invalid_delta', () => ({ ...WRONG, nextCursor: 6 })],
  ['has no cursor', 'invalid_delta', () => ({ events: WRONG.events })],
  ['has null for events', 'invalid_delta', () => ({ ...WRONG, events: null })],
  ['has a string for events', 'invalid_delta', () => ({ ...WRONG, events: 'events' })],
  ['has no events', 'invalid_delta', () => ({ nextCursor: 'state-6' })],
  ['is null', 'invalid_delta', () => null],
  ['is a string', 'invalid_delta', () => 'delta'],
  ['is a list', 'invalid_delta', () => WRONG.events],
];

describe.each(UNUSABLE)('fallback: a delta that %s', (_, reason, answer) => {
  it.each([1, 2])('in batch %d leads to a full refresh in the same cycle', async (batch) => {
    const reported: SnapscrapeError[] = [];
    const store = new ScriptedStore();
    store.value = batch === 1 ? 5 : 4;
    const reader = createCachedSnapshotReader(store, { onError: (error) => reported.push(error) });
    await reader.refresh();
    store.answers.snapshotDelta = (options) =>
      store.cursors.length < batch
        ? { nextCursor: 'state-5', events: [{ point: state(8) }], more: true }
        : answer(options);
    store.value = 7;
    const before = store.asked.length;
    await reader.refresh();
    const batches = Array.from({ length: batch }, () => 'snapshotDelta');
    const everything = ['snapshotCursor', 'families', 'snapshot'];
    expect(store.asked.slice(before)).toEqual(['families', ...batches, ...everything]);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(7));
    expect(reader.cacheStats()).toMatchObject({ failures: 0, fallbacks: 1, fullRefreshes: 2 });
    expect(reader.cacheStats().fallbacksByReason[reason]).toBe(1);
    expect(reported.map(({ code }) => code)).toEqual(['invalid_source_reply']);
    // It is forgiven: the next refresh asks for a delta again.
    store.answers = {};
    store.value = 8;
    await reader.refresh();
    expect(store.cursors.at(-1)).toBe('state-7');
    expect(await pageOf(bareHandler(reader))).toBe(statePage(8));
  });
});

describe('a cursor', () => {
  it.each<readonly [string, Answer]>([
    ['throws', fail],
    ['rejects', async () => fail()],
    ['is a number', () => 5],
    ['is null', () => null],
  ])('that %s costs full refreshes, not points', async (_, answer) => {
    const store = new ScriptedStore();
    store.answers.snapshotCursor = answer;
    const reader = createCachedSnapshotReader(store);
    for (const value of [1, 2]) {
      store.value = value;
      await reader.refresh();
      expect(await pageOf(bareHandler(reader))).toBe(statePage(value));
    }
    expect(reader.cacheStats()).toMatchObject({ fullRefreshes: 2, deltas: 0, cursor: undefined });
    expect(reader.cacheStats().fallbacksByReason.cursor_failed).toBe(2);
  });

  it.each(['', 'ZmFjZQ==', '5-zebra', '💥', 'x'.repeat(100_000)])(
    'may be any string: %#',
    async (cursor) => {
      const store = new ScriptedStore();
      const reader = createCachedSnapshotReader(store);
      await reader.refresh();
      store.answers.snapshotDelta = () => ({ nextCursor: cursor, events: [{ point: state(2) }] });
      await reader.refresh();
      store.answers.snapshotDelta = () => ({
        nextCursor: 'state-0',
        events: [{ point: state(3) }],
      });
      await reader.refresh();
      expect(store.cursors).toEqual(['state-1', cursor]);
      expect(await pageOf(bareHandler(reader))).toBe(statePage(3));
      expect(reader.cacheStats()).toMatchObject({ deltas: 2, fallbacks: 0 });
    },
  );
});

describe('mode', () => {
  const questions = async (
    source: ScriptedStore,
    mode: 'full' | 'incremental',
  ): Promise<Question[]> => {
    const reader = createCachedSnapshotReader(source, { mode });
    for (let i = 0; i < 2; i++) await reader.refresh();
    return source.asked;
  };

  it('full never asks for cursors or deltas', async () => {
    const asked = await questions(new ScriptedStore(), 'full');
    expect(asked).toEqual(['families', 'snapshot', 'families', 'snapshot']);
  });

  it('incremental reads a source without deltas fully', async () => {
    const source = new ScriptedSource();
    const reader = createCachedSnapshotReader(source, { mode: 'incremental' });
    for (let i = 0; i < 2; i++) await reader.refresh();
    expect(source.reads).toBe(2);
    expect(reader.cacheStats()).toMatchObject({ fullRefreshes: 2, fallbacks: 0 });
  });
});

describe('fullRefreshInterval', () => {
  it('makes a source that loses changes be read again when it has passed', async () => {
    const clock = new Clock();
    const store = new ScriptedStore();
    store.answers.snapshotDelta = () => ({ nextCursor: store.cursor, events: [] });
    const config = { now: clock.now, fullRefreshInterval: 10_000 };
    const reader = createCachedSnapshotReader(store, config);
    await reader.refresh();
    store.value = 2;
    clock.advance(9999);
    await reader.refresh();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    clock.advance(1);
    await reader.refresh();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
  });
});
