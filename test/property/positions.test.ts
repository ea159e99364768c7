import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  type FamilyMetadata,
  type MetricPoint,
  type SnapshotPoint,
} from '../../src/index.ts';
import { HOSTILE_SERIES, LONG_SERIES, type Series } from '../support/history.ts';
import { bareHandler, pageOf, SYNTAXES } from '../support/page.ts';
import { tries } from '../support/tries.ts';

// What a full read takes by position is what it would take without any memory of another read.

const FAMILIES: readonly FamilyMetadata[] = [
  { name: 'a', type: 'gauge' },
  { name: 'a_total', type: 'counter' },
  { name: 'ab', type: 'unknown' },
  { name: 'h', type: 'histogram' },
];

/** Series whose keys or labels are near to each other, or to something that is not one. */
const NEAR: readonly Series[] = [
  { name: 'a', labels: { l: 'é' } },
  { name: 'a', labels: { l: 'Ã©' } },
  { name: 'a', labels: { l: 'x",m="y' } },
  { name: 'a', labels: { l: 'x', m: 'y' } },
  { name: 'a', labels: { l: 'x\\' } },
  { name: 'a', labels: { l: 'x', m: '' } },
  { name: 'a', labels: { l: '1' } },
  { name: 'a', labels: { l: 'true' } },
  { name: 'a.b', labels: {} },
  { name: 'a.b', labels: { 'l.m': 'x' } },
  { name: 'a', labels: { 'l.m': 'x', z: 'é' } },
];
const PLAIN: readonly Series[] = Array.from({ length: 40 }, (_, i) => ({
  name: i % 2 === 0 ? 'a' : 'a_total',
  labels: { i: `i${i}`, j: `j${i % 3}` },
}));
const ALL = [...HOSTILE_SERIES, ...NEAR, ...PLAIN];

class Inherited {
  readonly l = 'x';
}
Object.defineProperty(Inherited.prototype, 'm', { value: 'y', enumerable: true });

/** Ways of saying the same or something near it. */
const SAYINGS: readonly ((point: SnapshotPoint) => unknown)[] = [
  (point) => ({ ...point, labels: Object.fromEntries(Object.entries(point.labels).reverse()) }),
  (point) => ({ ...point, updatedAt: undefined }),
  ({ labels, ...point }) => (Object.keys(labels).length === 0 ? point : { ...point, labels }),
  (point) => ({ ...point, labels: { ...point.labels, l: 1 } }),
  (point) => ({ ...point, labels: { ...point.labels, l: true } }),
  (point) => ({ ...point, labels: new Inherited() }),
  (point) => ({ ...point, labels: Object.assign(Object.create({ l: 'x' }), point.labels) }),
  (point) => ({ ...point, timestamp: 5 }),
  (point) => ({ ...point, value: -1 }),
  (point) => ({ ...point, value: '1' }),
  (point) => ({ ...point, value: { count: 1, sum: 1, buckets: [{ le: Infinity, count: 1 }] } }),
  (point) => ({ ...point, updatedAt: Number.NaN }),
  (point) => Object.defineProperty({ ...point }, 'labels', { get: () => JSON.parse('{') }),
];

interface Change {
  /** How the list of what is said changes, at which place, and with what. */
  readonly how: 'say' | 'insert' | 'remove' | 'repeat' | 'swap' | 'value' | 'values';
  readonly at: number;
  readonly series: number;
  readonly value: number;
  readonly time: number;
  readonly saying: number;
}

interface Read {
  readonly changes: readonly Change[];
  readonly order: 'same' | 'reversed' | 'rotated';
  /** After how many points the read fails, in tenths of all; undefined: not. */
  readonly failsAt: number | undefined;
}

const value = fc.oneof(
  fc.integer({ min: -10, max: 2_000_000_000 }),
  fc.constantFrom(0, -0, 1, 9, 10, 999_999_999, 1e9, Number.NaN, Infinity, 0.1, 5e-324, -1e21),
);

function reads(series: readonly Series[]): fc.Arbitrary<readonly Read[]> {
  const change = fc.record<Change>({
    how: fc.constantFrom('say', 'insert', 'insert', 'remove', 'repeat', 'swap', 'value', 'values'),
    at: fc.nat({ max: 1000 }),
    series: fc.nat({ max: series.length - 1 }),
    value,
    time: fc.integer({ min: -2, max: 2 }),
    saying: fc.nat({ max: SAYINGS.length - 1 }),
  });
  const read = fc.record<Read>({
    changes: fc.array(change, { maxLength: 6 }),
    order: fc.constantFrom('same', 'same', 'same', 'reversed', 'rotated'),
    failsAt: fc.option(fc.nat({ max: 9 }), { nil: undefined, freq: 3 }),
  });
  return fc.array(read, { minLength: 3, maxLength: 12, size: 'max' });
}

