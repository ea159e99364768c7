import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type HandlerOptions, MemoryStore, type SnapshotPoint } from '../../src/index.ts';
import { createCachedSnapshotReader } from '../../src/refresh/cached-reader.ts';
import { providerOf } from '../../src/refresh/snapshot-provider.ts';
import type { SelectedSnapshot } from '../../src/selection/snapshot-selector.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork } from '../../src/snapshot/refresh-work.ts';
import { familyOf, type Snapshot, snapshotOf } from '../../src/snapshot/snapshot.ts';
import { naiveId, naiveLine, naiveOrder } from '../support/naive-page.ts';
import { type NaiveMatcher, naiveMatch, naiveSelector } from '../support/naive-selection.ts';
import { bareHandler } from '../support/page.ts';
import { selectorOf } from '../support/selecting.ts';
import { LABELS, NAMES, PATTERNS, VALUES } from '../support/selection-words.ts';
import { tries } from '../support/tries.ts';

const FEW = ['x', 'xy', 'y', ',a="x"'];
/** Makes families of several chunks. */
const PAD = 'p'.repeat(1500);

// Mostly the first few, so that what is sought is often there.
const label = fc.oneof(fc.constantFrom('a', 'b'), fc.constantFrom(...LABELS));
const value = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('', ...FEW) },
  { weight: 4, arbitrary: fc.constantFrom(...VALUES) },
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const point: fc.Arbitrary<SnapshotPoint> = fc.record({
  name: fc.oneof({ weight: 3, arbitrary: fc.constant('a') }, fc.constantFrom(...NAMES)),
  labels: fc.array(fc.tuple(label, value), { maxLength: 5 }).map(labelsOf),
  value: fc.integer(),
  updatedAt: fc.integer({ min: 0, max: 5 }),
});
/** Points whose ids have their first labels in common. */
const alike: fc.Arbitrary<SnapshotPoint> = fc.record({
  name: fc.constant('a'),
  labels: fc
    .tuple(...['a', 'b', 'b1'].map((l) => fc.tuple(fc.constant(l), fc.constantFrom('', ...FEW))))
    .map(labelsOf),
  value: fc.integer(),
  updatedAt: fc.constant(0),
});
const matcher: fc.Arbitrary<NaiveMatcher> = fc.oneof(
  fc.record({
    label: fc.oneof({ weight: 5, arbitrary: label }, fc.constantFrom('', 'a.b', 'ü')),
    operator: fc.constantFrom('=' as const, '!=' as const),
    value,
  }),
  fc.record({
    label,
    operator: fc.constantFrom('=~' as const, '!~' as const),
    value: fc.constantFrom(...PATTERNS),
  }),
  fc.record({
    label: fc.constant('__name__'),
    operator: fc.constantFrom('=' as const, '!=' as const, '=~' as const, '!~' as const),
    value: fc.constantFrom(...NAMES),
  }),
);
const selectors = fc.array(fc.array(matcher, { maxLength: 3 }), { minLength: 1, maxLength: 3 });

function labelsOf(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  // Own properties, `__proto__` too.
  return Object.fromEntries(pairs);
}

function textOf(snapshot: SelectedSnapshot): string {
  return snapshot.families
    .flatMap(({ chunks }) => chunks)
    .map(({ text }) => text.toString())
    .join('');
}

function naiveText(
  points: Iterable<SnapshotPoint>,
  wanted: readonly (readonly NaiveMatcher[])[],
): string {
  const chosen = [...points].filter((p) => wanted.some((matchers) => naiveMatch(p, matchers)));
  const lines = chosen.map((p) => [p.name, naiveId(p), naiveLine(p)] as const);
  lines.sort((p, q) => naiveOrder(p[0], q[0]) || naiveOrder(p[1], q[1]));
  return lines.map(([, , line]) => line).join('');
}

function queryOf(wanted: readonly (readonly NaiveMatcher[])[]): URLSearchParams {
  return new URLSearchParams(
    wanted.map((matchers): [string, string] => ['match[]', naiveSelector(matchers)]),
  );
}

