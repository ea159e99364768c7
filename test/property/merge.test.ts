import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Payload } from '../../src/model/entries.ts';
import { Pace } from '../../src/scheduling/pace.ts';
import { applyChanges, type ChangeExtent } from '../../src/snapshot/apply-changes.ts';
import { sortChanges } from '../../src/snapshot/change-list.ts';
import type { Chunk } from '../../src/snapshot/chunk.ts';
import { ChunkBuilder } from '../../src/snapshot/chunk-builder.ts';
import { noWork, type RefreshWork } from '../../src/snapshot/refresh-work.ts';
import { StagedFamily } from '../../src/snapshot/staging.ts';
import { naiveLine, naiveOrder } from '../support/naive-page.ts';
import { tries } from '../support/tries.ts';

const SERIES = 600;

/** What a series is: its payload, or nothing. */
type State = Payload | undefined;

/** One change to a stretch of series that follow each other. */
interface Stretch {
  readonly from: number;
  readonly length: number;
  readonly state: State;
}

/** Series in their order, with lines of 30 bytes to 4 KB: a chunk holds some dozens. */
const IDS: readonly string[] = Array.from({ length: SERIES }, (_, i) => {
  const pad = '\u00fc'.repeat((i * 104_729) % 2000);
  return `m{i="${String(i).padStart(4, '0')}",pad="${pad}"}`;
});

const LONGEST_LINE = 4200;

/** The line of a series, and what stands behind it. */
function lineOf(id: string, payload: Payload): readonly [line: string, tail: string | undefined] {
  if (typeof payload === 'number') {
    const line = naiveLine({ name: 'm', labels: {}, value: payload, updatedAt: 0 });
    return [line.replace('m', () => id), undefined];
  }
  const [value = '', ...rest] = payload.split(/(?= )/);
  return [`${id} ${value}\n`, rest.length === 0 ? undefined : rest.join('')];
}

/** All series after some stretches, the plain way. */
function after(all: ReadonlyMap<string, Payload>, stretches: readonly Stretch[]) {
  const next = new Map(all);
  for (const { from, length, state } of stretches) {
    for (const id of IDS.slice(from, from + length)) {
      if (state === undefined) next.delete(id);
      else next.set(id, state);
    }
  }
  return next;
}

async function merge(
  chunks: readonly Chunk[],
  changes: Iterable<readonly [id: string, state: State]>,
  extent: ChangeExtent,
): Promise<{ readonly chunks: readonly Chunk[]; readonly work: RefreshWork }> {
  const work = noWork();
  const pace = new Pace(1000);
  const staged = new StagedFamily('m');
  for (const [id, state] of changes) {
    if (state === undefined) staged.end(id);
    else staged.put(id, state, 0);
  }
  const list = await sortChanges(staged, 'last', pace, () => undefined);
  return { chunks: await applyChanges(chunks, list, extent, pace, new ChunkBuilder(work)), work };
}

function expectSoundChunks(chunks: readonly Chunk[], all: ReadonlyMap<string, Payload>): void {
  const ids = [...all.keys()].sort(naiveOrder);
  const lines = ids.map((id) => lineOf(id, all.get(id)!));
  expect(Buffer.concat(chunks.map((chunk) => chunk.text)).toString()).toBe(
    lines.map(([line]) => line).join(''),
  );
  const tails = chunks.flatMap((chunk) => [...(chunk.tails ?? Array(chunk.series))]);
  expect(tails).toEqual(lines.map(([, tail]) => tail));
  const payloads = chunks.flatMap((chunk) =>
    Array.from({ length: chunk.series }, (_, line) => [chunk.id(line), chunk.payload(line)]),
  );
  expect(payloads).toEqual(ids.map((id) => [id, all.get(id)]));
  for (const [at, { text, tails: own, bytes, firstId, ...chunk }] of chunks.entries()) {
    expect(firstId).toBe(chunks[at]!.id(0));
    expect(chunk.lineEnd.at(-1)).toBe(text.length);
    // Lines without tails carry no column for them.
    expect(own?.some((tail) => tail !== undefined)).not.toBe(false);
    expect(bytes).toBe(text.length + Buffer.byteLength((own ?? []).join('')));
    // A chunk that keeps growing would make each change in it cost more and more.
    expect(bytes).toBeLessThan(96 * 1024 + LONGEST_LINE);
    if (at < chunks.length - 1) expect(bytes).toBeGreaterThanOrEqual(8 * 1024);
  }
}

/** A histogram's payload, or that of a number if there is a tail. */
function sampleOf([value, tail]: readonly [number, string]): string {
  return value % 2 === 0 && tail !== '' ? `${value}${tail}` : `{count:${value},sum:0}${tail}`;
}

const stretch: fc.Arbitrary<Stretch> = fc.record({
  from: fc.nat({ max: SERIES }),
  length: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 200 })),
  state: fc.oneof(
    fc.constant(undefined),
    fc.integer(),
    fc.double(),
    fc.constantFrom('NaN 5', '{count:1,sum:NaN}', '{count:1,sum:2} 5'),
    fc.tuple(fc.nat(), fc.constantFrom('', ' 5', ' # {a="é}"} 1')).map(sampleOf),
  ),
});

it('a merge is what its changes say, in chunks of sound sizes, again and again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(stretch, { maxLength: 3 }), { minLength: 2, maxLength: 25, size: 'max' }),
      fc.boolean(),
      async (rounds, startsFull) => {
        let state = new Map<string, Payload>(startsFull ? IDS.map((id) => [id, 0]) : []);
        let { chunks } = await merge([], state, 'complete');
        for (const stretches of rounds) {
          const changes = stretches.flatMap(({ from, length, state: next }) =>
            IDS.slice(from, from + length).map((id) => [id, next] as const),
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
    { numRuns: tries(3) },
  );
});

it('chunks stay sound while series end from the last to the first', async () => {
  const state = new Map(IDS.map((id) => [id, 0]));
  let { chunks } = await merge([], state, 'complete');
  for (let at = SERIES - 1; at >= 0; at--) {
    if (at % 8 === 0) continue;
    state.delete(IDS[at]!);
    ({ chunks } = await merge(chunks, [[IDS[at]!, undefined]], 'partial'));
    if (at % 20 === 0) expectSoundChunks(chunks, state);
  }
  expectSoundChunks(chunks, state);
});