/** A source that gives a list of points, which changes. */
class ListSource {
  list: unknown[];
  failsAt = Number.POSITIVE_INFINITY;
  readonly #series: readonly Series[];

  constructor(series: readonly Series[]) {
    this.#series = series;
    this.list = series.map((one) => ({ ...one, value: 1, updatedAt: 0 }));
  }

  families(): readonly FamilyMetadata[] {
    return FAMILIES;
  }

  *snapshot(): Generator<MetricPoint> {
    for (const [at, point] of this.list.entries()) {
      if (at >= this.failsAt) throw new Error('half of it');
      yield point as MetricPoint;
    }
  }

  apply({ changes, order }: Read): void {
    for (const change of changes) this.#change(change);
    if (order === 'reversed') this.list.reverse();
    if (order === 'rotated') this.list.push(...this.list.splice(0, this.list.length >> 1));
  }

  #change({ how, at: place, series, value: next, time, saying }: Change): void {
    const { list } = this;
    const at = place % (list.length + 1);
    const point = { ...this.#series[series]!, value: next, updatedAt: time };
    if (how === 'say') list.splice(at, 0, SAYINGS[saying]!(point));
    else if (how === 'insert') list.splice(at, 0, point);
    else if (how === 'remove') list.splice(at, 1);
    else if (how === 'repeat') list.splice(at, 0, ...list.slice(0, 3));
    else if (how === 'swap') list.splice(at, 2, ...list.slice(at, at + 2).reverse());
    else if (how === 'values') this.list = list.map((_, i) => this.#valued(i, next + i));
    else if (at < list.length) list[at] = this.#valued(at, next);
  }

  /** The point at a place with another value, if it can be read. */
  #valued(at: number, next: number): unknown {
    const given = this.list[at] as MetricPoint;
    const isRead = Object.getOwnPropertyDescriptor(given, 'labels')?.get === undefined;
    return isRead && typeof given.value === 'number' ? { ...given, value: next } : given;
  }
}

async function expectSame(reader: CachedSnapshotReader, other: CachedSnapshotReader) {
  for (const syntax of SYNTAXES) {
    const expected = await pageOf(bareHandler(other), syntax);
    expect(await pageOf(bareHandler(reader), syntax)).toBe(expected);
    expect(await pageOf(bareHandler(reader), syntax, 'gzip')).toBe(expected);
  }
  expect([...(await reader.snapshot())]).toEqual([...(await other.snapshot())]);
}

async function live(series: readonly Series[], history: readonly Read[]): Promise<number> {
  const source = new ListSource(series);
  const options = { mode: 'full', now: () => 0, onError: () => undefined } as const;
  const reader = createCachedSnapshotReader(source, options);
  let identified = 0;
  for (const read of history) {
    source.apply(read);
    const before = reader.cacheStats();
    if (read.failsAt !== undefined && source.list.length > 0) {
      source.failsAt = Math.floor((source.list.length * read.failsAt) / 10);
      await expect(reader.refresh()).rejects.toThrow();
      expect(reader.cacheStats().version).toBe(before.version);
      source.failsAt = Number.POSITIVE_INFINITY;
    }
    const { rejected } = reader.cacheStats();
    await reader.refresh();
    const other = createCachedSnapshotReader(source, options);
    await other.refresh();
    await expectSame(reader, other);
    // Points are rejected alike, and as often.
    const after = reader.cacheStats();
    for (const [reason, count] of Object.entries(other.cacheStats().rejected)) {
      const key = reason as keyof typeof rejected;
      expect([reason, after.rejected[key] - rejected[key]]).toEqual([reason, count]);
    }
    identified += other.cacheStats().work.pointsIdentified - after.work.pointsIdentified;
  }
  return identified;
}

it('a full read after others is the first one, byte for byte, after any history', async () => {
  let spared = 0;
  const run = async (history: readonly Read[]): Promise<void> => {
    spared += await live(ALL, history);
  };
  await fc.assert(fc.asyncProperty(reads(ALL), run), { numRuns: tries(10) });
  // Had no point been taken by its position, this would have proved nothing.
  expect(spared).toBeGreaterThan(100);
});

it('so it is over many chunks', async () => {
  const run = async (history: readonly Read[]): Promise<void> =>
    void (await live(LONG_SERIES, history));
  await fc.assert(fc.asyncProperty(reads(LONG_SERIES), run), { numRuns: tries(2) });
});
