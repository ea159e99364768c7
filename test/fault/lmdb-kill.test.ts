import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import { type LmdbWriter, LmdbWriters } from '../support/lmdb-writers.ts';

const ROUNDS = 100;
const WRITERS = 4;
const SERIES = 40;

let path: string;
let writers: LmdbWriters;
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-kill-'));
  writers = new LmdbWriters();
});
afterAll(async () => {
  await writers.end();
  rmSync(path, { recursive: true });
});

/** What is stored of each writer: the values of its series, and how many brief ones it has. */
function read(store: LmdbStore): { series: number; own: Set<number>[]; brief: number[] } {
  const own = Array.from({ length: WRITERS }, () => new Set<number>());
  const counts = Array<number>(WRITERS).fill(0);
  const brief = Array<number>(WRITERS).fill(0);
  let series = 0;
  for (const { name, labels, value } of store.snapshot()) {
    const writer = Number(labels.writer);
    series++;
    if (name === 'brief') brief[writer]!++;
    else {
      own[writer]!.add(value as number);
      counts[writer]!++;
    }
  }
  expect(counts).toEqual(Array(WRITERS).fill(SERIES));
  return { series, own, brief };
}

it('a hundred times kill -9 of one of four writers loses nothing that was acknowledged', async () => {
  const store = await LmdbStore.open(path);
  const running: LmdbWriter[] = [];
  for (let w = 0; w < WRITERS; w++) running.push(writers.start(path, `${w}`, 1));
  await Promise.all(running.map((writer) => writer.reached(1)));
  const first = Array<number>(WRITERS).fill(1);
  let inFlight = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const victim = round % WRITERS;
    const writer = running[victim]!;
    // It started while the three others were killed.
    await writer.reached(first[victim]!);
    // At another moment of its work each time; which one is left to the machine.
    await writer.reached(writer.acknowledged + (round % 3));
    await writer.kill();
    const acknowledged = running.map((each) => each.acknowledged);
    const { series, own, brief } = read(store);
    for (let w = 0; w < WRITERS; w++) {
      // Whole transactions only: all series of a writer are of one round.
      expect(own[w]!.size).toBe(1);
      const [value = 0] = own[w]!;
      expect(value).toBeGreaterThanOrEqual(acknowledged[w]!);
      if (w !== victim) continue;
      // It may have been killed between the write and the word of it, but for one round only.
      expect(value).toBeLessThanOrEqual(acknowledged[w]! + 1);
      if (value > acknowledged[w]!) inFlight++;
      expect(brief[w]).toBeGreaterThanOrEqual(1);
    }
    expect(series).toBeGreaterThanOrEqual(WRITERS * SERIES + 1);
    await store.delete({ name: 'brief', labels: { writer: `${victim}` } });
    first[victim] = acknowledged[victim]! + 2;
    running[victim] = writers.start(path, `${victim}`, first[victim]!);
  }
  await Promise.all(running.map((writer, w) => writer.reached(first[w]!)));
  // The kills did come in the middle of writes.
  expect(inFlight).toBeGreaterThan(0);
  await writers.end();
  const cursor = store.snapshotCursor();
  expect(store.snapshotDelta(cursor)).toMatchObject({ events: [], more: false });
  const { series } = read(store);
  expect((await store.stats()).series).toBe(series);
  await store.close();
}, 300_000);
