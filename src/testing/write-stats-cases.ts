import assert from 'node:assert/strict';
import type { WritablePoint } from '../model/metric-point.ts';
import { casesOf, pointOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What a store tells of its writes, if it has the optional methods for that. */
export function writeStatsCases(subject: ContractSubject): ContractCase[] {
  return casesOf('write statistics', subject, [
    {
      title: 'count the refused points and the older ones of all calls',
      async body({ open }) {
        const store = await open({ maxSeries: 1 });
        if (store.writeStats === undefined) return;
        const before = store.writeStats();
        assert.equal(before.older, 0);
        assert.ok(Object.values(before.rejected).every((count) => count === 0));
        const bad = [null, pointOf('', 1)] as WritablePoint[];
        await store.upsert([pointOf('a', 1, 10), pointOf('a', 1, 9), pointOf('b', 1), ...bad]);
        await store.upsert([pointOf('a', 1, 8), pointOf('b', 1)]);
        const { older, rejected, lastRejected } = store.writeStats();
        assert.equal(older, 2);
        const counts = [rejected.series_limit, rejected.not_a_point, rejected.invalid_name];
        assert.deepEqual(counts, [2, 1, 1]);
        assert.equal(rejected.duplicate, 0);
        const listed = lastRejected.map(({ reason }) => reason).sort();
        const expected = ['invalid_name', 'not_a_point', 'series_limit', 'series_limit'];
        assert.deepEqual(listed, expected);
      },
    },
    {
      title: 'count what every store over the data set did not write',
      needs: 'shared',
      async body({ open }) {
        const reader = await open();
        if (reader.writeStats === undefined) return;
        const writers = [await open(), await open()];
        for (const writer of writers) {
          await writer.upsert([pointOf('a', 1, 10), pointOf('a', 1, 9), pointOf('', 1)]);
        }
        // What a refresh does.
        await reader.lastWrites?.();
        for (const store of [reader, ...writers.slice(1)]) {
          const { older, rejected } = store.writeStats!();
          assert.deepEqual([older, rejected.invalid_name], [2, 2]);
        }
      },
    },
    {
      title: 'tell when the store was last written',
      async body({ open }) {
        let clock = 5_000;
        const store = await open({ now: () => clock });
        if (store.lastWrites === undefined) return;
        assert.deepEqual([...(await store.lastWrites())], []);
        const calls = [
          () => store.upsert(pointOf('a', 1, 10)),
          () => store.upsert(pointOf('a', 2, 20)),
          () => store.setFamilies([{ name: 'a', type: 'gauge' }]),
          () => store.delete('a'),
        ];
        for (const call of calls) {
          await call();
          const expected = [{ writer: undefined, at: clock }];
          assert.deepEqual([...(await store.lastWrites())], expected);
          clock += 1_000;
          // To end what is too old is no writer's doing.
          await store.gc();
          assert.deepEqual([...(await store.lastWrites())], expected);
        }
      },
    },
    {
      title: 'tell when each writer wrote last, to every store over the data set',
      needs: 'shared',
      async body({ open }) {
        const reader = await open();
        if (reader.lastWrites === undefined) return;
        const one = await open({ now: () => 5_000, writer: 'one' });
        const two = await open({ now: () => 9_000, writer: 'two' });
        await one.upsert(pointOf('a', 1));
        await two.upsert(pointOf('b', 1));
        for (const store of [reader, one, two]) {
          const writes = [...(await store.lastWrites!())].map(({ writer, at }) => [writer, at]);
          assert.deepEqual(Object.fromEntries(writes), { one: 5_000, two: 9_000 });
        }
      },
    },
  ]);
}
