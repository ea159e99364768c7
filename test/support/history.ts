import fc from 'fast-check';
import type { DeltaEvent, FamilyMetadata, SnapshotPoint } from '../../src/index.ts';
import { type Behaviour, ModelSource, SOUND } from './model-source.ts';
import { naiveId } from './naive-page.ts';

/** One thing that happens to a source, or a refresh. */
export type Step =
  | { readonly kind: 'put'; readonly series: number; readonly value: number; readonly at: number }
  | { readonly kind: 'end'; readonly series: number; readonly byId: boolean }
  | { readonly kind: 'spoil'; readonly series: number; readonly how: number }
  | { readonly kind: 'double'; readonly series: number }
  | { readonly kind: 'junk'; readonly which: number }
  | { readonly kind: 'declare'; readonly families: readonly FamilyMetadata[] }
  | { readonly kind: 'refresh'; readonly behaviour: Behaviour };

/** What a point is of. */
export type Series = Pick<SnapshotPoint, 'name' | 'labels'>;

const TEXTS = ['', 'x', '~', '\u00ff', '\uff5e', '\u{1f600}', '"', '\\', '\\n', '\n', '{a="b"} 1'];
const PROTO = JSON.parse('{"__proto__":"p","constructor":"c"}') as Record<string, string>;

/**
 * Few series, so that a history meets each of them often, with whatever is hard to write or to
 * sort.
 */
export const HOSTILE_SERIES: readonly Series[] = [
  ...TEXTS.map((text) => ({ name: 'a', labels: { l: text } })),
  ...TEXTS.map((text) => ({ name: 'a_total', labels: { z: 'x', l: text } })),
  ...['a_created', 'ab', 'A:b', 'size_bytes', 't_seconds_total', '_total'].flatMap((name) => [
    { name, labels: {} },
    { name, labels: PROTO },
  ]),
];

/** Many series with long labels: some dozens of chunks. */
export const LONG_SERIES: readonly Series[] = Array.from({ length: 600 }, (_, i) => ({
  name: i % 7 === 0 ? 'short' : 'long',
  // Lengths of all kinds, the same each time: a chunk holds between a few lines and some hundreds.
  labels: { i: String((i * 7919) % 600), pad: 'é'.repeat(i % 7 === 0 ? 20 : (i * 104_729) % 4000) },
}));

const FAMILIES: readonly FamilyMetadata[] = [
  { name: 'a', type: 'gauge', help: 'Lines\nand "quotes" and \\.' },
  { name: 'a', type: 'unknown' },
  { name: 'a', type: 'counter' },
  { name: 'a_total', type: 'counter', help: '' },
  { name: 'a_total', type: 'gauge' },
  { name: 'ab', type: 'unknown' },
  { name: 'size_bytes', type: 'gauge', unit: 'bytes' },
  { name: 't_seconds_total', type: 'counter', unit: 'seconds', help: 'All of it.' },
  { name: '_total', type: 'counter' },
  { name: 'absent', type: 'counter' },
];

/** Points without a known series, and what a delta may hold in place of an event. */
const JUNK: readonly { readonly point: unknown; readonly event: unknown }[] = [
  { point: null, event: null },
  { point: 'a', event: { point: 5 } },
  { point: { name: 'a\ud800', labels: {}, value: 1, updatedAt: 1 }, event: {} },
  { point: { name: 'a', labels: { l: null }, value: 1, updatedAt: 1 }, event: { deleted: true } },
  { point: { name: 'a', labels: { l: '\ud800' } }, event: { deleted: true, seriesId: 'a{l="x"' } },
];

/** What spoils a point whose series is still known. */
const SPOILS: readonly ((point: SnapshotPoint) => unknown)[] = [
  (point) => ({ ...point, value: '1' }),
  (point) => ({ ...point, updatedAt: Number.NaN }),
  (point) => ({ name: point.name, labels: point.labels }),
  (point) => Object.defineProperty({ ...point }, 'value', { get: () => JSON.parse('{') }),
];

const value = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 5e-324, 1e21, -2.5e-7),
  fc.double(),
);

