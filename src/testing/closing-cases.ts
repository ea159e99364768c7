import assert from 'node:assert/strict';
import type { WritablePoint } from '../model/metric-point.ts';
import { casesOf, idsOf, manyPoints, pointOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What becomes of a store that is closed. */
export function closingCases(subject: ContractSubject): ContractCase[] {
  return casesOf('closing', subject, CLOSING);
}

const CLOSED = { code: 'closed' };

const CLOSING: Parameters<typeof casesOf>[2] = [
  {
    title: 'makes every method but close and healthy fail with closed',
    async body({ open }) {
      const store = await open();
      const cursor = await store.snapshotCursor();
      assert.equal(await store.healthy(), true);
      await store.close();
      await store.close();
      assert.equal(await store.healthy(), false);
      const calls: (() => Promise<unknown>)[] = [
        async () => store.upsert(pointOf('a', 1)),
        async () => store.delete('a'),
        async () => store.delete({ name: 'a' }),
        async () => store.setFamilies([]),
        async () => store.deleteFamilies([]),
        async () => store.gc(),
        async () => store.snapshot(),
        async () => store.snapshotCursor(),
        async () => store.snapshotDelta(cursor),
        async () => store.families(),
      ];
      for (const call of calls) await assert.rejects(call, CLOSED);
    },
  },
  {
    title: 'may be asked for twice at once',
    async body({ open }) {
      const store = await open();
      await store.upsert(pointOf('a', 1));
      await Promise.all([store.close(), store.close()]);
      assert.equal(await store.healthy(), false);
    },
  },
  {
    title: 'ends a write that goes on, and never hangs on it',
    async body({ open }) {
      const store = await open();
      async function* endless(): AsyncGenerator<WritablePoint> {
        for (let i = 0; ; i++) {
          yield pointOf('a', 1, 1, { i: `${i}` });
          if (i === 500) await store.close();
        }
      }
      await assert.rejects(async () => store.upsert(endless()), CLOSED);
    },
  },
  {
    title: 'in the middle of writes settles each of them: written, or failed with closed',
    async body({ open }) {
      const store = await open();
      const writes = Array.from({ length: 20 }, (_, i) =>
        store.upsert(manyPoints(`m${i}`, 200, 1)),
      );
      const settled = Promise.allSettled(writes);
      await store.close();
      for (const write of await settled) {
        if (write.status === 'fulfilled') assert.equal(write.value.added, 200);
        else assert.equal((write.reason as { code?: unknown }).code, 'closed');
      }
    },
  },
  {
    title:
      'in the middle of a snapshot lets it finish or fails it with closed, never cuts it short',
    async body({ open }) {
      const store = await open();
      await store.upsert(manyPoints('a', 5_000, 1));
      let seen = 0;
      try {
        for await (const _ of await store.snapshot()) if (seen++ === 10) await store.close();
        assert.equal(seen, 5_000);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'closed');
      }
    },
  },
  {
    title: 'keeps what was acknowledged before, in the middle of other writes',
    needs: 'durable',
    async body({ open }) {
      const first = await open();
      await first.upsert(manyPoints('a', 1_000, 1));
      const rest = first.upsert(manyPoints('b', 5_000, 1)).catch(() => undefined);
      await first.close();
      const written = await rest;
      const ids = await idsOf(await open());
      assert.equal(ids.filter((id) => id.startsWith('a')).length, 1_000);
      if (written !== undefined) assert.equal(ids.length, 6_000);
    },
  },
];
