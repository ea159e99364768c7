import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { casesOf, idsOf, manyPoints, pointOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What a snapshot is. */
export function snapshotCases(subject: ContractSubject): ContractCase[] {
  return casesOf('snapshot', subject, SNAPSHOT);
}

const SNAPSHOT: Parameters<typeof casesOf>[2] = [
  {
    title: 'is empty while nothing was written',
    async body({ open }) {
      const store = await open();
      assert.deepEqual(await idsOf(store), []);
      assert.equal(typeof (await store.snapshotCursor()), 'string');
    },
  },
  {
    title: 'is there for a second reader while the first one reads, and after one gave up',
    async body({ open }) {
      const store = await open();
      await store.upsert(manyPoints('a', 3_000, 1));
      for await (const _ of await store.snapshot()) break;
      let seen = 0;
      for await (const _ of await store.snapshot()) {
        if (seen++ === 1_500) assert.equal((await idsOf(store)).length, 3_000);
      }
      assert.equal(seen, 3_000);
    },
  },
  {
    title: 'has every series that stays, once, while others write, end and begin',
    async body({ open }) {
      const store = await open();
      const stays = manyPoints('stays', 2_000, 1);
      await store.upsert([...stays, ...manyPoints('goes', 500, 1)]);
      let seen = 0;
      const ids = new Set<string>();
      for await (const { name, labels } of await store.snapshot()) {
        if (name === 'stays') assert.ok(!ids.has(labels.i!), `${labels.i} comes twice`);
        if (name === 'stays') ids.add(labels.i!);
        if (seen++ % 500 !== 0) continue;
        await setImmediate();
        await store.upsert(stays.slice(0, 100).map((p) => ({ ...p, value: seen })));
        await store.upsert(pointOf('comes', seen, 1, { n: `${seen}` }));
        await store.delete(`goes{i="${seen % 500}"}`);
      }
      assert.equal(ids.size, 2_000);
    },
  },
  {
    title: 'has what was acknowledged before it was asked for',
    async body({ open }) {
      const store = await open();
      for (let i = 1; i <= 20; i++) {
        await store.upsert(pointOf('a', i, 1, { i: `${i}` }));
        assert.equal((await idsOf(store)).length, i);
      }
    },
  },
];
