import { describe, expect, it } from 'vitest';
import {
  createCachedSnapshotReader,
  type DeltaEvent,
  type FamilyMetadata,
  type RejectionReason,
  type SnapshotPoint,
} from '../../src/index.ts';
import { ModelSource } from '../support/model-source.ts';
import { bareHandler, pageOf, scrape } from '../support/page.ts';
import { ScriptedSource, state, statePage } from '../support/scripted-source.ts';
import { ScriptedStore } from '../support/scripted-store.ts';
import { threadCpu } from '../support/thread-cpu.ts';

function boom(): never {
  throw new Error('boom');
}

const GOOD = { name: 'garbage', labels: {}, value: 1, updatedAt: 1 };
const REVOKED = Proxy.revocable({}, {});
REVOKED.revoke();
const HOSTILE_PROXY = new Proxy({}, { get: boom, has: boom, ownKeys: boom, getPrototypeOf: boom });

/** What sources have been seen to yield in place of points, and worse. */
const GARBAGE: readonly (readonly [what: string, reason: RejectionReason, given: unknown])[] = [
  ['null', 'not_a_point', null],
  ['undefined', 'not_a_point', undefined],
  ['a number', 'not_a_point', 5],
  ['a string', 'not_a_point', 'garbage 1'],
  ['a symbol', 'not_a_point', Symbol('garbage')],
  ['a bigint', 'not_a_point', 5n],
  ['a function', 'not_a_point', boom],
  ['a proxy that throws', 'not_a_point', HOSTILE_PROXY],
  ['a revoked proxy', 'not_a_point', REVOKED.proxy],
  [
    'a getter that throws',
    'not_a_point',
    Object.defineProperty({ ...GOOD }, 'value', { get: boom }),
  ],
  ['labels that throw', 'not_a_point', { ...GOOD, labels: HOSTILE_PROXY }],
  ['an empty object', 'invalid_name', {}],
  ['a list', 'invalid_name', [GOOD]],
  ['a name of the wrong kind', 'invalid_name', { ...GOOD, name: 5 }],
  ['an empty name', 'invalid_name', { ...GOOD, name: '' }],
  ['a name with a lone surrogate', 'invalid_name', { ...GOOD, name: 'a\ud800' }],
  ['a string for labels', 'invalid_labels', { ...GOOD, labels: 'a' }],
  ['null for labels', 'invalid_labels', { ...GOOD, labels: null }],
  ['a list of labels', 'invalid_labels', { ...GOOD, labels: [['a', 'b']] }],
  ['a map of labels', 'invalid_labels', { ...GOOD, labels: new Map([['a', 'b']]) }],
  [
    'a label name with a lone surrogate',
    'invalid_label_name',
    { ...GOOD, labels: { '\udc00': 'x' } },
  ],
  ['a label __name__', 'invalid_label_name', { ...GOOD, labels: { __name__: 'x' } }],
  ['a label without a name', 'invalid_label_name', { ...GOOD, labels: { '': 'x' } }],
  ['a bigint for a label', 'invalid_label_value', { ...GOOD, labels: { a: 5n } }],
  ['an object for a label', 'invalid_label_value', { ...GOOD, labels: { a: new Date(0) } }],
  [
    '1 025 labels',
    'too_many_labels',
    { ...GOOD, labels: Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`l${i}`, ''])) },
  ],
  ['null for a label', 'invalid_label_value', { ...GOOD, labels: { a: null } }],
  ['a lone surrogate', 'malformed_unicode', { ...GOOD, labels: { a: 'x\ud83d' } }],
  ['a label of a megabyte', 'series_too_long', { ...GOOD, labels: { a: 'x'.repeat(1 << 20) } }],
  ['a megabyte to escape', 'series_too_long', { ...GOOD, labels: { a: '"'.repeat(1 << 20) } }],
  ['a string for a value', 'invalid_value', { ...GOOD, value: '1' }],
  ['a bigint for a value', 'invalid_value', { ...GOOD, value: 1n }],
  ['no value', 'invalid_value', { ...GOOD, value: undefined }],
  ['a date for updatedAt', 'invalid_updated_at', { ...GOOD, updatedAt: new Date(1) }],
  ['NaN for updatedAt', 'invalid_updated_at', { ...GOOD, updatedAt: Number.NaN }],
  ['-Infinity for updatedAt', 'invalid_updated_at', { ...GOOD, updatedAt: -Infinity }],
];

