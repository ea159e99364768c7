import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '../scheduling/pace.ts';
import { type PagePart, PieceJoiner } from './pieces.ts';

function part(bytes: number, isMark = false, fill = 'x'): PagePart {
  return { text: Buffer.alloc(bytes, fill), isMark };
}

function join(
  parts: readonly PagePart[],
  joiner: PieceJoiner = new PieceJoiner(),
): Promise<readonly Buffer[]> {
  return joiner.join(parts, new Pace(5));
}

describe('the pieces of a page', () => {
  it('are all of its text, in order, none of them long that was not long before', () => {
    const parts = fc.array(
      fc.record({
        size: fc.oneof(fc.nat({ max: 500 }), fc.nat({ max: 200_000 })),
        isMark: fc.boolean(),
      }),
      { maxLength: 60, size: 'max' },
    );
    return fc.assert(
      fc.asyncProperty(parts, async (given) => {
        const texts = given.map(({ size, isMark }, i) => part(size, isMark, `${i} `));
        const pieces = await join(texts);
        const whole = Buffer.concat(texts.map(({ text }) => text));
        expect(Buffer.concat(pieces).equals(whole)).toBe(true);
        for (const piece of pieces) {
          const isOne = texts.some(({ text }) => text === piece);
          expect(isOne || piece.length < 80 * 1024).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are long texts themselves, without a copy', async () => {
    const parts = [part(50), part(16 * 1024), part(100_000), part(50)];
    const pieces = await join(parts);
    expect(pieces).toHaveLength(4);
    expect(pieces.every((piece, i) => piece === parts[i]!.text)).toBe(true);
  });

  it('are taken over from the page before where nothing changed', async () => {
    const joiner = new PieceJoiner();
    const parts = [part(5000), part(5000, true), part(50), part(20_000), part(60), part(70)];
    const before = await join(parts, joiner);
    expect(before.map(({ length }) => length)).toEqual([10_000, 50, 20_000, 130]);
    const changed = parts.with(2, part(55));
    const after = await join(changed, joiner);
    expect(after.map((piece, i) => piece === before[i])).toEqual([true, false, true, true]);
    expect((await join(changed, joiner)).every((piece, i) => piece === after[i])).toBe(true);
    expect((await join(parts, joiner))[1]!.equals(before[1]!)).toBe(true);
  });

  it('are cut behind marks, so that a change moves no cut far from it', async () => {
    const joiner = new PieceJoiner();
    // Lengths and marks of no pattern, the same each time.
    const parts = Array.from({ length: 1000 }, (_, i) =>
      part(50 + ((i * 7919) % 1009), (i * 104_729) % 4 === 0, `${i} `),
    );
    const before = await join(parts, joiner);
    expect(before.length).toBeGreaterThan(30);
    const after = await join([...parts.slice(0, 2), part(55), ...parts.slice(2)], joiner);
    const kept = after.filter((piece) => before.includes(piece));
    expect(kept.length).toBeGreaterThan(before.length * 0.8);
  });

  it('are cut even where there is no mark', async () => {
    const pieces = await join(Array.from({ length: 300 }, () => part(1000)));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(66 * 1024);
    expect(await join([])).toEqual([]);
  });
});
