import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type CachedSnapshotReader,
  createCachedSnapshotReader,
  type OpenMetricsHandler,
} from '../../src/index.ts';
import {
  HOSTILE_SERIES,
  LONG_SERIES,
  type Series,
  type Step,
  Subject,
  steps,
} from '../support/history.ts';
import { SOUND } from '../support/model-source.ts';
import { naivePage } from '../support/naive-page.ts';
import { bareHandler, pageOf, SYNTAXES } from '../support/page.ts';
import { tries } from '../support/tries.ts';

/** One incremental reader with its handler, over all the refreshes of a history. */
interface Exporter {
  readonly subject: Subject;
  readonly reader: CachedSnapshotReader;
  readonly handler: OpenMetricsHandler;
}

function exporterOf(series: readonly Series[]): Exporter {
  const subject = new Subject(series);
  const reader = createCachedSnapshotReader(subject.source, { now: () => 0 });
  return { subject, reader, handler: bareHandler(reader) };
}

function pagesOf(handler: OpenMetricsHandler, coding?: 'gzip'): Promise<string[]> {
  return Promise.all(SYNTAXES.map((syntax) => pageOf(handler, syntax, coding)));
}

/** The pages of the truth, which those of the exporter are expected to be. */
async function expectTruth({ subject, handler, reader }: Exporter): Promise<readonly string[]> {
  const { source, points } = subject;
  const truth = SYNTAXES.map((s) => naivePage(points.values(), source.declared, s));
  expect(await pagesOf(handler)).toEqual(truth);
  expect(await pagesOf(handler, 'gzip')).toEqual(truth);
  source.behaviour = SOUND;
  const full = bareHandler(createCachedSnapshotReader(source, { mode: 'full' }));
  expect(await pagesOf(full)).toEqual(truth);
  expect(reader.cacheStats().series).toBe([...(await reader.snapshot())].length);
  return truth;
}

/**
 * Goes through a history; after each refresh the pages are the truth, or, if it failed, as before.
 */
async function live(exporter: Exporter, history: readonly Step[]): Promise<void> {
  const { subject, reader, handler } = exporter;
  let pages: readonly string[] | undefined;
  for (const step of [...history, { kind: 'refresh', behaviour: SOUND } as const]) {
    subject.take(step);
    if (step.kind !== 'refresh') continue;
    const failure: unknown = await reader.refresh().catch((error: unknown) => error);
    // A sound snapshot must never be missed.
    if (failure !== undefined && step.behaviour.snapshot === 'sound') throw failure;
    if (failure === undefined) pages = await expectTruth(exporter);
    else if (pages !== undefined) expect(await pagesOf(handler)).toEqual(pages);
  }
}

it('an incremental page is the full page, byte for byte, after any history', async () => {
  let deltas = 0;
  const histories = fc.array(steps(HOSTILE_SERIES), { minLength: 10, maxLength: 80, size: 'max' });
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const exporter = exporterOf(HOSTILE_SERIES);
      await live(exporter, history);
      deltas += exporter.reader.cacheStats().deltas;
    }),
    { numRuns: tries(25) },
  );
  // Were all refreshes full ones, this would have proved nothing.
  expect(deltas).toBeGreaterThan(25);
});

it('the same holds where histories go through dozens of chunks', async () => {
  let shared = 0;
  const filled = LONG_SERIES.map((_, series): Step => ({ kind: 'put', series, value: 0, at: 0 }));
  const change: Step = { kind: 'put', series: 0, value: 1, at: 1 };
  const histories = fc.array(steps(LONG_SERIES, 9), { maxLength: 60, size: 'max' });
  await fc.assert(
    fc.asyncProperty(fc.subarray(filled), histories, async (start, history) => {
      const exporter = exporterOf(LONG_SERIES);
      await live(exporter, [...start, { kind: 'refresh', behaviour: SOUND }, ...history]);
      const stats = exporter.reader.cacheStats();
      if (stats.lastRefreshKind === 'delta') shared += stats.work.chunksShared;
    }),
    // One change among dozens of chunks: what chance makes may end with a full refresh each time.
    { numRuns: tries(3), examples: [[filled, [change, { kind: 'refresh', behaviour: SOUND }]]] },
  );
  expect(shared).toBeGreaterThan(5);
});
