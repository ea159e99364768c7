import { describe, expect, it } from 'vitest';
import type { Payload } from '../model/entries.ts';
import { Pace } from '../scheduling/pace.ts';
import { applyChanges } from './apply-changes.ts';
import { sortChanges } from './change-list.ts';
import type { Chunk } from './chunk.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import { noWork } from './refresh-work.ts';
import { StagedFamily } from './staging.ts';

/** Some chunks of numbers; line `i` has the value `i`. */
const KEYS: readonly string[] = Array.from(
  { length: 3000 },
  (_, i) => `m{i="${String(i).padStart(6, '0')}",pad="${'x'.repeat(60)}"}`,
);

type State = readonly [line: number, payload: Payload, time?: number];

/** What a delta makes of chunks, and what it took. */
async function changed(chunks: readonly Chunk[], states: readonly State[]) {
  const staged = new StagedFamily('m');
  for (const [line, payload, time = 1] of states) staged.put(KEYS[line]!, payload, time);
  const pace = new Pace(1000);
  const work = noWork();
  const changes = await sortChanges(staged, 'last', pace, () => undefined);
  const next = await applyChanges(chunks, changes, 'partial', pace, new ChunkBuilder(work));
  return { chunks: next, work, staged };
}

const numbers = await changed(
  [],
  KEYS.map((_, i) => [i, i]),
);

/** Which of two lists of chunks differ, by their place. */
function different(a: readonly Chunk[], b: readonly Chunk[]): number[] {
  return [...b.keys()].filter((at) => a[at] !== b[at]);
}

describe('a tail', () => {
  it('is nothing to lines that have none', () => {
    expect(numbers.chunks.length).toBeGreaterThan(3);
    expect(numbers.staged.texts).toBeUndefined();
    for (const { tails, bytes, text } of numbers.chunks) {
      expect(tails).toBeUndefined();
      expect(bytes).toBe(text.length);
    }
  });

  it('costs only its chunk something, and moves no text', async () => {
    const { chunks, work } = await changed(numbers.chunks, [[1500, '1500 # {t="é"} 1']]);
    const [at, ...others] = different(numbers.chunks, chunks);
    expect(others).toEqual([]);
    expect(work).toMatchObject({ linesRendered: 0, chunksRebuilt: 0, bytesCopied: 0 });
    expect(work.chunksShared).toBe(chunks.length);
    expect(chunks[at!]!.text).toBe(numbers.chunks[at!]!.text);
    expect(chunks[at!]!.values).toBe(numbers.chunks[at!]!.values);
    expect(chunks[at!]!.tails!.filter((tail) => tail !== undefined)).toEqual([' # {t="é"} 1']);

    const other = await changed(chunks, [[1500, '1500 7']]);
    expect(different(chunks, other.chunks)).toEqual([at]);
    expect(other.chunks[at!]!.text).toBe(chunks[at!]!.text);
    const gone = await changed(other.chunks, [[1500, 1500]]);
    expect(gone.chunks[at!]!.tails).toBeUndefined();
    expect(gone.work.linesRendered).toBe(0);
  });

  it('stays with its text if only times change, or values beside it', async () => {
    const { chunks } = await changed(numbers.chunks, [[1500, '1500 5']]);
    const [at] = different(numbers.chunks, chunks);
    const { text, tails } = chunks[at!]!;
    const later = await changed(chunks, [
      [1500, '1500 5', 9],
      [1501, 1501, 9],
    ]);
    expect(later.chunks[at!]!.text).toBe(text);
    expect(later.chunks[at!]!.tails).toBe(tails);
    expect(later.work).toMatchObject({ linesRendered: 0, chunksRebuilt: 0 });
    const beside = await changed(chunks, [[1501, 7]]);
    expect(beside.work).toMatchObject({ linesRendered: 1, chunksRebuilt: 1 });
    expect(beside.chunks[at!]!.tails).toBe(tails);
  });

  it('is not known again as a change if it is the same', async () => {
    const states: readonly State[] = [
      [10, '10 5 # {a="b"} 1'],
      [11, '{count:1,sum:2}'],
      [12, 'NaN 3'],
      [13, Number.NaN],
    ];
    const { chunks } = await changed(numbers.chunks, states);
    const again = await changed(chunks, states);
    expect(different(chunks, again.chunks)).toEqual([]);
    expect(again.work).toMatchObject({ linesRendered: 0, chunksRebuilt: 0, bytesCopied: 0 });
  });
});

it('composites change as numbers do: in place, or with what follows them moved', async () => {
  const composites = (count: number): State[] => [
    [7, `{count:${count},sum:1,bucket:[1:0,+Inf:${count}]}`],
    [9, `{count:${count},sum:2,bucket:[+Inf:${count}]} 5`],
  ];
  let { chunks } = await changed(numbers.chunks, composites(1));
  for (const count of [2, 1000, 3]) {
    const next = await changed(chunks, composites(count));
    expect(next.work).toMatchObject({ linesRendered: 2, chunksRebuilt: 1 });
    expect(different(chunks, next.chunks)).toHaveLength(1);
    for (const [line, payload] of composites(count)) {
      expect(next.chunks[0]!.payload(line)).toBe(payload);
    }
    expect(next.chunks[0]!.payload(8)).toBe(8);
    chunks = next.chunks;
  }
  // A value of another kind: NaN is not taken for a composite, nor the other way round.
  const plain = await changed(chunks, [[7, Number.NaN]]);
  expect(plain.chunks[0]!.payload(7)).toBeNaN();
  const back = await changed(plain.chunks, [[7, '{count:3,sum:1}']]);
  expect(back.chunks[0]!.payload(7)).toBe('{count:3,sum:1}');
});

it('lines with long tails are cut into chunks as long lines are', async () => {
  const tail = ` # {trace_id="${'t'.repeat(500)}"} 1`;
  const states = KEYS.slice(0, 1000).map((_, i): State => [i, `${i}${tail}`]);
  for (const before of [numbers.chunks, []]) {
    const { chunks } = await changed(before, states);
    for (const { bytes } of chunks) expect(bytes).toBeLessThan(97 * 1024);
    const lines = chunks.flatMap((chunk) => [...(chunk.tails ?? [])]);
    expect(lines.filter((it) => it === tail)).toHaveLength(1000);
  }
});
