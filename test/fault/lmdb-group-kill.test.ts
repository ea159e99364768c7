import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LmdbStore } from '../../src/stores/lmdb/lmdb-store.ts';
import type { StoreGroup } from '../../src/stores/store-group.ts';
import { LmdbWriters } from '../support/lmdb-writers.ts';
import { roundOf } from './lmdb-group-rounds.ts';

// `SNAPSCRAPE_KILLS=100` is the long form.
const KILLS = Number(process.env.SNAPSCRAPE_KILLS ?? 8);
const JOBS = ['a', 'b'];

let path: string;
let writers: LmdbWriters;
beforeAll(() => {
  path = mkdtempSync(join(tmpdir(), 'snapscrape-group-kill-'));
  writers = new LmdbWriters(resolve(import.meta.dirname, 'lmdb-group-writer.ts'));
});
afterAll(async () => {
  await writers.end();
  rmSync(path, { recursive: true });
});

/** The round of each group; fails unless all that is there is exactly that round. */
function rounds(store: LmdbStore): Map<string, number> {
  const texts = new Map<string, string[]>(JOBS.map((job) => [job, []]));
  for (const point of store.snapshot()) texts.get(point.labels.job!)!.push(JSON.stringify(point));
  const found = new Map<string, number>();
  for (const { labels, meta, series } of store.groups() as Iterable<StoreGroup>) {
    const { job = '' } = labels;
    const expected = roundOf(job, Number(meta));
    expect(series).toBe(expected.length);
    expect(texts.get(job)!.toSorted()).toEqual(
      expected.map((point) => JSON.stringify(point)).toSorted(),
    );
    found.set(job, Number(meta));
  }
  return found;
}

it(`${KILLS} times kill -9 during replace: no group is half there, nothing acknowledged lost`, async () => {
  let inFlight = 0;
  let first = 1;
  for (let kill = 0; kill < KILLS; kill++) {
    const running = JOBS.map((job) => writers.start(path, job, first));
    await Promise.all(running.map((writer) => writer.reached(first + (kill % 4))));
    await Promise.all(running.map((writer) => writer.kill()));
    // Nobody has the file open now: it is opened as it was left.
    const store = await LmdbStore.open(path);
    const found = rounds(store);
    await store.close();
    for (const [at, job] of JOBS.entries()) {
      const { acknowledged } = running[at]!;
      const round = found.get(job)!;
      expect(round).toBeGreaterThanOrEqual(acknowledged);
      expect(round).toBeLessThanOrEqual(acknowledged + 1);
      if (round > acknowledged) inFlight++;
      first = Math.max(first, round + 1);
    }
  }
  expect((await LmdbStore.verify(path)).faults).toEqual([]);
  console.log(
    `${KILLS} kills of two writers; ${inFlight} came between a commit and the word of it`,
  );
}, 600_000);
