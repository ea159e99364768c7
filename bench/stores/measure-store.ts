import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  createCachedSnapshotReader,
  type MetricStore,
  type SnapshotPoint,
} from '../../src/index.ts';
import { Workload, type WorkloadShape } from '../workload/workload.ts';
import type { StoreSubject } from './store-subject.ts';

/** What is measured of a store, in this order. */
export const STEPS = [
  'first write of all, in order',
  'rewrite of all, in order',
  'rewrite of all, at random',
  'write of 1 %, at random',
  'delta of these, iterated',
  'snapshot, iterated',
  'cold load into the cache',
  'refresh of 1 % into the cache',
] as const;

/** The name of a step. */
type Step = (typeof STEPS)[number];

/** What one step took. */
export interface StepFigures {
  /** How many series it was of. */
  readonly series: number;
  readonly wallMs: number;
  /** Processor time of this process, all threads. */
  readonly cpuMs: number;
  /** The longest time for which the event loop was held. */
  readonly blockMs: number;
}

/** What was measured of one store. */
export interface StoreFigures {
  readonly steps: Readonly<Record<Step, StepFigures>>;
  /** Bytes by series where the store keeps them. */
  readonly bytesPerSeries: number;
}

/** Measures a store with a workload. */
export async function measureStore(
  subject: StoreSubject,
  shape: WorkloadShape,
): Promise<StoreFigures> {
  const workload = new Workload(shape);
  const steps: Partial<Record<Step, StepFigures>> = {};
  const measure = async (step: Step, series: number, work: () => Promise<unknown>) => {
    steps[step] = await figuresOf(series, work);
  };
  const before = liveBytes();
  const opened = await subject.open();
  const { store } = opened;
  const all = shape.series;
  await measure('first write of all, in order', all, () => store.upsert(workload.points()));
  const kept = (await opened.bytes()) ?? liveBytes() - before;
  workload.change({ kind: 'value', share: 1 });
  await measure('rewrite of all, in order', all, () => store.upsert(workload.points()));
  const places = workload.change({ kind: 'value', share: 1 });
  await measure('rewrite of all, at random', all, () => store.upsert(pointsAt(workload, places)));
  const few = workload.change({ kind: 'value', share: 0.01 });
  const cursor = await store.snapshotCursor();
  await measure('write of 1 %, at random', few.length, () => store.upsert(pointsAt(workload, few)));
  await measure('delta of these, iterated', few.length, () => readDelta(store, cursor));
  const reader = (await opened.reopen?.()) ?? store;
  await measure('snapshot, iterated', all, () => readAll(reader));
  const cached = createCachedSnapshotReader(reader, { refreshInterval: 0 });
  await measure('cold load into the cache', all, () => cached.refresh());
  await store.upsert(pointsAt(workload, workload.change({ kind: 'value', share: 0.01 })));
  await measure('refresh of 1 % into the cache', few.length, () => cached.refresh());
  cached.close();
  await opened.discard();
  return {
    steps: steps as Record<Step, StepFigures>,
    bytesPerSeries: Math.round(kept / all),
  };
}

async function figuresOf(series: number, work: () => Promise<unknown>): Promise<StepFigures> {
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 20)); // until it has begun,
  delay.reset();
  await new Promise((resolve) => setTimeout(resolve, 5)); // and again, or it misses the first block
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  await new Promise((resolve) => setTimeout(resolve, 5)); // until it has seen the last block
  delay.disable();
  return { series, wallMs, cpuMs: (user + system) / 1000, blockMs: delay.max / 1e6 };
}

function* pointsAt(
  workload: Workload,
  places: Uint32Array,
): Generator<SnapshotPoint, void, undefined> {
  for (const place of places) yield workload.point(place);
}

async function readDelta(store: MetricStore, from: string): Promise<void> {
  for (let cursor = from, more = true; more; ) {
    const delta = await store.snapshotDelta(cursor);
    await readInSlices(delta.events);
    cursor = delta.nextCursor;
    more = delta.more === true;
  }
}

async function readAll(store: MetricStore): Promise<void> {
  await readInSlices(await store.snapshot());
}

const SLICE_MS = 4;

/** Iterates as the cache does: for a few ms at a time. */
async function readInSlices(items: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
  if (Symbol.asyncIterator in items) {
    for await (const _ of items);
    return;
  }
  let deadline = performance.now() + SLICE_MS;
  let seen = 0;
  for (const _ of items) {
    if (++seen % 16 !== 0 || performance.now() < deadline) continue;
    await new Promise((resolve) => setImmediate(resolve));
    deadline = performance.now() + SLICE_MS;
  }
}

function liveBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
