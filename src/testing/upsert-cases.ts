import assert from 'node:assert/strict';
import type { WritablePoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import { casesOf, idsOf, manyPoints, outcome, pointOf, stateOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';
import { hostileLabels, longLabels } from './hostile-labels.ts';

/** What becomes of points that are written. */
export function upsertCases(subject: ContractSubject): ContractCase[] {
  return [...casesOf('upsert', subject, UPSERT), ...casesOf('refusals', subject, REFUSALS)];
}

const UPSERT: Parameters<typeof casesOf>[2] = [
  {
    title: 'takes one point, many, and many over time',
    async body({ open }) {
      const store = await open();
      async function* later(): AsyncGenerator<WritablePoint> {
        yield pointOf('d', 4);
        await Promise.resolve();
        yield pointOf('e', 5);
      }
      assert.deepEqual(await store.upsert(pointOf('a', 1)), outcome({ added: 1 }));
      const set = new Set([pointOf('b', 2), pointOf('c', 3)]);
      assert.deepEqual(await store.upsert(set), outcome({ added: 2 }));
      assert.deepEqual(await store.upsert(later()), outcome({ added: 2 }));
      assert.deepEqual(await store.upsert([]), outcome({}));
      const values = [...(await stateOf(store))].map(([id, { value }]) => `${id}=${value}`);
      assert.deepEqual(values.sort(), ['a=1', 'b=2', 'c=3', 'd=4', 'e=5']);
    },
  },
  {
    title: 'lets the newest updatedAt win, and at a tie the later write',
    async body({ open }) {
      const store = await open();
      await store.upsert(pointOf('a', 1, 10));
      assert.deepEqual(await store.upsert(pointOf('a', 2, 9)), outcome({ older: 1 }));
      assert.deepEqual(await store.upsert(pointOf('a', 1, 10)), outcome({ unchanged: 1 }));
      assert.deepEqual((await stateOf(store)).get('a'), { value: 1, updatedAt: 10 });
      assert.deepEqual(await store.upsert(pointOf('a', 3, 10)), outcome({ changed: 1 }));
      assert.deepEqual(await store.upsert(pointOf('a', 3, 11)), outcome({ changed: 1 }));
      assert.deepEqual((await stateOf(store)).get('a'), { value: 3, updatedAt: 11 });
    },
  },
  {
    title: 'decides within one call as it does between calls',
    async body({ open }) {
      const store = await open();
      const points = [
        pointOf('a', 1, 10),
        pointOf('a', 2, 9),
        pointOf('a', 1, 10),
        pointOf('a', 3, 10),
        pointOf('b', 1, 10),
      ];
      const expected = { added: 2, older: 1, unchanged: 1, changed: 1 };
      assert.deepEqual(await store.upsert(points), outcome(expected));
      assert.deepEqual((await stateOf(store)).get('a'), { value: 3, updatedAt: 10 });
    },
  },
  {
    title: 'keeps every double as it is, and tells NaN from numbers and -0 from 0',
    async body({ open }) {
      const store = await open();
      const values = [0.1, -1e-320, Number.MAX_VALUE, 2 ** 53 + 2, Infinity, -Infinity, NaN, 0, -0];
      for (const [i, value] of values.entries()) {
        const counts = i === 0 ? { added: 1 } : { changed: 1 };
        assert.deepEqual(await store.upsert(pointOf('a', value)), outcome(counts), `${value}`);
        assert.deepEqual(await store.upsert(pointOf('a', value)), outcome({ unchanged: 1 }));
        assert.ok(Object.is((await stateOf(store)).get('a')?.value, value), `${value}`);
      }
    },
  },
  {
    title: 'keeps every time as it is: before 1970, with fractions, far ahead',
    async body({ open }) {
      const store = await open();
      const times = [-1e15, -1.5, -0, 0.25, 1_700_000_000_000.125, 8.64e15, 1e300];
      for (const updatedAt of times) {
        await store.upsert(pointOf('a', 1, updatedAt));
        assert.equal((await stateOf(store)).get('a')?.updatedAt, updatedAt);
      }
      assert.deepEqual(await store.upsert(pointOf('a', 2, 8.64e15)), outcome({ older: 1 }));
    },
  },
  {
    title: 'writes numbers and booleans in labels as text, and takes a point without labels',
    async body({ open }) {
      const store = await open();
      const labels = { code: 200, ok: true, ratio: -0.5, gone: undefined };
      const points = [
        { name: 'a', labels, value: 1 },
        { name: 'b', value: 2 },
      ];
      assert.deepEqual(await store.upsert(points), outcome({ added: 2 }));
      assert.deepEqual(await idsOf(store), ['a{code="200",ok="true",ratio="-0.5"}', 'b']);
      for await (const point of await store.snapshot()) {
        for (const value of Object.values(point.labels)) assert.equal(typeof value, 'string');
      }
    },
  },
  {
    title: 'never takes a time of its own for older than that of the stored point',
    async body({ open }) {
      let clock = 10_000;
      const store = await open({ now: () => clock });
      await store.upsert({ name: 'a', value: 1 });
      clock = 1_000; // Set back.
      assert.deepEqual(await store.upsert({ name: 'a', value: 2 }), outcome({ changed: 1 }));
      assert.deepEqual(await store.upsert({ name: 'a', value: 2 }), outcome({ unchanged: 1 }));
      const twice = [
        { name: 'b', value: 1, updatedAt: 5_000 },
        { name: 'b', value: 2 },
      ];
      assert.deepEqual(await store.upsert(twice), outcome({ added: 1, changed: 1 }));
      assert.deepEqual(await store.upsert(pointOf('a', 3, 9_999)), outcome({ older: 1 }));
      assert.deepEqual((await stateOf(store)).get('a'), { value: 2, updatedAt: 10_000 });
      assert.deepEqual((await stateOf(store)).get('b'), { value: 2, updatedAt: 5_000 });
      clock = 11_000;
      await store.upsert({ name: 'a', value: 4 });
      assert.deepEqual((await stateOf(store)).get('a'), { value: 4, updatedAt: 11_000 });
    },
  },
  {
    title: 'takes a point without updatedAt as true now',
    async body({ open }) {
      const store = await open({ now: () => 1234 });
      await store.upsert({ name: 'a', labels: {}, value: 1 });
      await store.upsert({ name: 'b', labels: {}, value: 1, updatedAt: undefined });
      const times = [...(await stateOf(store)).values()].map(({ updatedAt }) => updatedAt);
      assert.deepEqual(times, [1234, 1234]);
    },
  },
  {
    title: 'gives labels back as they were written, whatever they hold, but for empty ones',
    async body({ open }) {
      const store = await open();
      const points = hostileLabels().map((labels, i) => pointOf('a', i, 1, labels));
      assert.deepEqual(await store.upsert(points), outcome({ added: points.length }));
      const stored = new Map<string, string>();
      for await (const { name, labels, value } of await store.snapshot()) {
        stored.set(seriesId({ name, labels }), JSON.stringify([value, sorted(labels)]));
      }
      for (const point of points) {
        const expected = JSON.stringify([point.value, sorted(point.labels)]);
        assert.equal(stored.get(seriesId(point)), expected);
      }
      assert.equal(stored.size, points.length);
    },
  },
  {
    title: 'keeps long series apart that differ only at their ends',
    async body({ open }) {
      const store = await open();
      const points = longLabels().map((labels, i) => pointOf('a', i, 1, labels));
      assert.deepEqual(await store.upsert(points), outcome({ added: points.length }));
      const state = await stateOf(store);
      for (const point of points) assert.equal(state.get(seriesId(point))?.value, point.value);
      assert.equal(state.size, points.length);
      const again = points.map((point) => ({ ...point, value: -1 }));
      assert.deepEqual(await store.upsert(again), outcome({ changed: points.length }));
      const half = points.filter((_, i) => i % 2 === 0).map(seriesId);
      assert.equal(await store.delete(half), half.length);
      const left = points.map(seriesId).filter((id) => !half.includes(id));
      assert.deepEqual(await idsOf(store), left.sort());
    },
  },
  {
    title: 'writes thousands of points in one call',
    async body({ open }) {
      const store = await open();
      const first = await store.upsert(manyPoints('a', 12_000, 1));
      assert.deepEqual(first, outcome({ added: 12_000 }));
      const second = await store.upsert(manyPoints('a', 12_000, 2));
      assert.deepEqual(second, outcome({ changed: 12_000 }));
      const state = await stateOf(store);
      assert.equal(state.size, 12_000);
      assert.ok([...state.values()].every(({ value }) => value === 2));
    },
  },
  {
    title: 'takes what another store gives, even its own snapshot',
    async body({ open }) {
      const store = await open();
      await store.upsert([pointOf('a', 1, 5, { x: '1' }), pointOf('b', 2)]);
      const copies: WritablePoint[] = [];
      for await (const point of await store.snapshot()) copies.push(point);
      assert.deepEqual(await store.upsert(copies), outcome({ unchanged: 2 }));
      const renamed = copies.map((point) => ({ ...point, name: `${point.name}_copy` }));
      assert.deepEqual(await store.upsert(renamed), outcome({ added: 2 }));
      assert.deepEqual(await idsOf(store), ['a_copy{x="1"}', 'a{x="1"}', 'b', 'b_copy']);
    },
  },
];

function tooManyLabels(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`l${i}`, '']));
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels)
    .filter(([, value]) => value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

const REFUSALS: Parameters<typeof casesOf>[2] = [
  {
    title: 'refuses bad points one by one, and writes the others of the call',
    async body({ open }) {
      const store = await open({ maxSeriesBytes: 999 });
      const bad: [string, unknown][] = [
        ['not_a_point', null],
        ['not_a_point', 'a'],
        ['invalid_name', {}],
        ['invalid_name', pointOf('bad\ud800', 1)],
        ['invalid_labels', { name: 'a', value: 1, labels: [] }],
        ['too_many_labels', pointOf('a', 1, 1, tooManyLabels())],
        ['invalid_label_name', pointOf('a', 1, 1, { 'bad\ud800': '' })],
        ['invalid_label_value', { ...pointOf('a', 1), labels: { x: null } }],
        ['malformed_unicode', pointOf('a', 1, 1, { x: '\ud800' })],
        ['invalid_value', { ...pointOf('a', 1), value: '1' }],
        ['invalid_updated_at', pointOf('a', 1, Number.NaN)],
        ['series_too_long', pointOf('a', 1, 1, { x: 'x'.repeat(1000) })],
      ];
      const given = [pointOf('before', 1), ...bad.map(([, p]) => p), pointOf('after', 1)];
      const result = await store.upsert(given as WritablePoint[]);
      assert.equal(result.added, 2);
      assert.equal(result.refused, bad.length);
      const reasons = result.refusals.map(({ reason }) => reason);
      assert.deepEqual(
        reasons,
        bad.map(([reason]) => reason),
      );
      assert.deepEqual(await idsOf(store), ['after', 'before']);
    },
  },
  {
    title: 'counts all refused points and tells of the first hundred',
    async body({ open }) {
      const store = await open();
      const result = await store.upsert(Array<WritablePoint>(150).fill(null as never));
      assert.equal(result.refused, 150);
      assert.equal(result.refusals.length, 100);
    },
  },
  {
    title: 'refuses new series beyond maxSeries while those that exist go on',
    async body({ open }) {
      const store = await open({ maxSeries: 2, now: () => 5 });
      const given = [pointOf('a', 1), pointOf('b', 1), pointOf('c', 1), pointOf('a', 2)];
      const refusals = [{ reason: 'series_limit', subject: 'c', rejectedAt: 5 }] as const;
      const expected = outcome({ added: 2, changed: 1, refused: 1, refusals });
      assert.deepEqual(await store.upsert(given), expected);
      await store.delete('a');
      assert.deepEqual(await store.upsert(pointOf('c', 1)), outcome({ added: 1 }));
      assert.equal((await store.upsert(pointOf('a', 1))).refused, 1);
    },
  },
  {
    title: 'rejects what is neither a point nor many with invalid_options',
    async body({ open }) {
      const store = await open();
      for (const given of [null, undefined, 'abc', 7, Promise.resolve([])]) {
        const upsert = async () => store.upsert(given as unknown as WritablePoint);
        await assert.rejects(upsert, { code: 'invalid_options' });
      }
    },
  },
  {
    title: 'keeps what was written before the iteration threw, with the error as the cause',
    async body({ open }) {
      const store = await open();
      const cause = new Error('the database went away');
      function* failing(): Generator<WritablePoint> {
        yield pointOf('a', 1);
        throw cause;
      }
      async function* failingLater(): AsyncGenerator<WritablePoint> {
        yield pointOf('b', 1);
        throw cause;
      }
      const expected = { code: 'input_failed', cause };
      await assert.rejects(async () => store.upsert(failing()), expected);
      await assert.rejects(async () => store.upsert(failingLater()), expected);
      assert.deepEqual(await idsOf(store), ['a', 'b']);
    },
  },
];
