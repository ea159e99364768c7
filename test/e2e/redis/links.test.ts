import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { RedisStore } from '../../../src/stores/redis/index.ts';
import { pointOf } from '../../../src/testing/case-run.ts';
import { type CallLoad, startLoad } from '../../support/call-load.ts';
import {
  REACHED,
  type ReachedRedis,
  redisWith,
  stopAfterEach,
} from '../../support/reached-redis.ts';
import { closeStoresAfterEach, openStore } from '../../support/redis-stores.ts';
import { skipWithoutRedis } from '../../support/skip-without-redis.ts';
import type { ProxyFault } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

// The long form has default time-outs, and faults of several lengths.
const IS_LONG = process.env.SNAPSCRAPE_LONG_FAULTS !== undefined;
const TIMEOUT = IS_LONG ? 5_000 : 1_000;
const FAULT_TIMEOUTS = IS_LONG ? [0.9, 1.5, 2.7] : [1.4];
const PAUSES = IS_LONG ? ['SIGSTOP', 'CLIENT PAUSE', 'DEBUG SLEEP'] : ['SIGSTOP', 'CLIENT PAUSE'];
const RATE = 500;
const STALLS = ['hold requests', 'hold replies'] as const;
// A process that shares its processors may wait for them as long as for its connections, so that
// only the long form, which runs alone, holds what is promised.
const BACK_TIMEOUTS = IS_LONG ? 2 : 5;
const TEST_MS = IS_LONG ? 600_000 : 60_000;

skipWithoutRedis();
stopAfterEach();
closeStoresAfterEach();

async function loaded(reached: ReachedRedis): Promise<{ store: RedisStore; load: CallLoad }> {
  const store = await openStore(reached.where, { timeout: TIMEOUT });
  await store.upsert(pointOf('first', 1));
  return { store, load: startLoad(store, RATE) };
}

function setFaults({ proxies }: ReachedRedis, fault: ProxyFault): void {
  for (const proxy of proxies) proxy.setFault(fault);
}

function connectionsMade({ proxies }: ReachedRedis): number {
  // The Sentinels are asked now and then, over connections of their own.
  return proxies.slice(-3).reduce((sum, { accepted }) => sum + accepted, 0);
}

/** Lets a kind of link have faults, one after the other, under load. */
async function survivesFaults(kind: string): Promise<void> {
  const reached = await REACHED[kind]!();
  // All kinds have the same connections: requests and replies are told apart for one of them.
  const stalls = kind === 'standalone' || IS_LONG ? STALLS : STALLS.slice(1);
  const { store, load } = await loaded(reached);
  await load.untilAcknowledged(TIMEOUT);

  const made = connectionsMade(reached);
  for (const fault of stalls) {
    setFaults(reached, fault);
    await pause(0.6 * TIMEOUT);
    setFaults(reached, 'none');
    await pause(0.3 * TIMEOUT);
  }
  for (const proxy of reached.proxies) proxy.delayMs = 100;
  await pause(TIMEOUT);
  for (const proxy of reached.proxies) proxy.delayMs = 0;
  expect(
    load.calls.filter(({ failure }) => failure !== undefined),
    kind,
  ).toEqual([]);
  expect(store.stats().connectionsReplaced, kind).toBe(0);
  expect(connectionsMade(reached), kind).toBe(made);

  for (const fault of [...stalls, 'lose all', 'cut'] as const) {
    for (const timeouts of FAULT_TIMEOUTS) {
      const what = `${kind}: ${fault} for ${timeouts} time-outs`;
      await load.untilAcknowledged(2 * TIMEOUT);
      setFaults(reached, fault);
      // One that is opened meanwhile has no greeting.
      const second = await openStore(reached.where, { timeout: TIMEOUT });
      await pause(timeouts * TIMEOUT);
      setFaults(reached, 'none');
      const [first, ...others] = [load, startLoad(second, 20)];
      const both = [
        first.untilAcknowledged((BACK_TIMEOUTS + 2) * TIMEOUT),
        others[0]!.untilAcknowledged((BACK_TIMEOUTS + 2) * TIMEOUT),
      ];
      for (const back of await Promise.all(both)) {
        expect(back, what).toBeLessThan(BACK_TIMEOUTS * TIMEOUT);
      }
      await others[0]!.stop();
      await second.close();
    }
  }
  await load.stop();
  expect(new Set(load.calls.map(({ failure }) => failure))).toEqual(
    new Set([undefined, 'store_unavailable']),
  );
  expect(await load.lost(await openStore(reached.directly))).toBe(0);
}

describe.each(Object.keys(REACHED))('at 500 calls/s over %s a store', (kind) => {
  it(
    'keeps connections that answer, is back soon after any fault, and loses nothing',
    () => survivesFaults(kind),
    TEST_MS,
  );
});

