import { setTimeout as pause } from 'node:timers/promises';
import type { RedisStore } from '../../src/stores/redis/index.ts';
import { pointOf, stateOf } from '../../src/testing/case-run.ts';

const SERIES = 50;

/** What became of a call. */
interface LoadCall {
  readonly begunAt: number;
  readonly endedAt: number;
  /** The code it rejected with; undefined when it was acknowledged. */
  readonly failure: string | undefined;
  readonly message: string;
}

/** Calls at an even rate, whatever becomes of them. */
export interface CallLoad {
  readonly calls: readonly LoadCall[];
  /** Waits until a call that was begun from now on is acknowledged; returns after how many ms. */
  untilAcknowledged(withinMs: number): Promise<number>;
  /** Begins no more calls, and waits for those under way. */
  stop(): Promise<void>;
  /** How many acknowledged writes the store does not have. */
  lost(reader: RedisStore): Promise<number>;
}

/** Writes points one by one, so many in a second. */
export function startLoad(store: RedisStore, perSecond: number): CallLoad {
  const calls: LoadCall[] = [];
  const underWay = new Set<Promise<void>>();
  const acknowledged = new Map<string, number>();
  let count = 0;
  const call = async (): Promise<void> => {
    const number = ++count;
    const name = `load_${number % SERIES}`;
    const begunAt = performance.now();
    let failure: string | undefined;
    let message = '';
    try {
      await store.upsert(pointOf(name, number, number));
      acknowledged.set(name, Math.max(number, acknowledged.get(name) ?? 0));
    } catch (error) {
      failure = String((error as { code?: unknown }).code);
      message = String((error as Error).message);
    }
    calls.push({ begunAt, endedAt: performance.now(), failure, message });
  };
  const begun = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - begun) * perSecond) / 1_000);
    // A machine that stood still does not make up for it all at once.
    for (let i = Math.min(due - count, 20); i > 0; i--) {
      const one = call().finally(() => underWay.delete(one));
      underWay.add(one);
    }
    count = Math.max(count, due);
  }, 5);
  return {
    calls,
    untilAcknowledged: async (withinMs) => {
      const from = performance.now();
      while (performance.now() - from < withinMs) {
        if (calls.some(({ begunAt, failure }) => failure === undefined && begunAt >= from)) break;
        await pause(5);
      }
      return performance.now() - from;
    },
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
    lost: async (reader) => {
      const state = await stateOf(reader);
      return [...acknowledged].filter(([name, value]) => !((state.get(name)?.value ?? 0) >= value))
        .length;
    },
  };
}
