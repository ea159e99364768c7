import assert from 'node:assert/strict';
import type { MetricPoint, SnapshotPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { type CaseOutline, casesOf, pointOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What points may say beside a plain number. */
export function valueCases(subject: ContractSubject): ContractCase[] {
  return casesOf('values', subject, CASES);
}

const EXEMPLAR = { labels: { trace_id: '\u{1f600}"\\' }, value: 0.5, timestamp: 1_700_000_000_123 };
const BUCKETS = [[0.5, 1] as const, [Number.POSITIVE_INFINITY, 3] as const];

/** A point of each kind: names, labels and times are added. */
const KINDS: readonly Omit<MetricPoint, 'name' | 'labels' | 'updatedAt'>[] = [
  { value: 1 },
  { value: Number.NaN },
  { value: -0 },
  { value: 7, timestamp: -5 },
  { value: 8, startTime: 1_700_000_000_000, exemplars: [EXEMPLAR] },
  { value: Number.NaN, timestamp: 5 },
  { value: { count: 3, sum: 1.5, buckets: BUCKETS }, exemplars: [EXEMPLAR] },
  { value: { count: 3, sum: Number.NaN, buckets: BUCKETS }, startTime: 5 },
  {
    value: {
      count: 5,
      sum: 9,
      schema: 3,
      zeroThreshold: 0,
      zeroCount: 1,
      positiveSpans: [[-2, 2] as const],
      positiveBuckets: [1, 2],
      negativeSpans: [[1, 1] as const],
      negativeBuckets: [1],
    },
  },
  { value: { count: 2, sum: 3, quantiles: [[0.5, 1] as const, [1, Number.NaN] as const] } },
];

/** The kinds, of series of their own, from the given one on. */
function pointsFrom(first: number, updatedAt: number): SnapshotPoint[] {
  return KINDS.map((_, i) => {
    const kind = KINDS[(first + i) % KINDS.length]!;
    return { name: 'kind', labels: { i: `${i}` }, updatedAt, ...kind };
  });
}

async function pointsOf(store: MetricStore): Promise<SnapshotPoint[]> {
  const points: SnapshotPoint[] = [];
  for await (const point of await store.snapshot()) points.push(point);
  return points.sort((a, b) => (seriesId(a) < seriesId(b) ? -1 : 1));
}

const CASES: readonly CaseOutline[] = [
  {
    title: 'of every kind come back as they were written, and replace each other',
    needs: 'allValues',
    async body({ open }) {
      const store = await open();
      for (let round = 0; round <= KINDS.length; round++) {
        const points = pointsFrom(round, round);
        const cursor = await store.snapshotCursor();
        const { added, changed } = await store.upsert(points);
        assert.equal(added + changed, points.length);
        assert.deepEqual(await pointsOf(store), points);
        const { unchanged } = await store.upsert(points);
        assert.equal(unchanged, points.length);
        const delta = await store.snapshotDelta(cursor);
        const changes: unknown[] = [];
        for await (const event of delta.events) changes.push(event);
        assert.equal(changes.length, points.length);
        for (const point of points) {
          const isSame = changes.some((event) => equals(event, { point }));
          assert.ok(isSame, `the delta has no ${seriesId(point)} of round ${round}`);
        }
      }
    },
  },
  {
    title: 'of every kind are there when the store is opened again, and end',
    needs: ['allValues', 'durable'],
    async body({ open }) {
      const first = await open();
      await first.upsert(pointsFrom(0, 1));
      await first.close();
      const second = await open();
      assert.deepEqual(await pointsOf(second), pointsFrom(0, 1));
      assert.equal(await second.delete({ name: 'kind' }), KINDS.length);
      await second.upsert(KINDS.map((_, i) => pointOf('kind', i, 1, { i: `${i}` })));
      const values = (await pointsOf(second)).map(({ value }) => value);
      assert.deepEqual(values, [...KINDS.keys()]);
    },
  },
  {
    title: 'of every kind are in groups',
    needs: ['allValues', 'groups'],
    async body({ open }) {
      const store = await open();
      for (let round = 0; round < 3; round++) {
        await store.replace({ job: 'a' }, pointsFrom(round, 1));
        assert.deepEqual(await pointsOf(store), pointsFrom(round, 1));
      }
    },
  },
  {
    title: 'of several hundred KB come back; larger points are refused for that',
    needs: 'allValues',
    async body({ open }) {
      const store = await open();
      const bounds = Array.from({ length: 9_000 }, (_, i) => [i, i] as const);
      const large = (count: number, label: string): SnapshotPoint => ({
        name: 'large',
        labels: { label },
        value: {
          count,
          sum: 1,
          buckets: [...bounds.slice(0, count), [Number.POSITIVE_INFINITY, count]],
        },
        updatedAt: 1,
      });
      const { added, refusals } = await store.upsert([
        large(8_000, 'a'),
        large(9_000, 'b'.repeat(100)),
      ]);
      assert.deepEqual([added, refusals.map(({ reason }) => reason)], [1, ['point_too_large']]);
      assert.deepEqual(await pointsOf(store), [large(8_000, 'a')]);
    },
  },
];

function equals(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}
