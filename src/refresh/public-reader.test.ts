import { describe, expect, it } from 'vitest';
import { state } from '../../test/support/scripted-source.ts';
import { ScriptedStore } from '../../test/support/scripted-store.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import type { ReadPart } from '../model/source-read.ts';
import { sourceReaderOf } from './public-reader.ts';

async function partsOf(source: SnapshotReader, since?: string, needsResume = true) {
  const parts: ReadPart[] = [];
  for await (const part of sourceReaderOf(source).read(since, { needsResume })) parts.push(part);
  return parts;
}

const FAMILIES = { kind: 'families', items: [] };

describe('a source that is read by its public methods', () => {
  it('gives families, points and where to go on: not later than what was read', async () => {
    const store = new ScriptedStore();
    store.answers.snapshot = () => [state(++store.value)];
    expect(await partsOf(store)).toEqual([
      FAMILIES,
      { kind: 'points', items: [state(2)] },
      { kind: 'end', resume: 'state-1', state: undefined },
    ]);
    expect(store.asked).toEqual(['snapshotCursor', 'families', 'snapshot']);
  });

  it('gives the batches of a delta in order, and the state that they lead to', async () => {
    const store = new ScriptedStore();
    store.answers.snapshotDelta = () => {
      const events = [{ point: state(++store.value) }];
      return { nextCursor: store.cursor, events, more: store.value < 3 };
    };
    expect(await partsOf(store, 'state-1')).toEqual([
      FAMILIES,
      { kind: 'events', items: [{ point: state(2) }] },
      { kind: 'events', items: [{ point: state(3) }] },
      { kind: 'end', resume: 'state-3', state: 'state-3' },
    ]);
    expect(store.cursors).toEqual(['state-1', 'state-2']);
  });

  it('does not fall back by itself', async () => {
    const store = new ScriptedStore();
    store.answers.snapshotDelta = () => ({ reset: true });
    await expect(partsOf(store, 'state-1')).rejects.toMatchObject({ reason: 'reset' });
    expect(store.asked).toEqual(['families', 'snapshotDelta']);
    const plain = { snapshot: () => [] };
    await expect(partsOf(plain, 'state-1')).rejects.toMatchObject({ reason: 'delta_failed' });
  });

  it('is not asked for a cursor if no read goes on from this one', async () => {
    const store = new ScriptedStore();
    const cause = new Error('no');
    store.answers.snapshotCursor = () => Promise.reject(cause);
    await expect(partsOf(store)).rejects.toMatchObject({ reason: 'cursor_failed', cause });
    store.asked.length = 0;
    const [, , end] = await partsOf(store, undefined, false);
    expect(end).toEqual({ kind: 'end', resume: undefined, state: undefined });
    expect(store.asked).toEqual(['families', 'snapshot']);
  });

  it('may lack everything but points', async () => {
    expect(await partsOf({ snapshot: () => [state(1)] })).toEqual([
      FAMILIES,
      { kind: 'points', items: [state(1)] },
      { kind: 'end', resume: undefined, state: undefined },
    ]);
  });
});
