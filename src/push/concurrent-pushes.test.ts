import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gateway } from '../../test/support/gateway-groups.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import type { Commit, StoreDriver } from '../stores/driver.ts';
import { openEnvironment } from '../stores/lmdb/environment.ts';
import { LmdbStore } from '../stores/lmdb/index.ts';
import { MemoryDriver } from '../stores/memory-driver.ts';
import { createStoreOver } from '../stores/store-front.ts';

async function lmdb(): Promise<{ store: LmdbStore; path: string }> {
  const { path, remove } = temporaryFolder();
  const store = await LmdbStore.open(path);
  onTestFinished(async () => {
    await store.close();
    remove();
  });
  return { store, path };
}

/** A driver whose commits end a turn later, and fail if `fails` says so. */
function slowDriver(fails: (commit: Commit) => boolean = () => false): StoreDriver {
  const inner = new MemoryDriver(1000);
  const commit = async (given: Commit) => {
    const isFailing = fails(given);
    const committed = isFailing ? undefined : inner.commit(given);
    await new Promise((resolve) => setImmediate(resolve));
    if (committed === undefined) throw new Error('the disk is gone');
    return committed;
  };
  return new Proxy<StoreDriver>(inner, {
    get: (target, name) => {
      if (name === 'commit') return commit;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const status = (settled: PromiseSettledResult<void>): string =>
  settled.status === 'fulfilled' ? 'kept' : String(settled.reason);

const PUSH = fc.record({
  group: fc.constantFrom('job/a', 'job/b', 'job/c', 'job/d/x/1'),
  mode: fc.constantFrom('put', 'post', 'delete'),
  body: fc
    .uniqueArray(
      fc.constantFrom(
        ['m', 'm 1\n'],
        ['m', '# TYPE m counter\nm 2\n'],
        ['k', '# HELP k One.\n# TYPE k gauge\nk 1\n'],
        ['k', '# HELP k Two.\n# TYPE k gauge\nk 2\n'],
        ['h', 'h_count 1\n'],
        ['h', '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_count 1\n'],
        ['s', 's{job="x"} 1\ns{job="x",y="1"} 1\n'],
        ['t', 't 1 1\n'],
      ),
      { maxLength: 3, selector: ([name]) => name },
    )
    .map((parts) => parts.map(([, text]) => text).join('')),
});

describe('pushes that come at once', () => {
  it('are kept, refused and declared as if each waited for the one before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(PUSH, { maxLength: 12 }), async (pushes) => {
        const outcomes = [];
        for (const areAtOnce of [false, true]) {
          const now = (): number => 1_000_000;
          const store = createStoreOver(slowDriver(), { now });
          const { push, page, declared, ...own } = await gateway({ store, groupLimit: 3, now });
          const settled: Promise<void>[] = [];
          for (const { group, mode, body } of pushes) {
            const done = mode === 'delete' ? own.delete(group) : push(group, body, mode as 'put');
            settled.push(done);
            if (!areAtOnce) await done.catch(() => undefined);
          }
          const statuses = (await Promise.allSettled(settled)).map(status);
          outcomes.push({ statuses, page: await page(), declared: await declared() });
          await store.close();
        }
        expect(outcomes[1]).toEqual(outcomes[0]);
      }),
      { numRuns: 60 },
    );
  });

  it('share the syncs of a disk', async () => {
    const { store, path } = await lmdb();
    const { push } = await gateway({ store });
    const { root } = await openEnvironment(path);
    onTestFinished(() => root.close());
    const commits = (): number => (root.getStats() as { lastTxnId: number }).lastTxnId;
    const before = commits();
    await Promise.all(Array.from({ length: 100 }, (_, at) => push(`job/j/i/${at}`, 'm 1\nk 1\n')));
    expect(commits() - before).toBeLessThan(20);
  });

  it('do not fail because one of them is refused', async () => {
    const { store } = await lmdb();
    const { push, page } = await gateway({ store });
    await push('job/a', '# TYPE m counter\nm 1\n');
    const bodies = ['k 1\n', '# TYPE m gauge\nm 1\n', 'k 1\nk 1\n', 'k 2\n', 't 1 1\n', 'k 3\n'];
    const settled = await Promise.allSettled(bodies.map((body, at) => push(`job/j${at}`, body)));
    expect(settled.map(({ status: each }) => each === 'fulfilled')).toEqual([
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
    expect(await page()).toEqual({
      'k{instance="",job="j0"}': '1',
      'k{instance="",job="j3"}': '2',
      'k{instance="",job="j5"}': '3',
      'm{instance="",job="a"}': '1',
    });
  });

  it('wait for writes that end what they contradict', async () => {
    const { push, page, ...own } = await gateway({ store: createStoreOver(slowDriver()) });
    await push('job/a', '# TYPE m counter\nm 1\n');
    await Promise.all([own.delete('job/a'), push('job/b', '# TYPE m gauge\nm 2\n')]);
    await Promise.all([push('job/b', 'k 1\n'), push('job/c', '# TYPE m counter\nm 3\n')]);
    expect(Object.values(await page())).toEqual(['1', '3']);
  });

  it('leave nothing behind of one that the store could not write', async () => {
    const fails = ({ puts }: Commit): boolean => puts.some(({ key }) => key.startsWith('bad'));
    const store = createStoreOver(slowDriver(fails));
    const { push, page, declared } = await gateway({ store });
    const settled = await Promise.allSettled([
      push('job/a', '# TYPE m counter\nm 1\n'),
      push('job/b', '# TYPE m counter\nm 2\nbad 1\n'),
      push('job/c', '# TYPE m counter\nm 3\n'),
      push('job/b', '# TYPE bad_type gauge\nbad_type 1\n'),
    ]);
    expect(settled.map(({ status: each }) => each)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
    ]);
    await push('job/d', '# TYPE bat gauge\nbat 1\n');
    expect(Object.values(await page())).toEqual(['1', '1', '3']);
    expect(await declared()).toEqual([
      'bat',
      'm',
      'push_failure_time_seconds',
      'push_time_seconds',
    ]);
    await store.close();
  });
});
