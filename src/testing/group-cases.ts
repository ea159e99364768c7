import assert from 'node:assert/strict';
import type { MetricStore } from '../stores/metric-store.ts';
import type { StoreGroup } from '../stores/store-group.ts';
import {
  type CaseOutline,
  casesOf,
  eventsOf,
  idsOf,
  manyPoints,
  outcome,
  pointOf,
  stateOf,
} from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** How groups are replaced, and what a group owns. */
export function groupCases(subject: ContractSubject): ContractCase[] {
  return casesOf(
    'groups',
    subject,
    [...REPLACING, ...OWNERS, ...ENDING].map((outline) => ({
      ...outline,
      needs: [outline.needs ?? [], 'groups' as const].flat(),
    })),
  );
}

export const JOB = { job: 'backup' };
export const OTHER = { job: 'other' };

/** All groups, by the order of their labels. */
export async function groupsOf(store: MetricStore): Promise<StoreGroup[]> {
  const groups: StoreGroup[] = [];
  for await (const group of await store.groups()) groups.push(group);
  const text = ({ labels }: StoreGroup): string => JSON.stringify(labels);
  return groups.sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** A group without a text that never ends, but for what is said here. */
export function groupOf(labels: StoreGroup['labels'], rest: Partial<StoreGroup>): StoreGroup {
  return { labels, meta: '', expiresAt: undefined, series: 0, ...rest };
}

const REPLACING: readonly CaseOutline[] = [
  {
    title: 'are replaced: what is not named ends, and readers are told by the delta',
    async body({ open }) {
      const store = await open();
      const first = await store.replace(JOB, [pointOf('a', 1), pointOf('b', 1), pointOf('c', 1)]);
      assert.deepEqual(first, { added: 3, changed: 0, unchanged: 0, ended: 0 });
      const cursor = await store.snapshotCursor();
      const second = await store.replace(JOB, [pointOf('d', 4), pointOf('a', 1), pointOf('b', 2)]);
      assert.deepEqual(second, { added: 1, changed: 1, unchanged: 1, ended: 1 });
      assert.deepEqual(await idsOf(store), ['a', 'b', 'd']);
      const events = await eventsOf(store, cursor);
      assert.deepEqual(
        events.sort((a, b) => (a.id < b.id ? -1 : 1)),
        [
          { id: 'b', sample: { value: 2, updatedAt: 1 } },
          { id: 'c', sample: 'ended' },
          { id: 'd', sample: { value: 4, updatedAt: 1 } },
        ],
      );
      assert.deepEqual(await groupsOf(store), [groupOf(JOB, { series: 3 })]);
    },
  },
  {
    title: 'are replaced by family if that is asked for',
    async body({ open }) {
      const store = await open();
      const points = [...manyPoints('a', 3, 1), ...manyPoints('b', 2, 1), pointOf('c', 1)];
      await store.replace(JOB, points);
      const families = [{ name: 'c', type: 'counter' }] as const;
      const some = [pointOf('a', 2, 1, { i: '1' })];
      const result = await store.replace(JOB, some, { scope: 'families', families });
      assert.deepEqual(result, { added: 0, changed: 1, unchanged: 0, ended: 3 });
      assert.deepEqual(await idsOf(store), ['a{i="1"}', 'b{i="0"}', 'b{i="1"}']);
    },
  },
  {
    title: 'are replaced in the order in which calls arrive, whatever the times of points are',
    async body({ open }) {
      const store = await open({ now: () => 7 });
      await store.replace(JOB, [pointOf('a', 1, 1_000), pointOf('b', 1, 1_000)]);
      await store.replace(JOB, [pointOf('a', 2, 10), { name: 'b', value: 2 }]);
      assert.deepEqual(Object.fromEntries(await stateOf(store)), {
        a: { value: 2, updatedAt: 10 },
        b: { value: 2, updatedAt: 7 },
      });
    },
  },
  {
    title: 'are there without series, too, and each label set is one group',
    async body({ open }) {
      const store = await open();
      const weird = JSON.parse('{"__proto__":"\\"\\n\\\\","b.c":"é"}') as Record<string, string>;
      await store.replace(JOB, []);
      await store.replace({ instance: '', ...JOB }, []);
      await store.replace(weird, [pointOf('a', 1)]);
      await store.replace({}, [pointOf('b', 1)]);
      const expected = [
        groupOf(weird, { series: 1 }),
        groupOf(JOB, {}),
        groupOf({}, { series: 1 }),
      ];
      assert.deepEqual(await groupsOf(store), expected);
      assert.deepEqual(await store.replace(weird, []), {
        added: 0,
        changed: 0,
        unchanged: 0,
        ended: 1,
      });
      assert.deepEqual(await idsOf(store), ['b']);
    },
  },
  {
    title: 'keep a text and set metadata in the same commit',
    async body({ open }) {
      const store = await open();
      const meta = '{"pushed":1}\n\u{1f600}';
      await store.replace(JOB, [pointOf('a_total', 1)], {
        meta,
        expiresAt: 5e12,
        families: [{ name: 'a_total', type: 'counter', help: 'One.' }],
      });
      assert.deepEqual(await groupsOf(store), [groupOf(JOB, { meta, expiresAt: 5e12, series: 1 })]);
      await store.replace(JOB, []);
      assert.deepEqual(await groupsOf(store), [groupOf(JOB, { meta })]);
      const types: string[] = [];
      for await (const { name, type } of await store.families()) types.push(`${name} ${type}`);
      assert.deepEqual(types, ['a_total counter']);
    },
  },
  {
    title:
      'of thousands of series are replaced at once; more than 10 000 only if that is asked for',
    async body({ open }) {
      const store = await open();
      const { added } = await store.replace(JOB, manyPoints('a', 10_000, 1));
      assert.equal(added, 10_000);
      const tooMany = manyPoints('b', 10_001, 1);
      await assert.rejects(store.replace(OTHER, tooMany), { code: 'store_full' });
      const more = store.replace(JOB, [pointOf('c', 1)], { scope: 'families' });
      await assert.rejects(more, { code: 'store_full' });
      const larger = await store.replace(OTHER, tooMany, { maxSeries: 10_001 });
      assert.equal(larger.added, 10_001);
      await store.endGroup(OTHER);
      assert.equal((await store.replace(JOB, manyPoints('b', 9_000, 1))).ended, 10_000);
      assert.equal((await stateOf(store)).size, 9_000);
    },
  },
  {
    title: 'are there when the store is opened again, with what they own',
    needs: 'durable',
    async body({ open }) {
      const first = await open();
      await first.replace(JOB, [pointOf('a', 1), pointOf('b', 1)], { meta: 'm', expiresAt: 5e12 });
      await first.replace(OTHER, []);
      await first.close();
      const second = await open();
      assert.deepEqual(await groupsOf(second), [
        groupOf(JOB, { meta: 'm', expiresAt: 5e12, series: 2 }),
        groupOf(OTHER, {}),
      ]);
      const { refusals } = await second.upsert(pointOf('a', 2, 9));
      assert.equal(refusals[0]?.reason, 'owned_by_group');
      assert.equal((await second.replace(JOB, [pointOf('b', 1)])).ended, 1);
      assert.deepEqual(await idsOf(second), ['b']);
    },
  },
];

/** What a call that must change nothing is given, and how it fails. */
type Refused = readonly [points: unknown, code: string, reason: string];

const OWNERS: readonly CaseOutline[] = [
  {
    title: 'take all points of a call or none',
    async body({ open }) {
      const store = await open({ maxSeries: 6 });
      await store.upsert(pointOf('free', 1));
      await store.replace(OTHER, [pointOf('taken', 1)]);
      await store.replace(JOB, [pointOf('a', 1), pointOf('b', 1)], { meta: 'old' });
      const before = await stateOf(store);
      const groups = await groupsOf(store);
      const cursor = await store.snapshotCursor();
      const refused: readonly Refused[] = [
        [[pointOf('a', 2), { name: '', value: 1 }], 'invalid_point', 'invalid_name'],
        [[pointOf('a', 2), pointOf('a', 3)], 'invalid_point', 'duplicate'],
        [[pointOf('a', 2), pointOf('taken', 2)], 'series_owned', 'owned_by_group'],
        [[pointOf('a', 2), pointOf('free', 2)], 'series_owned', 'owned_by_none'],
        [[pointOf('a', 2), ...manyPoints('c', 4, 1)], 'store_full', 'series_limit'],
      ];
      for (const [points, code, reason] of refused) {
        const replace = store.replace(JOB, points as never, { meta: 'new', families: [] });
        await assert.rejects(replace, (error: { code?: unknown; cause?: { reason?: unknown } }) => {
          assert.deepEqual([error.code, error.cause?.reason], [code, reason]);
          return true;
        });
      }
      assert.deepEqual(await stateOf(store), before);
      assert.deepEqual(await groupsOf(store), groups);
      assert.deepEqual(await eventsOf(store, cursor), []);
      // What ends makes room.
      assert.equal((await store.replace(JOB, manyPoints('c', 4, 1))).added, 4);
    },
  },
  {
    title: 'own their series: upserts of them are rejected, and ends are not',
    async body({ open }) {
      const store = await open({ now: () => 5 });
      await store.replace(JOB, [pointOf('a', 1), pointOf('b', 1)]);
      const result = await store.upsert([pointOf('a', 2, 9), pointOf('c', 1)]);
      const refusals = [{ reason: 'owned_by_group', subject: 'a', rejectedAt: 5 }] as const;
      assert.deepEqual(result, outcome({ added: 1, refused: 1, refusals }));
      assert.equal((await stateOf(store)).get('a')?.value, 1);
      assert.equal(await store.delete('a'), 1);
      assert.deepEqual(await groupsOf(store), [groupOf(JOB, { series: 1 })]);
      assert.deepEqual(await store.upsert(pointOf('a', 3, 1)), outcome({ added: 1 }));
      await assert.rejects(store.replace(JOB, [pointOf('a', 1)]), { code: 'series_owned' });
    },
  },
  {
    title: 'are refused with labels and options that are none',
    async body({ open }) {
      const store = await open();
      for (const labels of [null, 'job', [], { '': 'x' }, { job: {} }, { job: '\ud800' }]) {
        const replace = store.replace(labels as never, []);
        await assert.rejects(replace, { code: 'invalid_options' }, JSON.stringify(labels));
      }
      const wrong = [
        { scope: 'all' },
        { meta: 1 },
        { meta: '\ud800' },
        { expiresAt: Number.NaN },
        { families: [{ name: 'a', type: 'enum' }] },
        { ttl: 5 },
      ];
      for (const options of wrong) {
        const replace = store.replace(JOB, [], options as never);
        await assert.rejects(replace, { code: 'invalid_options' }, JSON.stringify(options));
      }
      await assert.rejects(store.replace(JOB, 7 as never), { code: 'invalid_options' });
      assert.deepEqual(await groupsOf(store), []);
    },
  },
];

const ENDING: readonly CaseOutline[] = [
  {
    title: 'end with all their series',
    async body({ open }) {
      const store = await open();
      await store.upsert(pointOf('free', 1));
      await store.replace(JOB, [pointOf('a', 1), pointOf('b', 1)], { meta: 'm' });
      await store.replace(OTHER, [pointOf('c', 1)]);
      assert.equal(await store.endGroup(JOB), true);
      assert.equal(await store.endGroup(JOB), false);
      assert.deepEqual(await idsOf(store), ['c', 'free']);
      assert.deepEqual(await groupsOf(store), [groupOf(OTHER, { series: 1 })]);
      await store.replace(JOB, [pointOf('a', 2)]);
      assert.deepEqual((await groupsOf(store))[0], groupOf(JOB, { series: 1 }));
    },
  },
];
