import fc from 'fast-check';
import type { MemoryStore } from '../../src/index.ts';
import {
  HOSTILE_SERIES,
  LONG_SERIES,
  type Series,
  type Step,
  Subject,
  steps,
} from '../../test/support/history.ts';
import { SYNTAXES } from './formats.ts';
import type { PageSink } from './page-sink.ts';

interface Histories {
  readonly series: readonly Series[];
  readonly all: readonly (readonly Step[])[];
}

/** Random histories over hostile series, and some over dozens of chunks. */
function histories(hostile: number, long: number): Record<string, Histories> {
  const shape = { minLength: 10, maxLength: 80, size: 'max' } as const;
  const short = fc.array(steps(HOSTILE_SERIES), shape);
  const filled = LONG_SERIES.map((_, series): Step => ({ kind: 'put', series, value: 0, at: 0 }));
  const later = fc.array(steps(LONG_SERIES, 9), { ...shape, maxLength: 60 });
  return {
    hostile: { series: HOSTILE_SERIES, all: fc.sample(short, { seed: 2, numRuns: hostile }) },
    long: {
      series: LONG_SERIES,
      all: fc.sample(later, { seed: 3, numRuns: long }).map((steps) => [...filled, ...steps]),
    },
  };
}

/** Pages after each refresh of an incremental source that fails at times. */
export async function renderHistories(sink: PageSink): Promise<void> {
  for (const [kind, { series, all }] of Object.entries(histories(40, 6))) {
    for (const [i, history] of all.entries()) {
      const subject = new Subject(series);
      const options = { now: () => 0, onError: () => undefined };
      const reader = sink.library.createCachedSnapshotReader(subject.source, options);
      const handler = sink.handler(reader);
      for (const [at, step] of history.entries()) {
        subject.take(step);
        if (step.kind !== 'refresh') continue;
        const name = `${kind} ${i} step ${at}`;
        try {
          await reader.refresh();
        } catch (error) {
          await sink.note(name, (error as { code: string }).code);
        }
        await sink.pages(name, handler, { formats: SYNTAXES });
      }
    }
  }
}

/** Pages of a store of this package, after writes and ends. */
export async function renderStoreHistories(sink: PageSink): Promise<void> {
  for (const [kind, { series, all }] of Object.entries(histories(30, 4))) {
    for (const [i, history] of all.entries()) {
      const store = new sink.library.MemoryStore({ changeLogSize: 100 });
      const reader = sink.library.createCachedSnapshotReader(store, {
        refreshInterval: 0,
        onError: () => undefined,
      });
      const handler = sink.handler(reader);
      for (const [at, step] of history.entries()) {
        if (step.kind === 'refresh') {
          await sink.pages(`${kind} ${i} step ${at}`, handler, { formats: SYNTAXES });
        } else await take(store, series, step);
      }
      await store.close();
    }
  }
}

async function take(store: MemoryStore, series: readonly Series[], step: Step): Promise<void> {
  if (step.kind === 'put') {
    const { value, at } = step;
    await store.upsert({ ...series[step.series]!, value, updatedAt: at });
  } else if (step.kind === 'end') await store.delete(series[step.series]!);
  else if (step.kind === 'declare') {
    const families = new Map(step.families.map((family) => [family.name, family]));
    await store.setFamilies(families.values());
  }
}
