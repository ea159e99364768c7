import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flatSamples } from '../../test/support/flat-samples.ts';
import {
  anyGaugeHistogram,
  anyHistogram,
  anySummary,
  anyTime,
} from '../../test/support/point-values.ts';
import { tries } from '../../test/support/tries.ts';
import type { FamilyMetadata } from '../model/family-metadata.ts';
import type { MetricPoint } from '../model/metric-point.ts';
import { seriesId } from '../model/series-id.ts';
import type { SnapshotReader } from '../model/snapshot-reader.ts';
import { assemble } from './assemble.ts';

const FAMILIES: readonly FamilyMetadata[] = [
  { name: 'h', type: 'histogram' },
  { name: 'gh', type: 'gaugehistogram' },
  { name: 's', type: 'summary' },
  { name: 'c_total', type: 'counter' },
];

function sourceOf(points: readonly unknown[], families = FAMILIES): SnapshotReader {
  return { snapshot: () => points as MetricPoint[], families: () => families };
}

async function read(source: SnapshotReader): Promise<MetricPoint[]> {
  return [...((await source.snapshot()) as Iterable<MetricPoint>)];
}

function byId(points: readonly MetricPoint[]): Map<string, MetricPoint> {
  return new Map(points.map((point) => [seriesId(point), point]));
}

const labels = fc.dictionary(
  fc.constantFrom('a', 'b', '__proto__', 'c.d'),
  fc.constantFrom('x', 'y', 1, true),
  { maxKeys: 2 },
);

/** A composite of classic buckets or quantiles, with what else its samples may say. */
function compositeOf(name: string, value: fc.Arbitrary<MetricPoint['value']>) {
  const more = { labels, updatedAt: anyTime, timestamp: anyTime };
  const required = ['name', 'value'] as const;
  return fc.record({ name: fc.constant(name), value, ...more }, { requiredKeys: [...required] });
}

const isClassic = (value: object): boolean => 'buckets' in value && !('schema' in value);
const composite = fc.oneof(
  compositeOf('h', anyHistogram.filter(isClassic)),
  compositeOf('gh', anyGaugeHistogram.filter(isClassic)),
  compositeOf('s', anySummary),
);

