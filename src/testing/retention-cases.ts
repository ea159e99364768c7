import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { casesOf, eventsOf, idsOf, manyPoints, outcome, pointOf, stateOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** When series end by themselves. */
export function retentionCases(subject: ContractSubject): ContractCase[] {
  return casesOf('retention', subject, RETENTION);
}

const PATIENCE_MS = 10_000;

const RETENTION: Parameters<typeof casesOf>[2] = [
  {
    title: 'ends series that are older than it, and tells readers by the delta',
    async body({ open }) {
      const store = await open({ retention: 100, now: () => 1100 });
      await store.upsert([pointOf('over', 1, 999), pointOf('just', 1, 1000)]);
      const cursor = await store.snapshotCursor();
      assert.equal(await store.gc(), 1);
      assert.deepEqual(await eventsOf(store, cursor), [{ id: 'over', sample: 'ended' }]);
      assert.equal(await store.gc(), 0);
      assert.equal(await store.gc(1101), 1);
      assert.deepEqual(await idsOf(store), []);
    },
  },
  {
    title: 'spares a series that was written again',
    async body({ open }) {
      const store = await open({ retention: 100, now: () => 0 });
      await store.upsert([pointOf('a', 1, 0), pointOf('b', 1, 0)]);
      await store.upsert(pointOf('a', 1, 50));
      assert.equal(await store.gc(140), 1);
      assert.deepEqual(await idsOf(store), ['a']);
    },
  },
  {
    title: 'is of each family what it is told to be, whatever the family is called',
    async body({ open }) {
      const retentionByFamily = JSON.parse('{"__proto__":10,"constructor":20}') as Record<
        string,
        number
      >;
      retentionByFamily.kept = Number.POSITIVE_INFINITY;
      const store = await open({ retention: 30, retentionByFamily, now: () => 0 });
      const names = ['__proto__', 'constructor', 'toString', 'kept'];
      await store.upsert(names.map((name) => pointOf(name, 1, 0)));
      for (const [now, left] of [
        [11, ['constructor', 'kept', 'toString']],
        [21, ['kept', 'toString']],
        [31, ['kept']],
        [1e15, ['kept']],
      ] as const) {
        await store.gc(now);
        assert.deepEqual(await idsOf(store), left);
      }
    },
  },
  {
    title: 'ends thousands of series in one sweep',
    async body({ open }) {
      const store = await open({ retention: 100, now: () => 0 });
      await store.upsert([...manyPoints('old', 9_000, 1, 0), ...manyPoints('new', 10, 1, 50)]);
      assert.equal(await store.gc(101), 9_000);
      assert.equal((await idsOf(store)).length, 10);
    },
  },
  {
    title: 'never ends a series by what it was before a write that was acknowledged meanwhile',
    async body({ open }) {
      const store = await open({ retention: 100, now: () => 0 });
      await store.upsert(manyPoints('a', 9_000, 1, 0));
      const swept = store.gc(101);
      await store.upsert(manyPoints('a', 9_000, 2, 50).slice(-10));
      const ended = await swept;
      const state = await stateOf(store);
      assert.equal(state.size, 10);
      assert.deepEqual(state.get('a{i="8999"}'), { value: 2, updatedAt: 50 });
      // Some may have ended before the write, and begun again with it.
      assert.ok(ended >= 8_990 && ended <= 9_000, `${ended} ended`);
    },
  },
  {
    title: 'makes room for new series, and a late point of an ended one is new',
    async body({ open }) {
      const store = await open({ retention: 100, maxSeries: 1, now: () => 500 });
      await store.upsert(pointOf('a', 1, 0));
      assert.equal(await store.gc(), 1);
      assert.deepEqual(await store.upsert(pointOf('a', 2, -5)), outcome({ added: 1 }));
    },
  },
  {
    title: 'is kept by the store itself, on a timer of its own',
    async body({ open }) {
      let now = 0;
      const store = await open({ retention: 1_000, sweepInterval: 5, now: () => now });
      await store.upsert([pointOf('a', 1, 0), pointOf('b', 1, 5_000)]);
      const cursor = await store.snapshotCursor();
      now = 2_000;
      const deadline = performance.now() + PATIENCE_MS;
      while ((await idsOf(store)).length === 2) {
        assert.ok(performance.now() < deadline, 'nothing was swept');
        await setTimeout(5);
      }
      assert.deepEqual(await eventsOf(store, cursor), [{ id: 'a', sample: 'ended' }]);
    },
  },
  {
    title: 'is reckoned with a time that must be a number',
    async body({ open }) {
      const store = await open({ retention: 100 });
      for (const now of [Number.NaN, '5', null]) {
        await assert.rejects(async () => store.gc(now as number), { code: 'invalid_options' });
      }
    },
  },
];
