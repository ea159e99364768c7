import assert from 'node:assert/strict';
import { parseSeriesId, seriesId } from '../model/series-id.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import { CachePair } from './cache-pair.ts';
import { type CaseRun, casesOf, DeltaFollower, outcome, pointOf, stateOf } from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';
import { PlainStore } from './plain-store.ts';

/** Long histories of everything at once, beside a store as one would write it down. */
export function historyCases(subject: ContractSubject): ContractCase[] {
  const outlines = Array.from({ length: 8 }, (_, seed) => ({
    title: `gives the same by deltas as by snapshots at every step of history ${seed}`,
    body: (run: CaseRun) => liveThrough(run, seed),
  }));
  return casesOf('history', subject, outlines);
}

const STEPS = 60;
const RETENTION = 20;
const RETENTION_OF_B = 5;
const MAX_SERIES = 12;

async function liveThrough({ open }: CaseRun, seed: number): Promise<void> {
  const random = randomNumbers(seed + 1);
  const isForgetful = seed % 2 === 0;
  const store = await open({
    retention: RETENTION,
    retentionByFamily: { b: RETENTION_OF_B },
    maxSeries: MAX_SERIES,
    // Some readers fall behind the log, and some deltas have many parts.
    changeLogSize: isForgetful ? 8 : 10_000,
    deltaBatchSize: 1 + (seed % 5),
    now: () => 0,
  });
  const plain = new PlainStore(MAX_SERIES);
  const prompt = await DeltaFollower.begin(store);
  const slow = await DeltaFollower.begin(store);
  const caches = new CachePair(store);
  let isInChain = false;
  for (let step = 0; step < STEPS; step++) {
    await doSomething(store, plain, random);
    const expected = plain.state();
    assert.deepEqual(sortedEntries(await stateOf(store)), expected, `snapshot at ${step}`);
    assert.deepEqual(sortedEntries(await prompt.catchUp()), expected, `deltas at ${step}`);
    await caches.compare(`at ${step}`);
    // It may stop between two batches. A chain of batches leads to where it began, or to something
    // later.
    if (random(4) === 0) {
      const hasMore: boolean = await slow.pull();
      if (!hasMore && !isInChain) {
        assert.deepEqual(sortedEntries(slow.state), expected, `rare deltas at ${step}`);
      }
      isInChain = hasMore;
    }
  }
  assert.deepEqual(sortedEntries(await slow.catchUp()), plain.state(), 'rare deltas at the end');
  assert.ok(isForgetful || caches.deltas > 0, 'no refresh of the cache was by delta');
}

type Random = (below: number) => number;

async function doSomething(store: MetricStore, plain: PlainStore, random: Random): Promise<void> {
  const kind = random(10);
  if (kind < 6) {
    const points = Array.from({ length: random(6) }, () => randomPoint(random));
    const expected = plain.upsert(points);
    const { refusals, ...counts } = await store.upsert(points);
    const { refusals: _, ...all } = outcome(expected);
    assert.deepEqual(counts, all);
    assert.equal(refusals.length, counts.refused);
  } else if (kind < 8) {
    const ids = Array.from({ length: random(4) }, () => seriesId(randomPoint(random)));
    assert.equal(
      await store.delete(ids),
      plain.endWhere((id) => ids.includes(id)),
    );
  } else if (kind < 9) {
    const x = `${random(3)}`;
    const expected = plain.endWhere((id) => parseSeriesId(id).labels.x === x);
    assert.equal(await store.delete({ labels: { x } }), expected);
  } else {
    const now = random(60);
    const expected = plain.endWhere((id, { updatedAt }) => {
      const retention = id.startsWith('b') ? RETENTION_OF_B : RETENTION;
      return now - updatedAt > retention;
    });
    assert.equal(await store.gc(now), expected);
  }
}

function randomPoint(random: Random): ReturnType<typeof pointOf> {
  const labels: Record<string, string> = {};
  if (random(3) > 0) labels.x = `${random(3)}`;
  if (random(3) === 0) labels.y = '\u00e9"\\';
  return pointOf(random(2) === 0 ? 'a' : 'b', random(3), random(50), labels);
}

function sortedEntries(state: ReadonlyMap<string, unknown>): [string, unknown][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Numbers that are the same for the same seed, so that a failure can be had again (mulberry32). */
function randomNumbers(seed: number): Random {
  let state = seed * 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
