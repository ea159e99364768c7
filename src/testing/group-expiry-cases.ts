import assert from 'node:assert/strict';
import { type CaseOutline, casesOf, eventsOf, idsOf, pointOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';
import { groupOf, groupsOf, JOB, OTHER } from './group-cases.ts';

/** When groups end by themselves. */
export function groupExpiryCases(subject: ContractSubject): ContractCase[] {
  return casesOf('groups', subject, CASES);
}

const CASES: readonly CaseOutline[] = [
  {
    title: 'are exempt from retention',
    needs: 'groups',
    async body({ open }) {
      const store = await open({ retention: 100, now: () => 0 });
      await store.replace(JOB, [pointOf('a', 1, 0)]);
      await store.upsert(pointOf('b', 1, 0));
      assert.equal(await store.gc(1e12), 1);
      assert.deepEqual(await idsOf(store), ['a']);
    },
  },
  {
    title: 'expire as a whole, at their own time',
    needs: 'groups',
    async body({ open }) {
      const store = await open({ now: () => 1_000 });
      await store.replace(JOB, [pointOf('a', 1, 0), pointOf('b', 1, 900)], { expiresAt: 2e12 });
      await store.replace(OTHER, [pointOf('c', 1)], { expiresAt: 3e12 });
      await store.replace({}, [pointOf('d', 1)]);
      const cursor = await store.snapshotCursor();
      assert.equal(await store.gc(2e12 - 1), 0);
      assert.equal(await store.gc(2e12), 2);
      const ended = (await eventsOf(store, cursor)).map(
        ({ id, sample }) => `${id} ${String(sample)}`,
      );
      assert.deepEqual(ended.sort(), ['a ended', 'b ended']);
      // What was renewed is not ended by the time that it had.
      await store.replace(OTHER, [pointOf('c', 1)], { expiresAt: 5e12 });
      assert.equal(await store.gc(4e12), 0);
      assert.equal((await groupsOf(store)).length, 2);
    },
  },
  {
    title: 'expire by the own timer of the store',
    needs: 'groups',
    async body({ open }) {
      let now = 1_000;
      const store = await open({ now: () => now });
      await store.replace(JOB, [pointOf('a', 1)], { expiresAt: 1_005 });
      await store.replace(OTHER, [pointOf('b', 1)], { expiresAt: 1e12 });
      now = 1_005;
      const deadline = Date.now() + 10_000;
      while ((await idsOf(store)).length > 1) {
        assert.ok(Date.now() < deadline, 'the group did not end within 10 s');
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.deepEqual(await groupsOf(store), [groupOf(OTHER, { expiresAt: 1e12, series: 1 })]);
    },
  },
];