function expectSound({ families, series }: SelectedSnapshot): void {
  for (const { chunks } of families) expect(chunks.length).toBeGreaterThan(0);
  const counts = families.map((family) => {
    const lines = family.chunks.flatMap(({ text }) => text.toString().match(/\n/g) ?? []);
    expect(lines).toHaveLength(family.series);
    return family.series;
  });
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(series);
}

it('selects what a plain filter over the points does, wherever chunks are cut', async () => {
  const cuts = fc.infiniteStream(fc.nat({ max: 4 }));
  const shape = { selector: naiveId, minLength: 1, maxLength: 40, size: 'max' } as const;
  const set = fc.oneof(fc.uniqueArray(point, shape), fc.uniqueArray(alike, shape));
  await fc.assert(
    fc.asyncProperty(set, cuts, selectors, async (points, cut, list) => {
      const snapshot = cutSnapshot(points, () => cut.next().value === 0);
      const selected = await selectorOf(queryOf(list)).select(snapshot);
      expect(textOf(selected)).toBe(naiveText(points, list));
      expectSound(selected);
    }),
    { numRuns: tries(400) },
  );
});

it('selects the same after each refresh as a new selector does', async () => {
  const rounds = fc.array(fc.array(point, { minLength: 1, maxLength: 200, size: 'max' }), {
    minLength: 1,
    maxLength: 4,
  });
  const lists = fc.array(selectors, { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(rounds, lists, async (all, made) => {
      const store = new MemoryStore();
      const reader = providerOf(createCachedSnapshotReader(store, { refreshInterval: 0 }));
      const kept = made.map((list) => [list, selectorOf(queryOf(list))] as const);
      for (const round of all) {
        await store.upsert(round.map((p) => ({ ...p, labels: { ...p.labels, pad: PAD } })));
        const snapshot = await reader.current();
        for (const [list, selector] of kept) {
          const again = await selectorOf(queryOf(list)).select(snapshot);
          expect(textOf(await selector.select(snapshot))).toBe(textOf(again));
        }
      }
    }),
    { numRuns: tries(5) },
  );
});

it('serves what a plain filter over the points does, by a query and by a view', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(point, { selector: naiveId, minLength: 1, maxLength: 40, size: 'max' }),
      selectors,
      selectors,
      fc.constantFrom('identity', 'gzip'),
      async (points, list, other, coding) => {
        const query = queryOf(list).toString();
        const both = naiveText(
          points.filter((p) => other.some((matchers) => naiveMatch(p, matchers))),
          list,
        );
        expect(await linesServed(points, {}, query, coding)).toBe(naiveText(points, list));
        const match = other.map(naiveSelector);
        expect(await linesServed(points, { match }, query, coding)).toBe(both);
      },
    ),
    { numRuns: tries(80) },
  );
});

/** A page without its metadata lines. */
async function linesServed(
  points: readonly SnapshotPoint[],
  options: HandlerOptions,
  query: string,
  coding: string,
): Promise<string> {
  const reader = createCachedSnapshotReader({ snapshot: () => points });
  const handler = bareHandler(reader, { subsets: { patterns: true }, ...options });
  const headers = { 'accept-encoding': coding };
  const response = await handler.fetch(new Request(`http://exporter/?${query}`, { headers }));
  const body = Buffer.from(await response.arrayBuffer());
  const isGzip = response.headers.get('content-encoding') === 'gzip';
  const page = (isGzip ? gunzipSync(body) : body).toString();
  expect(response.status, page).toBe(200);
  return page.replace(/^# (?:TYPE|HELP).*\n/gm, '');
}

function cutSnapshot(points: readonly SnapshotPoint[], isCut: () => boolean): Snapshot {
  const names = [...new Set(points.map(({ name }) => name))].sort();
  const families = names.map((name) => {
    const builder = new ChunkBuilder(noWork());
    const own = points.filter((p) => p.name === name).map((p) => [naiveId(p), p] as const);
    for (const [id, p] of own.sort(([a], [b]) => naiveOrder(a, b))) {
      builder.addLine(id, p.value as number, p.updatedAt, true);
      if (isCut()) builder.cut();
    }
    return familyOf(name, undefined, builder.finish());
  });
  return snapshotOf(families, []);
}