describe.each(GARBAGE)('one bad point never loses the scrape: %s', (_, reason, given) => {
  it('in a snapshot is rejected and counted (json_exporter#230)', async () => {
    const source = new ScriptedSource();
    source.answer = () => [given, state(1), given];
    const reader = createCachedSnapshotReader(source);
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    const { rejected, lastRejected } = reader.cacheStats();
    expect(rejected[reason]).toBe(2);
    expect(Object.values(rejected).reduce((sum, count) => sum + count)).toBe(2);
    expect(lastRejected.map((point) => point.reason)).toEqual([reason, reason]);
    expect(lastRejected[0]!.subject.length).toBeLessThanOrEqual(200);
  });

  it('in a delta is rejected and counted, and does not lead to a fallback', async () => {
    const source = new ModelSource();
    source.put('state', state(1));
    const reader = createCachedSnapshotReader(source);
    await reader.refresh();
    source.note({ point: given } as DeltaEvent);
    source.note(given as DeltaEvent);
    source.note({ deleted: true, point: given } as DeltaEvent);
    source.put('state', state(2));
    await reader.refresh();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(2));
    const { rejected, deltas, fallbacks } = reader.cacheStats();
    expect({ deltas, fallbacks }).toEqual({ deltas: 1, fallbacks: 0 });
    const isPoint = given !== undefined;
    expect(rejected.invalid_event).toBe(isPoint ? 1 : 3);
    if (isPoint) expect(rejected[reason]).toBeGreaterThanOrEqual(1);
  });
});

describe('a point that its snapshot contradicts', () => {
  it('is rejected: a counter that is negative or not a number', async () => {
    const store = new ScriptedStore();
    store.answers.families = () => [{ name: 'jobs_total', type: 'counter' }];
    const values = [0, 5, -0, Infinity, -1, -5e-324, -Infinity, Number.NaN];
    store.answers.snapshot = () =>
      values.map((value, i) => ({ ...GOOD, name: 'jobs_total', labels: { i: `${i}` }, value }));
    const reader = createCachedSnapshotReader(store);
    const points = [...(await reader.snapshot())];
    expect(points.map(({ value }) => value)).toEqual([0, 5, -0, Infinity]);
    expect(reader.cacheStats().rejected.invalid_counter_value).toBe(4);
  });

  it('is rejected: all but the newest of a series, at a tie all but the last', async () => {
    const source = new ScriptedSource();
    const times = [5, 9, 7, 9, 1];
    source.answer = () => times.map((updatedAt, value) => ({ ...state(value), updatedAt }));
    const reader = createCachedSnapshotReader(source);
    expect([...(await reader.snapshot())]).toEqual([{ ...state(3), updatedAt: 9 }]);
    const { rejected, lastRejected } = reader.cacheStats();
    expect(rejected.duplicate).toBe(4);
    expect(lastRejected.at(-1)).toMatchObject({ reason: 'duplicate', subject: 'state' });
  });
});

describe('events', () => {
  it.each<readonly [string, unknown]>([
    ['a getter that throws', Object.defineProperty({}, 'point', { get: boom })],
    ['a proxy that throws', HOSTILE_PROXY],
    ['the end of no series', { deleted: true }],
    ['the end of half a series', { deleted: true, seriesId: 'state{a="b"' }],
    ['the end of a series with an open brace', { deleted: true, seriesId: 'state{' }],
    ['the end of a series that is a number', { deleted: true, seriesId: 5 }],
    ['the end of a lone surrogate', { deleted: true, seriesId: 'state{a="\ud800"}' }],
  ])('that are %s are rejected and counted', async (_, event) => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    store.answers.snapshotDelta = () => ({ nextCursor: 'state-2', events: [event] });
    await reader.refresh();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    expect(reader.cacheStats().rejected.invalid_event).toBe(1);
  });

  it('that end a series of a megabyte are rejected and counted', async () => {
    const store = new ScriptedStore();
    const reader = createCachedSnapshotReader(store);
    await reader.refresh();
    const event = { deleted: true, seriesId: '{'.repeat(1 << 20) };
    store.answers.snapshotDelta = () => ({ nextCursor: 'state-2', events: [event] });
    await reader.refresh();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    expect(reader.cacheStats().rejected).toMatchObject({ series_too_long: 1, invalid_event: 0 });
  });

  it.each(['state{a="1",b="2"}', 'state{b="2",a="1"}', 'state{b="2",c="",a="1"}'])(
    'end a series however its id is written: %s',
    async (seriesId) => {
      const store = new ScriptedStore();
      const labelled = { ...state(1), labels: { a: '1', b: '2' } };
      store.answers.snapshot = () => [state(1), labelled];
      const reader = createCachedSnapshotReader(store);
      await reader.refresh();
      expect(reader.cacheStats().series).toBe(2);
      store.answers.snapshotDelta = () => ({
        nextCursor: 'state-2',
        events: [{ deleted: true, seriesId }],
      });
      await reader.refresh();
      expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
      expect(reader.cacheStats()).toMatchObject({ series: 1, deltas: 1 });
    },
  );
});

