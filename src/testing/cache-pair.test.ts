import { expect, it } from 'vitest';
import { ScriptedStore } from '../../test/support/scripted-store.ts';
import { CachePair } from './cache-pair.ts';

it('two caches over one store find out that its deltas leave out changes', async () => {
  const store = new ScriptedStore();
  const caches = new CachePair(store);
  await caches.compare('at first');
  store.value = 2;
  await caches.compare('after a change');
  expect(caches.deltas).toBe(1);
  store.answers.snapshotDelta = () => ({ nextCursor: store.cursor, events: [] });
  store.value = 3;
  await expect(caches.compare('after a lost change')).rejects.toThrow('after a lost change');
});