describe('a server that is paused', () => {
  it.each(PAUSES)(
    'by %s for longer than a time-out is used again within two, without more replacements',
    async (how) => {
      const server = await redisWith(['enable-debug-command', 'yes']);
      const store = await openStore(server.url, { timeout: TIMEOUT });
      await store.upsert(pointOf('first', 1));
      const load = startLoad(store, RATE);
      await load.untilAcknowledged(TIMEOUT);
      const length = 1.6 * TIMEOUT;
      if (how === 'SIGSTOP') server.signal('SIGSTOP');
      if (how === 'CLIENT PAUSE') server.cli('client', 'pause', `${length}`);
      // It returns when the server goes on; this process stands still as well.
      if (how === 'DEBUG SLEEP') server.cli('debug', 'sleep', `${length / 1_000}`);
      else await pause(length);
      server.signal('SIGCONT');
      expect(await load.untilAcknowledged(6 * TIMEOUT)).toBeLessThan(BACK_TIMEOUTS * TIMEOUT);
      const replaced = store.stats().connectionsReplaced;
      const from = performance.now();
      await pause(TIMEOUT);
      await load.stop();
      const later = load.calls.filter(({ begunAt }) => begunAt > from);
      expect(later.length).toBeGreaterThan(0);
      expect(later.filter(({ failure }) => failure !== undefined)).toEqual([]);
      expect(replaced).toBeLessThanOrEqual(1);
      expect(store.stats().connectionsReplaced).toBe(replaced);
      for (const { message } of load.calls) expect(message).not.toMatch(/broke/);
      expect(await load.lost(store)).toBe(0);
    },
    TEST_MS,
  );
});

describe('a process that stood still for longer than a time-out', () => {
  it('does not blame the server: no connection is replaced', async () => {
    const timeout = TIMEOUT / 2;
    const server = await redisWith();
    const store = await openStore(server.url, { timeout });
    await store.upsert(pointOf('a', 1));
    for (let i = 2; i < 4; i++) {
      const underWay = store.upsert(pointOf('a', i, i));
      // The command is on its way, or not yet.
      if (i > 2) await pause(1);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1.5 * timeout);
      await underWay.catch(() => undefined);
      await store.upsert(pointOf('b', i, i));
    }
    expect(store.stats().connectionsReplaced).toBe(0);
    expect(server.cli('info', 'clients')).toMatch(/connected_clients:2\b/);
  });
});

describe('calls without a connection', () => {
  it('wait for it together, and do not poll', async () => {
    const server = await redisWith();
    const store = await openStore(server.url, { timeout: TIMEOUT, onError: () => undefined });
    await store.upsert(pointOf('a', 1));
    server.signal('SIGKILL');
    await until('the connection is gone', () => !store.stats().connected);
    const before = store.stats().retries;
    const calls = Array.from({ length: 50 }, async () =>
      store.upsert(pointOf('a', 2, 2)).catch((error: { code?: unknown }) => error.code),
    );
    const outcomes = await Promise.all(calls);
    expect(new Set(outcomes)).toEqual(new Set(['store_unavailable']));
    // Each tries at once and at its end.
    expect(store.stats().retries - before).toBeLessThan(3 * calls.length);
    const waiting = store.upsert(pointOf('a', 3, 3));
    await server.restart();
    expect((await waiting).added).toBe(1);
  });
});

describe('one Sentinel of three', () => {
  it('holds nothing up if it hangs, and is enough to name: the others are found', async () => {
    const { where, proxies, servers } = await REACHED.sentinel!();
    if (where.kind !== 'sentinel') throw new Error('It is not watched');
    proxies[0]!.setFault('lose all');
    const store = await openStore(where, { timeout: TIMEOUT });
    await store.upsert(pointOf('a', 1));
    expect(proxies[0]!.accepted).toBeGreaterThan(0);
    // It is asked now and then, too.
    await until('it is left', () => proxies[0]!.open === 0, 4 * TIMEOUT);
    await until('only the master is connected', () =>
      proxies.every(({ open }, i) => open === (i === 3 ? 1 : 0)),
    );

    proxies[0]!.setFault('none');
    const sentinelRootNodes = where.options.sentinelRootNodes.slice(0, 1);
    const options = { ...where.options, sentinelRootNodes };
    const other = await openStore({ kind: 'sentinel', options }, { timeout: 2 * TIMEOUT });
    await other.upsert(pointOf('a', 2, 2));
    proxies[0]!.setFault('cut');
    servers[0]!.signal('SIGKILL');
    const write = (): Promise<unknown> => other.upsert(pointOf('a', 3, 3)).catch(() => undefined);
    await expect.poll(write, { timeout: 60_000 }).toBeDefined();
  });
});