/** Random steps about some series; `sound` says how likely a refresh meets no error, in tenths. */
export function steps(all: readonly Series[], sound = 6): fc.Arbitrary<Step> {
  const series = fc.nat({ max: all.length - 1 });
  const at = fc.integer({ min: -5, max: 5 });
  const weighted: readonly [number, fc.Arbitrary<Step>][] = [
    [10, fc.record({ kind: fc.constant('put'), series, value, at })],
    [4, fc.record({ kind: fc.constant('end'), series, byId: fc.boolean() })],
    [2, fc.record({ kind: fc.constant('spoil'), series, how: fc.nat() })],
    [2, fc.record({ kind: fc.constant('double'), series })],
    [1, fc.record({ kind: fc.constant('junk'), which: fc.nat() })],
    [1, fc.record({ kind: fc.constant('declare'), families: fc.subarray([...FAMILIES]) })],
    [5, fc.record({ kind: fc.constant('refresh'), behaviour: behaviour(sound) })],
  ];
  return fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}

function behaviour(sound: number): fc.Arbitrary<Behaviour> {
  const batch = fc.constantFrom(1, 2, 3, 1000);
  const shape = fc.constantFrom<Behaviour['shape']>('array', 'iterable', 'async', 'promise');
  const faulty = fc.record<Behaviour>({
    delta: fc.constantFrom(
      'sound',
      'throws',
      'fails_midway',
      'reset',
      'backwards',
      'no_progress',
      'garbage',
      'no_events',
    ),
    batch,
    snapshot: fc.constantFrom('sound', 'sound', 'throws', 'half', 'garbage'),
    cursor: fc.constantFrom('sound', 'sound', 'throws', 'garbage'),
    shape,
  });
  const flawless = fc.record({ batch, shape }).map((ways) => ({ ...SOUND, ...ways }));
  return fc.oneof(
    { weight: sound, arbitrary: flawless },
    { weight: 10 - sound, arbitrary: faulty },
  );
}

/** A source with a history, and what is known of it without asking it. */
export class Subject {
  readonly source: ModelSource = new ModelSource();
  /** The sound points that are, by series. */
  readonly points: Map<string, SnapshotPoint> = new Map();
  readonly #series: readonly Series[];

  constructor(series: readonly Series[]) {
    this.#series = series;
  }

  /** Lets a step happen to the source; a refresh only sets how the source will behave. */
  take(step: Step): void {
    if (step.kind === 'refresh') this.source.behaviour = step.behaviour;
    else if (step.kind === 'declare') this.source.declared = step.families;
    else if (step.kind === 'junk') this.#junk(step.which);
    else this.#change(this.#series[step.series]!, step);
  }

  #change(series: Series, step: Extract<Step, { readonly series: number }>): void {
    const key = naiveId(series);
    if (step.kind === 'end') {
      this.points.delete(key);
      this.source.end(key, {
        deleted: true,
        ...(step.byId ? { seriesId: key } : { point: series }),
      });
    } else if (step.kind === 'double') {
      const point = this.points.get(key);
      if (point !== undefined) this.source.duplicates.set(key, olderThan(point));
    } else if (step.kind === 'spoil') {
      this.points.delete(key);
      const spoil = SPOILS[step.how % SPOILS.length]!;
      this.source.put(key, spoil({ ...series, value: 1, updatedAt: 1 }) as SnapshotPoint);
    } else {
      const point = { ...series, value: step.value, updatedAt: step.at };
      this.points.set(key, point);
      this.source.put(key, point);
    }
  }

  #junk(which: number): void {
    const { point, event } = JUNK[which % JUNK.length]!;
    this.source.note(event as DeltaEvent);
    this.source.put(`junk ${which % JUNK.length}`, point as SnapshotPoint);
  }
}

/** An older point that a counter would reject exactly where it rejects the newer one. */
function olderThan(point: SnapshotPoint): SnapshotPoint {
  return {
    ...point,
    value: (point.value as number) >= 0 ? 4711 : -4711,
    updatedAt: point.updatedAt - 1,
  };
}
