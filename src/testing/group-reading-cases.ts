import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import type { SnapshotPoint } from '../model/metric-point.ts';
import type { MetricStore } from '../stores/metric-store.ts';
import {
  type CaseOutline,
  casesOf,
  DeltaFollower,
  pointOf,
  type StoreState,
  stateOf,
} from './case-run.ts';
import type { ContractCase, ContractSubject } from './contract-subject.ts';

/** What readers and other writers see of a group while it is replaced. */
export function groupReadingCases(subject: ContractSubject): ContractCase[] {
  return casesOf('groups', subject, CASES);
}

const JOB = { job: 'backup' };
const ROUNDS = 40;

/** A group of a round: the series differ from round to round, and all have its number. */
function roundOf(round: number): SnapshotPoint[] {
  const first = round % 7;
  return Array.from({ length: 20 + first }, (_, i) =>
    pointOf('a', round, round, { i: String(first + i) }),
  );
}

/** Throws unless a state is exactly the group of some round, or nothing. */
function assertWhole(state: StoreState): void {
  const rounds = new Set([...state.values()].map(({ value }) => value));
  assert.ok(rounds.size <= 1, `parts of the rounds ${[...rounds].join(', ')} are there at once`);
  const [round] = rounds;
  assert.equal(state.size, round === undefined ? 0 : roundOf(round).length, `of round ${round}`);
}

async function readWhile(writing: Promise<unknown>, read: () => Promise<void>): Promise<void> {
  let isDone = false;
  const done = writing.finally(() => {
    isDone = true;
  });
  done.catch(() => undefined);
  while (!isDone) {
    await read();
    await setImmediate();
  }
  await done;
  await read();
}

async function replaceRounds(store: MetricStore, first = 1): Promise<void> {
  for (let round = first; round < first + ROUNDS; round++) {
    await store.replace(JOB, roundOf(round));
    await setImmediate();
  }
}

async function readsAreWhole(writer: MetricStore, reader: MetricStore): Promise<void> {
  await readWhile(replaceRounds(writer), async () => assertWhole(await stateOf(reader)));
  const follower = await DeltaFollower.begin(reader);
  await readWhile(replaceRounds(writer, ROUNDS + 1), async () =>
    assertWhole(await follower.catchUp()),
  );
  assert.equal(follower.state.size, roundOf(2 * ROUNDS).length);
}

const CASES: readonly CaseOutline[] = [
  {
    title: 'are never seen in part, neither in a snapshot nor by deltas',
    needs: 'groups',
    async body({ open }) {
      const store = await open();
      await readsAreWhole(store, store);
    },
  },
  {
    title: 'are never seen in part by another store',
    needs: ['groups', 'shared'],
    async body({ open }) {
      await readsAreWhole(await open(), await open());
    },
  },
  {
    title: 'that several calls replace at the same time are what one of them made',
    needs: 'groups',
    async body({ open }) {
      const store = await open();
      await Promise.all([1, 2, 3, 4, 5, 6].map((round) => store.replace(JOB, roundOf(round))));
      assertWhole(await stateOf(store));
      await Promise.all([
        store.replace(JOB, roundOf(7)),
        store.endGroup(JOB),
        store.replace(JOB, roundOf(8)),
      ]);
      assertWhole(await stateOf(store));
    },
  },
  {
    title: 'that several stores replace at the same time are what one of them made',
    needs: ['groups', 'shared'],
    async body({ open }) {
      const stores = [await open(), await open(), await open()];
      for (let round = 1; round <= 10; round++) {
        const writing = stores.map((store, i) => store.replace(JOB, roundOf(3 * round + i)));
        await Promise.all(writing);
        for (const store of stores) assertWhole(await stateOf(store));
      }
    },
  },
];
