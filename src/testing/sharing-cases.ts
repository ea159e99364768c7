import assert from 'node:assert/strict';
import type { MetricStore } from '../stores/metric-store.ts';
import {
  casesOf,
  DeltaFollower,
  idsOf,
  manyPoints,
  outcome,
  pointOf,
  stateOf,
} from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What several stores over one data set see of each other, at once or one after the other. */
export function sharingCases(subject: ContractSubject): ContractCase[] {
  return [...casesOf('writers', subject, WRITERS), ...casesOf('reopening', subject, REOPENING)];
}

async function writeRounds(store: MetricStore, writer: number, rounds: number): Promise<void> {
  for (let round = 1; round <= rounds; round++) {
    const own = manyPoints(`own_${writer}`, 40, round, round);
    await store.upsert([...own, pointOf('common', writer * 1000 + round, round * 10 + writer)]);
  }
}

const WRITERS: Parameters<typeof casesOf>[2] = [
  {
    title: 'at the same time on one store lose nothing',
    async body({ open }) {
      const store = await open();
      const follower = await DeltaFollower.begin(store);
      await Promise.all([0, 1, 2, 3].map((writer) => writeRounds(store, writer, 10)));
      await assertAllThere(store);
      assert.deepEqual(new Map(await follower.catchUp()).size, 161);
    },
  },
  {
    title: 'on stores of their own lose nothing, and each store has what all of them wrote',
    needs: 'shared',
    async body({ open }) {
      const stores = [await open(), await open(), await open(), await open()];
      const followers = await Promise.all(stores.map((store) => DeltaFollower.begin(store)));
      const writing = Promise.all(stores.map((store, i) => writeRounds(store, i, 10)));
      await Promise.all(followers.map((follower) => follower.pull()));
      await writing;
      for (const [i, store] of stores.entries()) {
        await assertAllThere(store);
        const followed = await followers[i]!.catchUp();
        assert.deepEqual(sortedEntries(followed), sortedEntries(await stateOf(store)));
      }
    },
  },
  {
    title: 'on another store are seen as soon as they are acknowledged, and their cursors are good',
    needs: 'shared',
    async body({ open }) {
      const [one, other] = [await open(), await open()];
      for (let i = 1; i <= 10; i++) {
        const cursor = await other.snapshotCursor();
        await one.upsert(pointOf('a', i, i));
        assert.equal((await stateOf(other)).get('a')?.value, i);
        const delta = await other.snapshotDelta(cursor);
        assert.notEqual(delta.reset, true);
        assert.notEqual((await other.snapshotDelta(await one.snapshotCursor())).reset, true);
        assert.deepEqual(await other.upsert(pointOf('a', i, i)), outcome({ unchanged: 1 }));
      }
      assert.equal(await other.delete('a'), 1);
      assert.deepEqual(await idsOf(one), []);
      await one.setFamilies([{ name: 'a', type: 'counter' }]);
      const families: string[] = [];
      for await (const { name, type } of await other.families()) families.push(`${name} ${type}`);
      assert.deepEqual(families, ['a counter']);
    },
  },
  {
    title: 'share the series budget',
    needs: 'shared',
    async body({ open }) {
      const stores = [await open({ maxSeries: 50 }), await open({ maxSeries: 50 })];
      const results = await Promise.all(
        stores.map((store, i) => store.upsert(manyPoints(`m${i}`, 40, 1))),
      );
      assert.equal(results[0]!.added + results[1]!.added, 50);
      assert.equal((await idsOf(stores[0]!)).length, 50);
    },
  },
];

async function assertAllThere(store: MetricStore): Promise<void> {
  const state = await stateOf(store);
  for (let writer = 0; writer < 4; writer++) {
    for (const { labels } of manyPoints('', 40, 0)) {
      const sample = state.get(`own_${writer}{i="${labels.i}"}`);
      assert.deepEqual(sample, { value: 10, updatedAt: 10 });
    }
  }
  assert.deepEqual(state.get('common'), { value: 3010, updatedAt: 103 });
  assert.equal(state.size, 161);
}

const REOPENING: Parameters<typeof casesOf>[2] = [
  {
    title: 'finds everything as it was, and goes on from there',
    needs: 'durable',
    async body({ open }) {
      const first = await open();
      await first.upsert(manyPoints('a', 3_000, 1, 5));
      await first.delete('a{i="7"}');
      const before = await stateOf(first);
      await first.close();
      const second = await open();
      assert.deepEqual(sortedEntries(await stateOf(second)), sortedEntries(before));
      const result = await second.upsert(pointOf('a', 2, 4, { i: '8' }));
      assert.deepEqual(result, outcome({ older: 1 }));
    },
  },
  {
    title: 'a cursor from before leads to the present, by its delta or by a reset',
    needs: 'durable',
    async body({ open }) {
      const first = await open();
      await first.upsert(manyPoints('a', 10, 1));
      const before = await DeltaFollower.begin(first);
      await first.upsert(pointOf('b', 1));
      await first.delete('a{i="3"}');
      await first.close();
      const second = await open();
      await second.upsert(pointOf('c', 1));
      const follower = before.goOnWith(second);
      const present = sortedEntries(await stateOf(second));
      assert.equal(present.length, 11);
      assert.deepEqual(sortedEntries(await follower.catchUp()), present);
      // It may have been told to read everything, but not again when it has.
      const { resets } = follower;
      await second.upsert(pointOf('b', 2));
      assert.equal((await follower.catchUp()).get('b')?.value, 2);
      assert.equal(follower.resets, resets);
    },
  },
];

function sortedEntries(state: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}
