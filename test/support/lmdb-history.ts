import type { MetricPoint } from '../../src/index.ts';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';

/** One call on a store. None changes more than 300 series, so each is one transaction. */
export type HistoryStep =
  | { readonly kind: 'upsert'; readonly from: number; readonly count: number; readonly pad: number }
  | { readonly kind: 'delete'; readonly from: number; readonly count: number }
  | { readonly kind: 'deletePad'; readonly pad: number }
  | { readonly kind: 'gc'; readonly now: number };

/** A random history: everything follows from the seed. */
export interface LmdbHistory {
  readonly changeLogSize: number;
  readonly steps: readonly HistoryStep[];
}

/** What is in a store after some steps: the ids, with their values. */
export type HistoryState = ReadonlyMap<string, number>;

const RETENTION = 10;
const PADS = [0, 10, 100, 1_000, 2_500];

/** The history of a seed. */
export function historyOf(seed: number): LmdbHistory {
  const random = randomNumbers(seed);
  const steps = Array.from({ length: 2 + random(12) }, (_, i): HistoryStep => {
    const count = 1 + random(random(2) === 0 ? 300 : 20);
    const from = random(300);
    const pad = PADS[random(PADS.length)]!;
    const kind = random(10);
    if (kind < 6) return { kind: 'upsert', from, count, pad };
    if (kind < 7) return { kind: 'delete', from, count };
    return kind < 8 ? { kind: 'deletePad', pad } : { kind: 'gc', now: i + random(2 * RETENTION) };
  });
  return { changeLogSize: 1 + random(400), steps };
}

/** Opens the store of a history. */
export function openHistory(path: string, { changeLogSize }: LmdbHistory): Promise<LmdbStore> {
  return LmdbStore.open(path, { changeLogSize, retention: RETENTION, sweepInterval: 2 ** 31 - 1 });
}

/** Does a step to a store. */
export async function takeStep(store: LmdbStore, step: HistoryStep, at: number): Promise<void> {
  if (step.kind === 'gc') await store.gc(step.now);
  else if (step.kind === 'deletePad') await store.delete({ labels: { pad: padOf(step.pad) } });
  else if (step.kind === 'delete') await store.delete(idsOf(step, 10));
  else await store.upsert(idsOf(step, step.pad).map((id) => pointOf(id, at)));
}

/** Every state of a history, the empty one first. */
export function statesOf({ steps }: LmdbHistory): readonly HistoryState[] {
  const states: HistoryState[] = [new Map()];
  for (const [at, step] of steps.entries()) {
    const state = new Map(states[at]);
    if (step.kind === 'upsert') for (const id of idsOf(step, step.pad)) state.set(id, at);
    else if (step.kind === 'delete') for (const id of idsOf(step, 10)) state.delete(id);
    else {
      for (const [id, value] of state) {
        const isOver =
          step.kind === 'gc'
            ? step.now - value > RETENTION
            : step.pad === 0
              ? !id.includes('pad=')
              : id.includes(`pad="${padOf(step.pad)}"`);
        if (isOver) state.delete(id);
      }
    }
    states.push(state);
  }
  return states;
}

/** What is in a store. */
export function stateOf(store: LmdbStore): HistoryState {
  const state = new Map<string, number>();
  for (const { labels, value } of store.snapshot()) {
    const pad = labels?.pad === undefined ? '' : `,pad="${labels.pad}"`;
    state.set(`m{i="${labels?.i}"${pad}}`, value as number);
  }
  return state;
}

/** Whether two states are the same. */
export function isSameState(a: HistoryState, b: HistoryState): boolean {
  return a.size === b.size && [...a].every(([id, value]) => b.get(id) === value);
}

function idsOf({ from, count }: { from: number; count: number }, pad: number): string[] {
  const label = pad === 0 ? '' : `,pad="${padOf(pad)}"`;
  return Array.from({ length: count }, (_, i) => `m{i="${from + i}"${label}}`);
}

function pointOf(id: string, at: number): MetricPoint {
  const labels = Object.fromEntries(
    [...id.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]),
  );
  return { name: 'm', labels, value: at, updatedAt: at };
}

function padOf(pad: number): string {
  return 'x'.repeat(pad);
}

function randomNumbers(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e37_79b9) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 13), 3_266_489_917) >>> 0;
    return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
  };
}
