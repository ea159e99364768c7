import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { type BundledProgram, bundleProgram } from '../support/bundle.ts';
import {
  historyOf,
  isSameState,
  openHistory,
  stateOf,
  statesOf,
  takeStep,
} from '../support/lmdb-history.ts';

// A campaign: LMDB_HISTORIES=1000 LMDB_SEED=7 npx vitest run test/fault/lmdb-histories.test.ts
const HISTORIES = Number(process.env.LMDB_HISTORIES ?? 8);
const SEED = Number(process.env.LMDB_SEED ?? 1);

let folder: string;
let historian: BundledProgram;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'snapscrape-histories-'));
  historian = bundleProgram(join(import.meta.dirname, 'lmdb-historian.ts'));
});
afterAll(() => {
  historian.remove();
  rmSync(folder, { recursive: true });
});

it('a store whose last pages were freed before they were written opens again', async () => {
  const path = join(folder, 'freed');
  const store = await LmdbStore.open(path, {
    changeLogSize: 200,
    retention: 1_000,
    sweepInterval: 2 ** 31 - 1,
  });
  const points = (count: number, pad: number, updatedAt: number) =>
    Array.from({ length: count }, (_, i) => ({
      name: 'm',
      labels: { i: `${i}`, pad: 'x'.repeat(pad) },
      value: 1,
      updatedAt,
    }));
  await store.upsert(points(50, 10, 5_000));
  await store.upsert(points(227, 1_000, 1));
  expect(await store.gc(5_000)).toBe(227);
  await store.close();
  const again = await LmdbStore.open(path);
  expect([...again.snapshot()]).toHaveLength(50);
  await again.close();
});

it(`${HISTORIES} random histories, each closed and opened`, async () => {
  for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
    const path = join(folder, `closed-${seed}`);
    const history = historyOf(seed);
    const states = statesOf(history);
    for (const [at, step] of history.steps.entries()) {
      const store = await openHistory(path, history);
      await takeStep(store, step, at);
      await store.close();
    }
    const store = await openHistory(path, history);
    expect([seed, isSameState(stateOf(store), states.at(-1)!)]).toEqual([seed, true]);
    expect([seed, (await store.stats()).series]).toEqual([seed, states.at(-1)!.size]);
    await store.close();
    rmSync(path, { recursive: true });
  }
}, 3_600_000);

it(`${HISTORIES} random histories, each killed and opened`, async () => {
  for (let seed = SEED; seed < SEED + HISTORIES; seed++) {
    const path = join(folder, `killed-${seed}`);
    const history = historyOf(seed);
    const acknowledged = await killedAfter(path, seed, seed % (history.steps.length + 1));
    const states = statesOf(history);
    const store = await openHistory(path, history);
    const found = stateOf(store);
    // It may have been killed between a write and the word of it.
    const isKnown = states
      .slice(acknowledged, acknowledged + 2)
      .some((state) => isSameState(found, state));
    expect([seed, acknowledged, isKnown]).toEqual([seed, acknowledged, true]);
    await store.close();
    rmSync(path, { recursive: true });
  }
}, 3_600_000);

/**
 * Lets a process live through a history, and kills it after some step; returns the last one
 * acknowledged.
 */
async function killedAfter(path: string, seed: number, steps: number): Promise<number> {
  const child = spawn(process.execPath, [historian.path, path, `${seed}`]);
  let text = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text.split('\n').length > steps) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    errors += more;
  });
  if (steps === 0) setTimeout(() => child.kill('SIGKILL'), 100 + (seed % 60));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([seed, code, signal, errors]).toEqual([seed, null, 'SIGKILL', '']);
  return text.split('\n').length - 1;
}
