import assert from 'node:assert/strict';
import { seriesId } from '../model/series-id.ts';
import type { MetricStore, SeriesMatcher } from '../stores/metric-store.ts';
import { type CaseRun, casesOf, idsOf, manyPoints, outcome, pointOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** How series are ended. */
export function deleteCases(subject: ContractSubject): ContractCase[] {
  return casesOf('delete', subject, DELETE);
}

async function filled({ open }: CaseRun): Promise<MetricStore> {
  const store = await open();
  await store.upsert([
    pointOf('a', 1, 1, { x: '1', y: '1' }),
    pointOf('a', 1, 1, { x: '1' }),
    pointOf('a', 1, 1, { x: '2' }),
    pointOf('ab', 1, 1, { x: '2' }),
    pointOf('b', 1, 1, { x: '1' }),
    pointOf('b', 1),
  ]);
  return store;
}

const ALL = ['a{x="1",y="1"}', 'a{x="1"}', 'a{x="2"}', 'ab{x="2"}', 'b', 'b{x="1"}'].sort();

const DELETE: Parameters<typeof casesOf>[2] = [
  {
    title: 'ends series by id, by ids and by none, and counts those that there were',
    async body(run) {
      const store = await filled(run);
      assert.equal(await store.delete('b'), 1);
      assert.equal(await store.delete('b'), 0);
      assert.equal(await store.delete([]), 0);
      assert.equal(await store.delete('a{y="1",x="1"}'), 1, 'labels in another order');
      const ids = new Set(['a{x="2"}', 'unknown', 'b{x="1"}']);
      assert.equal(await store.delete(ids), 2);
      assert.equal(await store.delete(['a{x="1"}', 'a{x="1"}']), 1, 'the same id twice');
      assert.deepEqual(await idsOf(store), ['ab{x="2"}']);
    },
  },
  {
    title: 'ends series by name, by labels, by the absence of a label, and by all of these',
    async body(run) {
      const store = await filled(run);
      const expected: [SeriesMatcher, string[]][] = [
        [{ name: 'none' }, []],
        [{ labels: { toString: 'x' } }, []],
        [{ name: 'a', labels: { x: '1', y: '' } }, ['a{x="1"}']],
        [{ labels: { x: '1' } }, ['a{x="1",y="1"}', 'b{x="1"}']],
        [{ labels: { x: '' } }, ['b']],
        [{ name: 'a' }, ['a{x="2"}']],
      ];
      let left = ALL;
      for (const [matcher, ended] of expected) {
        assert.equal(await store.delete(matcher), ended.length, JSON.stringify(matcher));
        left = left.filter((id) => !ended.includes(id));
        assert.deepEqual(await idsOf(store), left, JSON.stringify(matcher));
      }
    },
  },
  {
    title: 'ends thousands of series by one matcher and leaves all others',
    async body({ open }) {
      const store = await open();
      await store.upsert([...manyPoints('a', 9_000, 1), ...manyPoints('b', 50, 1)]);
      assert.equal(await store.delete({ name: 'a' }), 9_000);
      assert.equal((await idsOf(store)).length, 50);
      assert.equal(await store.delete({ labels: { i: '7' } }), 1);
    },
  },
  {
    title: 'ends series by a name of any length, and none of a longer name that begins with it',
    async body({ open }) {
      const store = await open();
      // On both sides of the lengths that backends have for keys.
      for (const length of [255, 511, 1_023, 1_898, 1_899, 1_900, 1_901, 1_978, 4_095, 60_000]) {
        const name = 'n'.repeat(length);
        const others = [pointOf(`${name}n`, 1), pointOf(`${name}n`, 1, 1, { x: '1' })];
        await store.upsert([pointOf(name, 1), pointOf(name, 1, 1, { x: '1' }), ...others]);
        assert.equal(await store.delete({ name, labels: { x: '1' } }), 1, `${length} with a label`);
        assert.equal(await store.delete({ name }), 1, `a name of ${length}`);
        const left = others.map(seriesId).sort();
        assert.deepEqual(await idsOf(store), left, `beside a name of ${length}`);
        assert.equal(await store.delete(left), 2);
      }
      assert.equal(await store.delete({ name: 'n'.repeat(70_000) }), 0, 'longer than any id');
    },
  },
  {
    title: 'takes any write to a series after its end as new',
    async body({ open }) {
      const store = await open();
      await store.upsert(pointOf('a', 1, 100));
      await store.delete('a');
      assert.deepEqual(await store.upsert(pointOf('a', 2, 50)), outcome({ added: 1 }));
    },
  },
  {
    title: 'rejects what chooses nothing or is no series, and ends nothing',
    async body(run) {
      const store = await filled(run);
      const bad: [string, unknown][] = [
        ['invalid_options', {}],
        ['invalid_options', { labels: {} }],
        ['invalid_options', { nam: 'a' }],
        ['invalid_options', { name: 'a', labels: { x: 1 } }],
        ['invalid_options', null],
        ['invalid_series_id', 'not a series'],
        ['invalid_series_id', ['b', 'a{x="1"']],
        ['invalid_series_id', ['b', 7]],
      ];
      for (const [code, target] of bad) {
        await assert.rejects(async () => store.delete(target as string), { code });
      }
      function* ids(): Generator<string> {
        yield 'b';
        throw new Error('halfway');
      }
      await assert.rejects(async () => store.delete(ids()), { code: 'input_failed' });
      assert.deepEqual(await idsOf(store), ALL);
    },
  },
];
