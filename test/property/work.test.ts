import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deflater } from '../../src/formats/deflate.ts';
import { NamePlanner } from '../../src/formats/name-planner.ts';
import { openMetricsEncoder } from '../../src/formats/openmetrics-encoder.ts';
import { PageMaker } from '../../src/formats/page.ts';
import { textEncoder } from '../../src/formats/text-encoder.ts';
import { createCachedSnapshotReader, type SnapshotPoint } from '../../src/index.ts';
import type { CachedReader } from '../../src/refresh/cached-reader.ts';
import type { RefreshWork } from '../../src/snapshot/refresh-work.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { manyPoints } from '../support/many-points.ts';
import { ModelSource } from '../support/model-source.ts';
import { tries } from '../support/tries.ts';

/** A source of some 80 chunks in one family, and one short family. */
const SERIES = manyPoints(10_000, 500);
const SHORT: SnapshotPoint = { name: 'short', labels: {}, value: 1, updatedAt: 1 };

/** A reader that has been refreshed once, with the pages that a handler would make of it. */
class Subject {
  readonly source: ModelSource = new ModelSource();
  readonly reader: CachedReader;
  readonly deflater: Deflater = new Deflater(1);
  readonly planner: NamePlanner = new NamePlanner([]);
  readonly makers: readonly PageMaker[] = [textEncoder, openMetricsEncoder].map(
    (encoder) => new PageMaker(encoder),
  );

  constructor(mode: 'full' | 'incremental' = 'incremental') {
    this.put([SHORT, ...SERIES]);
    const config = { mode, now: () => 0 } as const;
    this.reader = createCachedSnapshotReader(this.source, config) as CachedReader;
  }

  put(points: Iterable<SnapshotPoint>): void {
    for (const point of points) this.source.put(`${point.name} ${point.labels.i}`, point);
  }

  /** Refreshes, and tells what it cost. */
  async refresh(): Promise<{ snapshot: Snapshot; work: RefreshWork; deflated: number }> {
    const before = this.deflater.deflated;
    await this.reader.refresh();
    const snapshot = await this.reader.current();
    for (const maker of this.makers) {
      const page = await maker.page(
        snapshot,
        await this.planner.plan(snapshot.families, 'allow-utf-8'),
      );
      await Promise.all(page.deflating(this.deflater));
      expect(page.gzipped(this.deflater)).toBeDefined();
    }
    const { work } = this.reader.cacheStats();
    return { snapshot, work, deflated: this.deflater.deflated - before };
  }
}

function chunksOf(snapshot: Snapshot): number {
  return snapshot.families.reduce((sum, { chunks }) => sum + chunks.length, 0);
}

it.each(['full', 'incremental'] as const)('an unchanged %s refresh does nothing', async (mode) => {
  const subject = new Subject(mode);
  const first = await subject.refresh();
  expect(first.work.linesRendered).toBe(SERIES.length + 1);
  expect(chunksOf(first.snapshot)).toBeGreaterThan(70);
  const { version, refreshes } = subject.reader.cacheStats();
  const second = await subject.refresh();
  expect(second.snapshot).toBe(first.snapshot);
  expect(second.work).toEqual({
    linesRendered: 0,
    chunksRebuilt: 0,
    chunksShared: chunksOf(first.snapshot),
    bytesCopied: 0,
    pointsIdentified: 0,
    linesSearched: 0,
    linesBySlot: 0,
  });
  expect(second.deflated).toBe(0);
  expect(subject.reader.cacheStats()).toMatchObject({ version, refreshes: refreshes + 1 });
});

it.each(['full', 'incremental'] as const)(
  'a %s refresh of times alone moves no text',
  async (mode) => {
    const subject = new Subject(mode);
    const first = await subject.refresh();
    subject.put(SERIES.map((point) => ({ ...point, updatedAt: 2 })));
    const second = await subject.refresh();
    expect(second.work).toMatchObject({ linesRendered: 0, chunksRebuilt: 0, bytesCopied: 0 });
    expect(second.deflated).toBe(0);
    const texts = ({ snapshot }: typeof first) => snapshot.families[0]!.chunks.map((c) => c.text);
    expect(texts(second).every((text, i) => text === texts(first)[i])).toBe(true);
    const times = [...(await subject.reader.snapshot())].map(({ updatedAt }) => updatedAt);
    expect(new Set(times.slice(0, -1))).toEqual(new Set([2]));
  },
);

it('what one series has beside its value costs its chunk alone something, once a format', async () => {
  const subject = new Subject();
  const first = await subject.refresh();
  for (const tail of [{ timestamp: 1 }, { timestamp: 2, startTime: 1 }, {}]) {
    subject.put([{ ...SERIES[5000]!, ...tail }]);
    const { snapshot, work, deflated } = await subject.refresh();
    expect(work).toMatchObject({ linesRendered: 0, chunksRebuilt: 0, bytesCopied: 0 });
    const chunks = snapshot.families[0]!.chunks;
    const before = first.snapshot.families[0]!.chunks;
    expect(chunks.filter(({ tails }) => tails !== undefined).length).toBe(
      'timestamp' in tail ? 1 : 0,
    );
    expect(chunks.filter((chunk, at) => chunk.text !== before[at]!.text)).toEqual([]);
    // Without a tail the text is what it was, compressed already.
    expect(deflated).toBe('timestamp' in tail ? 2 : 0);
  }
});

