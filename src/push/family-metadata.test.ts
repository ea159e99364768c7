import { describe, expect, it, onTestFinished } from 'vitest';
import { gateway } from '../../test/support/gateway-groups.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { LmdbStore } from '../stores/lmdb/index.ts';
import { MemoryStore } from '../stores/memory-store.ts';
import type { MetricStore } from '../stores/metric-store.ts';

const TIMES = ['push_failure_time_seconds', 'push_time_seconds'];

/** Opens a store; opened again it has what it had. */
type Open = () => Promise<MetricStore>;

function memory(): Open {
  const store = new MemoryStore();
  return () => Promise.resolve(store);
}

function lmdb(): Open {
  const { path, remove } = temporaryFolder();
  const opened: MetricStore[] = [];
  onTestFinished(async () => {
    await opened.at(-1)?.close();
    remove();
  });
  return async () => {
    await opened.at(-1)?.close();
    const store = await LmdbStore.open(path);
    opened.push(store);
    return store;
  };
}

describe.each([
  ['memory', memory],
  ['LMDB', lmdb],
])('the metadata of families over %s', (_, opening) => {
  it('ends with the last group that has the family', async () => {
    const { push, declared, ...groups } = await gateway({ store: await opening()() });
    await push('job/a', '# TYPE m counter\nm 1\nk 1\n');
    await push('job/b', '# TYPE m counter\nm 2\n');
    for (let at = 0; at < 5; at++) await push('job/a', `m_${at} 1\n`);
    expect(await declared()).toEqual(['m', 'm_4', ...TIMES]);
    await push('job/a', 'k 1\n', 'post');
    expect(await declared()).toEqual(['k', 'm', 'm_4', ...TIMES]);
    await groups.delete('job/b');
    expect(await declared()).toEqual(['k', 'm_4', ...TIMES]);
    await groups.groups.wipe();
    expect(await declared()).toEqual(TIMES);
    await push('job/b', '# TYPE m gauge\nm 3\n');
    expect(await declared()).toEqual(['m', ...TIMES]);
    expect(await groups.page()).toEqual({ 'm{instance="",job="b"}': '3' });
  });

  it('ends with a group that expires', async () => {
    let now = 1_000_000;
    const settings = { store: await opening()(), ttlMs: 1000, now: () => now };
    const { push, declared, groups } = await gateway(settings);
    await push('job/a', 'a 1\n');
    now += 600;
    await push('job/b', 'b 1\n');
    now += 500;
    await groups.sweep();
    expect(await declared()).toEqual(['b', ...TIMES]);
  });

  it('stays as long as a push that is under way needs it', async () => {
    const { push, declared, ...groups } = await gateway({ store: await opening()() });
    await push('job/a', '# HELP m Help.\n# TYPE m counter\nm 1\n');
    const other = push('job/b', '# HELP m Help.\n# TYPE m counter\nm 2\n');
    await Promise.all([other, groups.delete('job/a'), push('job/c', 'c 1\n')]);
    expect(await declared()).toEqual(['c', 'm', ...TIMES]);
  });

  it('that no group needs ends when the store is opened', async () => {
    const open = opening();
    const store = await open();
    const { push } = await gateway({ store });
    await push('job/a', 'a 1\n');
    await store.setFamilies([{ name: 'left_by_a_kill', type: 'counter' }]);
    const { declared } = await gateway({ store: await open() });
    expect(await declared()).toEqual(['a', ...TIMES]);
  });

  it('is bounded in a store of others, too, and theirs stays', async () => {
    const store = await opening()();
    await store.setFamilies([{ name: 'declared_by_others', type: 'gauge' }]);
    const { push, declared } = await gateway({ store, isShared: true });
    const pushAll = (round: number): Promise<void> => {
      const lines = Array.from({ length: 400 }, (_, at) => `m_${at}_${round} 1\n`);
      return push('job/a', lines.join(''));
    };
    await pushAll(0);
    await store.upsert([{ name: 'm_7_0', labels: { from: 'others' }, value: 1 }]);
    for (let round = 1; round <= 10; round++) {
      await pushAll(round);
      expect((await declared()).length).toBeLessThan(400 + 1000 + 400 + 5);
    }
    expect(await declared()).toEqual(
      expect.arrayContaining(['declared_by_others', 'm_7_0', 'm_399_10', ...TIMES]),
    );
  });
});
