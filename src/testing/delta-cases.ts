import assert from 'node:assert/strict';
import { casesOf, DeltaFollower, eventsOf, manyPoints, pointOf, stateOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What a delta tells. */
export function deltaCases(subject: ContractSubject): ContractCase[] {
  return casesOf('delta', subject, DELTA);
}

const DELTA: Parameters<typeof casesOf>[2] = [
  {
    title: 'has no events after nothing, and its cursor stays good',
    async body({ open }) {
      const store = await open();
      for (let i = 0; i < 2; i++) {
        const cursor = await store.snapshotCursor();
        assert.deepEqual(await eventsOf(store, cursor), []);
        const { nextCursor } = await store.snapshotDelta(cursor);
        await store.upsert(pointOf('a', i));
        const sample = { value: i, updatedAt: 1 };
        assert.deepEqual(await eventsOf(store, nextCursor), [{ id: 'a', sample }]);
      }
    },
  },
  {
    title: 'has what changed, and nothing of what a write left as it was',
    async body({ open }) {
      const store = await open();
      await store.upsert(manyPoints('a', 100, 1, 10));
      const cursor = await store.snapshotCursor();
      await store.upsert(pointOf('a', 2, 10, { i: '1' })); // changed
      await store.upsert(pointOf('a', 1, 10, { i: '2' })); // unchanged
      await store.upsert(pointOf('a', 7, 9, { i: '3' })); // older
      await store.upsert(pointOf('', 7)); // refused
      await store.upsert(pointOf('a', 1, 11, { i: '4' })); // only its time
      await store.delete('a{i="5"}');
      await store.delete('a{i="unknown"}');
      const events = await eventsOf(store, cursor);
      assert.deepEqual(
        events.sort((x, y) => (x.id < y.id ? -1 : 1)),
        [
          { id: 'a{i="1"}', sample: { value: 2, updatedAt: 10 } },
          { id: 'a{i="4"}', sample: { value: 1, updatedAt: 11 } },
          { id: 'a{i="5"}', sample: 'ended' },
        ],
      );
    },
  },
  {
    title: 'leads to the last state of a series that ended and began again',
    async body({ open }) {
      const store = await open();
      await store.upsert([pointOf('again', 1, 100), pointOf('over', 1)]);
      const follower = await DeltaFollower.begin(store);
      await store.delete(['again', 'over']);
      await store.upsert(pointOf('again', 2, 50));
      await store.upsert(pointOf('brief', 1));
      await store.delete('brief');
      const state = await follower.catchUp();
      assert.deepEqual([...state], [['again', { value: 2, updatedAt: 50 }]]);
      assert.equal(follower.resets, 0);
    },
  },
  {
    title: 'of ten thousand changes among more leads to the state of the store',
    async body({ open }) {
      const store = await open();
      await store.upsert(manyPoints('a', 15_000, 1));
      const follower = await DeltaFollower.begin(store);
      await store.upsert(manyPoints('a', 8_000, 2));
      await store.delete(manyPoints('a', 2_000, 2).map(({ labels }) => `a{i="${labels.i}"}`));
      assert.deepEqual(sortedState(await follower.catchUp()), sortedState(await stateOf(store)));
      assert.equal(follower.state.size, 13_000);
      assert.equal(follower.resets, 0);
    },
  },
  {
    title: 'comes in batches that say that more follows until the last one',
    async body({ open }) {
      const store = await open({ deltaBatchSize: 10 });
      const follower = await DeltaFollower.begin(store);
      await store.upsert(manyPoints('a', 95, 1));
      let pulls = 1;
      while (await follower.pull()) {
        pulls++;
        assert.ok(pulls < 100, 'it never ends');
      }
      assert.ok(pulls >= 5, `95 changes came in ${pulls} batches of 10`);
      assert.equal(follower.state.size, 95);
      assert.equal(await follower.pull(), false);
      assert.equal(follower.resets, 0);
    },
  },
  {
    title: 'may be asked for again with the same cursor',
    async body({ open }) {
      const store = await open();
      const cursor = await store.snapshotCursor();
      await store.upsert(pointOf('a', 1));
      assert.deepEqual(await eventsOf(store, cursor), await eventsOf(store, cursor));
    },
  },
  {
    title: 'says reset to an invalid cursor or one of another data set',
    async body({ open, openApart }) {
      const store = await open();
      const other = await openApart();
      // As many changes in both, so that nothing but the data sets tells their cursors apart.
      for (const each of [store, other]) await each.upsert(pointOf('a', 1));
      for (const cursor of [
        await other.snapshotCursor(),
        '',
        'x',
        'x:1',
        '1',
        '-1',
        `${await store.snapshotCursor()}0`,
        '0'.repeat(5000),
      ]) {
        const delta = await store.snapshotDelta(cursor);
        assert.equal(delta.reset, true, cursor.slice(0, 80));
        assert.deepEqual(await eventsOf(store, delta.nextCursor), []);
      }
    },
  },
  {
    title: 'says reset to a cursor from before what is remembered, or still has all changes',
    async body({ open }) {
      const store = await open({ changeLogSize: 50 });
      await store.upsert(manyPoints('a', 20, 0));
      const cursor = await store.snapshotCursor();
      const follower = await DeltaFollower.begin(store);
      for (let i = 1; i <= 100; i++) await store.upsert(manyPoints('a', 20, i));
      await store.gc();
      assert.equal((await store.snapshotDelta(cursor)).reset, true, '2 000 changes on, 50 kept');
      assert.deepEqual(sortedState(await follower.catchUp()), sortedState(await stateOf(store)));
      await store.upsert(pointOf('b', 1));
      assert.equal((await follower.catchUp()).get('b')?.value, 1);
      assert.equal(follower.resets, 1);
    },
  },
];

function sortedState(state: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}