describe('assemble', () => {
  it.each([
    ['exemplars that are no list', { exemplars: null }],
    [
      'exemplars without an end',
      {
        exemplars: {
          *[Symbol.iterator]() {
            for (;;) yield {};
          },
        },
      },
    ],
    ['too many exemplars', { exemplars: new Array(65_537).fill({ labels: {}, value: 1 }) }],
  ])('leaves a histogram flat that has %s', async (_, more) => {
    const bucket = { name: 'h_bucket', labels: { le: '+Inf' }, value: 1, ...more };
    const samples = [bucket, { name: 'h_sum', value: 1 }, { name: 'h_count', value: 1 }];
    const reader = assemble(sourceOf(samples));
    expect(await read(reader)).toEqual(samples);
    expect(reader.assemblyStats().leftFlat).toMatchObject({ invalid: 1 });
  });

  it('gives a sample once whose exemplars throw', async () => {
    const exemplars = [{}];
    Object.defineProperty(exemplars, 0, {
      get: () => {
        throw new Error('gone');
      },
    });
    const count = { name: 'h_count', value: 1, exemplars };
    const samples = [{ name: 'h_bucket', labels: { le: '+Inf' }, value: 1 }, count];
    const points = await read(assemble(sourceOf(samples)));
    expect(points.filter((point) => (point as unknown) === count)).toHaveLength(1);
    expect(points).toHaveLength(2);
    expect(points.find(({ name }) => name === 'h')?.value).toMatchObject({ count: 1 });
  });

  it.each([Number.NaN, Infinity, 1e15])(
    'leaves a histogram flat that was created at %d s',
    async (created) => {
      const samples = [
        { name: 'h_bucket', labels: { le: '+Inf' }, value: 1 },
        { name: 'h_created', value: created },
      ];
      const reader = assemble(sourceOf(samples));
      expect(await read(reader)).toEqual(samples);
      expect(reader.assemblyStats().leftFlat).toMatchObject({ invalid: 1 });
    },
  );

  it('takes an exemplar of each of very many buckets in no time', async () => {
    const exemplars = [{ labels: {}, value: 1 }];
    const samples = Array.from({ length: 60_000 }, (_, le) => ({
      name: 'h_bucket',
      labels: { le },
      value: 1,
      exemplars,
    }));
    const [point] = await read(assemble(sourceOf([...samples, { name: 'h_count', value: 1 }])));
    expect(point?.exemplars).toHaveLength(60_000);
  });

  it('makes composites of their samples, in whatever order they come', async () => {
    const others = fc.constantFrom<MetricPoint>(
      { name: 'g', value: 1 },
      { name: 'h', value: 1 },
      { name: 'h_sum_2', value: 1 },
      { name: 'c_total', value: 5 },
    );
    const points = fc.uniqueArray(fc.oneof(composite, others), {
      selector: (point) => seriesId(point),
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(points, fc.infiniteStream(fc.nat()), async (all, random) => {
        const flat = all.flatMap((point) => flatSamples(point, point.name === 'gh'));
        const order = new Map(flat.map((sample) => [sample, random.next().value]));
        const shuffled = [...flat].sort((a, b) => order.get(a)! - order.get(b)!);
        const reader = assemble(sourceOf(shuffled));
        const assembled = byId(await read(reader));
        const expected = all.map((point) => ({ ...point, labels: point.labels ?? {} }));
        const plain = [...assembled.values()].map((p) => ({ ...p, labels: p.labels ?? {} }));
        expect(byId(plain)).toEqual(byId(expected));
        expect(reader.assemblyStats()).toEqual({
          assembled: all.filter(({ value }) => typeof value !== 'number').length,
          leftFlat: { incomplete: 0, contradictory: 0, invalid: 0 },
        });
      }),
      { numRuns: tries(60) },
    );
  });

  it('takes start times and exemplars from the samples', async () => {
    const exemplars = [0.5, 7].map((value) => ({ labels: { t: `${value}` }, value, timestamp: 1 }));
    const value = {
      count: 2,
      sum: 7.5,
      buckets: [
        [1, 1],
        [Infinity, 2],
      ] as [number, number][],
    };
    const point = { name: 'h', labels: {}, value, startTime: 1763980000500, exemplars };
    const flat = flatSamples(point);
    expect(flat.map(({ name }) => name)).toContain('h_created');
    expect(await read(assemble(sourceOf(flat)))).toEqual([point]);
  });

  const bucket = (le: unknown, value: number, more: object = {}): object => ({
    name: 'h_bucket',
    labels: { le },
    value,
    ...more,
  });
  const count = { name: 'h_count', value: 2 };
  const sum = { name: 'h_sum', value: 3 };

  it.each([
    ['without the bucket of infinity', [bucket('1', 1), sum, count]],
    ['without the count', [bucket('1', 1), bucket('+Inf', 2), sum]],
    [
      'with a bucket twice',
      [bucket(1, 1), bucket('1.0', 1), bucket(Infinity, 2), bucket('Infinity', 2), sum],
    ],
  ])('takes a histogram %s', async (_, samples) => {
    const value = {
      count: 2,
      sum: 3,
      buckets: [
        [1, 1],
        [Infinity, 2],
      ],
    };
    expect(await read(assemble(sourceOf(samples)))).toEqual([{ name: 'h', labels: {}, value }]);
  });

  it('takes a histogram without a sum as OpenMetrics 1 has it with negative thresholds', async () => {
    const samples = [bucket('-1', 1), bucket('+Inf', 2)];
    const value = {
      count: 2,
      sum: Number.NaN,
      buckets: [
        [-1, 1],
        [Infinity, 2],
      ],
    };
    expect(await read(assemble(sourceOf(samples)))).toEqual([{ name: 'h', labels: {}, value }]);
  });

  it.each([
    ['incomplete', [bucket('1', 1), sum]],
    [
      'incomplete',
      [
        { name: 's', labels: { quantile: '0.5' }, value: 1 },
        { name: 's_count', value: 1 },
      ],
    ],
    ['contradictory', [bucket('1', 1), bucket('1.0', 2), bucket('+Inf', 2)]],
    ['contradictory', [bucket('1', 1, { timestamp: 1 }), bucket('+Inf', 2, { timestamp: 2 })]],
    ['invalid', [bucket('1', 1), bucket('+Inf', 2), { ...count, value: 3 }]],
    ['invalid', [bucket('1', 3), bucket('+Inf', 2)]],
    [
      'invalid',
      [
        { name: 's_sum', value: -1 },
        { name: 's_count', value: 1 },
      ],
    ],
  ] as const)('leaves what is %s as it is, and counts it: %j', async (reason, samples) => {
    const reader = assemble(sourceOf([...samples]));
    expect(await read(reader)).toEqual(samples);
    const { assembled, leftFlat } = reader.assemblyStats();
    expect([assembled, leftFlat[reason]]).toEqual([0, 1]);
  });

  it('passes all that is no sample of a declared composite', async () => {
    const thrower = new Proxy({}, { get: () => expect.fail('read') });
    const given = [
      null,
      'h_count',
      thrower,
      { name: 'h_bucket', value: 1 },
      { name: 'h_bucket', labels: { le: 'x' }, value: 1 },
      { name: 'h_count', labels: { a: null }, value: 1 },
      { name: 'h_count', labels: new Map(), value: '1' },
      { name: 'other_bucket', labels: { le: '1' }, value: 1 },
      { name: 'h', value: { count: 1, sum: 1, buckets: [[Infinity, 1]] } },
    ];
    const taken = await read(assemble(sourceOf(given)));
    expect(taken.every((point, i) => point === given[i])).toBe(true);
    expect(taken).toHaveLength(given.length);
    const undeclared = [bucket('+Inf', 1), { ...count, value: 1 }];
    expect(await read(assemble(sourceOf(undeclared, [])))).toEqual(undeclared);
  });

  it('lets other work run while it reads many samples', async () => {
    const samples = Array.from({ length: 50_000 }, (_, i) =>
      bucket('+Inf', 1, { labels: { le: '+Inf', i } }),
    );
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    expect(await read(assemble(sourceOf(samples)))).toHaveLength(samples.length);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(3);
  });

  it('passes on what else the source tells, and ends with its errors', async () => {
    const source: SnapshotReader = {
      ...sourceOf([]),
      writeStats: () => ({ rejected: {} }) as never,
      lastWrites: () => [],
    };
    const reader = assemble(source);
    expect(reader.writeStats?.()).toEqual({ rejected: {} });
    expect(await reader.lastWrites?.()).toEqual([]);
    expect(await reader.families?.()).toEqual(FAMILIES);
    expect(Object.keys(assemble(sourceOf([])))).toEqual(['snapshot', 'families', 'assemblyStats']);
    const failing: SnapshotReader = { snapshot: () => Promise.reject(new Error('as planned')) };
    await expect(read(assemble(failing))).rejects.toThrow('as planned');
    for (const given of [undefined, null, {}, []]) {
      expect(() => assemble(given as unknown as SnapshotReader)).toThrow(
        expect.objectContaining({ code: 'invalid_options' }),
      );
    }
  });
});