it.each(['full', 'incremental'] as const)(
  'a %s refresh of values alone keeps the ids of all chunks',
  async (mode) => {
    const subject = new Subject(mode);
    const idsOf = ({ snapshot }: { readonly snapshot: Snapshot }) =>
      snapshot.families.flatMap(({ chunks }) => chunks.map(({ ids }) => ids));
    const first = idsOf(await subject.refresh());
    subject.put(SERIES.map((point, i) => ({ ...point, value: -i / 3, updatedAt: 2 })));
    const second = idsOf(await subject.refresh());
    expect(second.every((ids, i) => ids === first[i])).toBe(true);
    const added = `${SERIES[5000]!.labels.i}-`;
    subject.put([{ ...SERIES[5000]!, labels: { ...SERIES[5000]!.labels, i: added } }]);
    const third = idsOf(await subject.refresh());
    expect(third.filter((ids) => !first.includes(ids))).toHaveLength(1);
  },
);

it.each(['full', 'incremental'] as const)(
  'what a %s refresh of values alone changes is deflated by plans that were made once',
  async (mode) => {
    const subject = new Subject(mode);
    const { deflater } = subject;
    await subject.refresh();
    for (let round = 1; round < 5; round++) {
      const { bytesByZlib, bytesByPlan } = deflater;
      const value = (i: number): number => ((i * 7919) % 5000) + round;
      subject.put([SHORT, ...SERIES].map((point, i) => ({ ...point, value: value(i) })));
      const { snapshot } = await subject.refresh();
      if (round === 1) continue;
      // The short family stays with zlib.
      const short = snapshot.families.find(({ name }) => name === 'short')!;
      expect(deflater.bytesByPlan - bytesByPlan).toBe(snapshot.bytes - short.bytes);
      expect(deflater.bytesByZlib - bytesByZlib).toBeLessThan(1000);
      expect(deflater.plans).toBe(chunksOf(snapshot) - 1);
    }
  },
);

it('a refresh works on the chunks that changed, and renders the lines that did', async () => {
  const changed = fc.uniqueArray(fc.nat({ max: SERIES.length - 1 }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(fc.array(changed, { minLength: 1, maxLength: 5 }), async (rounds) => {
      const subject = new Subject();
      let before = (await subject.refresh()).snapshot;
      let value = 0.5;
      for (const round of rounds) {
        value++;
        subject.put(round.map((i) => ({ ...SERIES[i]!, value })));
        const { snapshot, work, deflated } = await subject.refresh();
        const touched = new Set(round.map((i) => chunkWith(before, i)));
        expect(work.linesRendered).toBe(round.length);
        // Values of other lengths may cut a chunk in two; nothing else is touched.
        expect(work.chunksRebuilt).toBeLessThanOrEqual(touched.size * 2);
        expect(work.chunksShared).toBe(chunksOf(before) - touched.size);
        expect(work.bytesCopied).toBeLessThanOrEqual(touched.size * 100 * 1024);
        // One form serves both syntaxes.
        expect(deflated).toBe(work.chunksRebuilt);
        expect(round.length === 0).toBe(snapshot === before);
        before = snapshot;
      }
    }),
    { numRuns: tries(5) },
  );
});

/** Which chunk of the long family the series with a number is in. */
function chunkWith(snapshot: Snapshot, series: number): number {
  const { chunks } = snapshot.families[0]!;
  const text = `i="${String(series).padStart(8, '0')}"`;
  return chunks.findIndex((chunk) => chunk.text.includes(text));
}

it('what a refresh by delta does grows with the changes, not with the series', async () => {
  const costs: RefreshWork[] = [];
  for (const size of [2500, 10_000]) {
    const source = new ModelSource();
    for (const point of SERIES.slice(0, size)) source.put(point.labels.i!, point);
    const reader = createCachedSnapshotReader(source, { now: () => 0 });
    await reader.refresh();
    for (let i = 0; i < size; i += size / 10) {
      source.put(SERIES[i]!.labels.i!, { ...SERIES[i]!, value: -1 });
    }
    await reader.refresh();
    costs.push(reader.cacheStats().work);
    expect(source.calls).toEqual({ snapshot: 1, delta: 1 });
  }
  const [small, large] = costs.map(({ linesRendered, chunksRebuilt, bytesCopied }) => ({
    linesRendered,
    chunksRebuilt,
    bytesCopied,
  }));
  expect(small).toMatchObject({ linesRendered: 10, chunksRebuilt: 10 });
  expect(large).toMatchObject({ linesRendered: 10, chunksRebuilt: 10 });
  expect(large!.bytesCopied).toBeLessThan(small!.bytesCopied * 1.2);
});
