import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Pace } from '../../src/scheduling/pace.ts';
import { applyChanges, type ChangeExtent } from '../../src/snapshot/apply-changes.ts';
import { sortChanges } from '../../src/snapshot/change-list.ts';
import type { Chunk } from '../../src/snapshot/chunk.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork, type RefreshWork } from '../../src/snapshot/refresh-work.ts';
import { StagedFamily } from '../../src/snapshot/staging.ts';
import { naiveLine, naiveOrder } from '../support/naive-page.ts';

const SERIES = 600;

/** One change to a stretch of series that follow each other. */
interface Stretch {
  readonly from: number;
  readonly length: number;
  readonly value: number | 'end';
}

/** Series in their order, with lines of 30 bytes to 4 KB: a chunk holds some dozens. */
const IDS: readonly string[] = Array.from({ length: SERIES }, (_, i) => {
  const pad = '\u00fc'.repeat((i * 104_729) % 2000);
  return `m{i="${String(i).padStart(4, '0')}",pad="${pad}"}`;
});

const LONGEST_LINE = 4200;

function lineOf(id: string, value: number): string {
  return naiveLine({ name: id, labels: {}, value, updatedAt: 0 });
}

/** The state after some stretches, the plain way. */
function after(state: ReadonlyMap<string, number>, stretches: readonly Stretch[]) {
  const next = new Map(state);
  for (const { from, length, value } of stretches) {
    for (const id of IDS.slice(from, from + length)) {
      if (value === 'end') next.delete(id);
      else next.set(id, value);
    }
  }
  return next;
}

async function merge(
  chunks: readonly Chunk[],
  changes: Iterable<readonly [id: string, value: number | 'end']>,
  extent: ChangeExtent,
): Promise<{ readonly chunks: readonly Chunk[]; readonly work: RefreshWork }> {
  const work = noWork();
  const pace = new Pace(1000);
  const staged = new StagedFamily('m');
  for (const [id, value] of changes) {
    if (value === 'end') staged.end(id);
    else staged.put(id, value, 0);
  }
  const list = await sortChanges(staged, 'last', pace, () => undefined);
  return { chunks: await applyChanges(chunks, list, extent, pace, new ChunkBuilder(work)), work };
}

function expectSoundChunks(chunks: readonly Chunk[], state: ReadonlyMap<string, number>): void {
  const ids = [...state.keys()].sort(naiveOrder);
  expect(Buffer.concat(chunks.map((chunk) => chunk.text)).toString()).toBe(
    ids.map((id) => lineOf(id, state.get(id)!)).join(''),
  );
  const lines = chunks.flatMap((chunk) =>
    [...chunk.values].map((value, i) => [chunk.id(i), value]),
  );
  expect(lines).toEqual(ids.map((id) => [id, state.get(id)]));
  for (const [at, { text, firstId, ...chunk }] of chunks.entries()) {
    expect(firstId).toBe(chunks[at]!.id(0));
    expect(chunk.lineEnd.at(-1)).toBe(text.length);
    // A chunk that keeps growing would make each change in it cost more and more.
    expect(text.length).toBeLessThan(96 * 1024 + LONGEST_LINE);
    if (at < chunks.length - 1) expect(text.length).toBeGreaterThanOrEqual(8 * 1024);
  }
}

const stretch: fc.Arbitrary<Stretch> = fc.record({
  from: fc.nat({ max: SERIES }),
  length: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 200 })),
  value: fc.oneof(fc.constant('end' as const), fc.integer()),
});

it('a merge is what its changes say, in chunks of sound sizes, again and again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(stretch, { maxLength: 3 }), { minLength: 2, maxLength: 25, size: 'max' }),
      fc.boolean(),
      async (rounds, startsFull) => {
        let state = new Map(startsFull ? IDS.map((id) => [id, 0]) : []);
        let { chunks } = await merge([], state, 'complete');
        for (const stretches of rounds) {
          const changes = stretches.flatMap(({ from, length, value }) =>
            IDS.slice(from, from + length).map((id) => [id, value] as const),
          );
          state = after(state, stretches);
          const partial = await merge(chunks, changes, 'partial');
          const complete = await merge(chunks, state, 'complete');
          expectSoundChunks(partial.chunks, state);
          expectSoundChunks(complete.chunks, state);
          chunks = partial.chunks;
        }
      },
    ),
    { numRuns: 10 },
  );
}, 60_000);

it('chunks stay sound while series end from the last to the first', async () => {
  const state = new Map(IDS.map((id) => [id, 0]));
  let { chunks } = await merge([], state, 'complete');
  for (let at = SERIES - 1; at >= 0; at--) {
    if (at % 8 === 0) continue;
    state.delete(IDS[at]!);
    ({ chunks } = await merge(chunks, [[IDS[at]!, 'end']], 'partial'));
    if (at % 20 === 0) expectSoundChunks(chunks, state);
  }
  expectSoundChunks(chunks, state);
});