describe('a flood of garbage', () => {
  it('is counted in full, and the last hundred are kept (gofr#3566)', async () => {
    const source = new ScriptedSource();
    const bad = (i: number): unknown => ({
      ...GOOD,
      labels: { i: String(i) },
      value: 'x'.repeat(i),
    });
    source.answer = () => [...Array.from({ length: 1000 }, (_, i) => bad(i)), state(1)];
    const reader = createCachedSnapshotReader(source, { now: () => 1234 });
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    const { rejected, lastRejected } = reader.cacheStats();
    expect(rejected.invalid_value).toBe(1000);
    const last = Array.from({ length: 100 }, (_, i) => `garbage{i="${900 + i}"}`);
    expect(lastRejected.map(({ subject }) => subject)).toEqual(last);
    expect(lastRejected[0]!.rejectedAt).toBe(1234);
  });
});

describe('a flood of megabytes', () => {
  it('is rejected without being escaped first', async () => {
    const source = new ScriptedSource();
    const labels = { a: '"'.repeat(1 << 20) };
    source.answer = () => [...Array.from({ length: 500 }, () => ({ ...GOOD, labels })), state(1)];
    const reader = createCachedSnapshotReader(source);
    const before = threadCpu();
    expect(await pageOf(bareHandler(reader))).toBe(statePage(1));
    // To escape each would take a minute.
    expect(threadCpu() - before).toBeLessThan(5000);
    expect(reader.cacheStats().rejected.series_too_long).toBe(500);
  });
});

describe('what looks like garbage and is none', () => {
  it('is let in: labels named as what every object has', async () => {
    const labels = JSON.parse('{"__proto__":"polluted","constructor":"c","toString":"t"}');
    const source = new ScriptedSource();
    source.answer = () => [{ ...GOOD, labels }];
    const reader = createCachedSnapshotReader(source);
    const line = 'garbage{__proto__="polluted",constructor="c",toString="t"} 1\n';
    expect(await pageOf(bareHandler(reader))).toBe(`# TYPE garbage gauge\n${line}`);
    const [point] = await reader.snapshot();
    expect(Object.getPrototypeOf(point!.labels)).toBe(Object.prototype);
    expect(Object.entries(point!.labels)[0]).toEqual(['__proto__', 'polluted']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('is let in: a label of 16 MB where the options allow it', async () => {
    const source = new ScriptedSource();
    const labels = { a: 'x'.repeat((1 << 24) - 100) };
    source.answer = () => [{ ...GOOD, labels }, state(1)];
    const reader = createCachedSnapshotReader(source, { maxSeriesBytes: 1 << 24 });
    const points = [...(await reader.snapshot())] as SnapshotPoint[];
    expect(points[0]!.labels.a === labels.a).toBe(true);
    expect(await pageOf(bareHandler(reader))).toContain(statePage(1));
  });
});

describe('family metadata', () => {
  const GOOD_FAMILY: FamilyMetadata = { name: 'state', type: 'unknown', help: 'Good.' };
  const page = '# HELP state Good.\n# TYPE state untyped\nstate 1\n';

  it.each<readonly [string, unknown]>([
    ['null', null],
    ['a number', 5],
    ['a name of the wrong kind', { name: 5, type: 'gauge' }],
    ['an illegal name', { name: 'a\ud800', type: 'gauge' }],
    ['an unknown type', { name: 'other', type: 'untyped' }],
    ['a help that is no text', { name: 'other', type: 'gauge', help: {} }],
    ['a help with a lone surrogate', { name: 'other', type: 'gauge', help: '\ud800' }],
    ['a unit with a space', { name: 'other', type: 'gauge', unit: 'by tes' }],
    ['a second word on a family', { name: 'state', type: 'gauge' }],
    ['a getter that throws', Object.defineProperty({ type: 'gauge' }, 'name', { get: boom })],
    ['a proxy that throws', HOSTILE_PROXY],
  ])('that is %s is reported and loses nothing', async (_, garbage) => {
    const store = new ScriptedStore();
    store.answers.families = () => [GOOD_FAMILY, garbage];
    const reader = createCachedSnapshotReader(store);
    // A family with a sound name and type is declared all the same.
    expect((await pageOf(bareHandler(reader))).replace('# TYPE other gauge\n', '')).toBe(page);
    expect(reader.cacheStats().familyFaults).toHaveLength(1);
    store.answers.families = () => [GOOD_FAMILY];
    await reader.refresh();
    expect(reader.cacheStats().familyFaults).toEqual([]);
  });

  it.each<readonly [string, () => unknown]>([
    ['null', () => null],
    ['a number', () => 5],
    ['an error', boom],
  ])(
    'that is %s instead of a list fails the refresh, and the last good page stays',
    async (_, answer) => {
      const store = new ScriptedStore();
      store.answers.families = () => [GOOD_FAMILY];
      const reader = createCachedSnapshotReader(store, { refreshInterval: 1e6 });
      await reader.refresh();
      store.answers.families = answer;
      await expect(reader.refresh()).rejects.toMatchObject({ code: /^(refresh|invalid)_/ });
      expect(await pageOf(bareHandler(reader))).toBe(page);
      expect((await scrape(bareHandler(store))).status).toBe(503);
    },
  );
});
