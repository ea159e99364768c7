import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PagePart, PieceJoiner } from './pieces.ts';

function part(bytes: number, isMark = false, fill = 'x'): PagePart {
  return { text: Buffer.alloc(bytes, fill), isMark };
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
    fc.assert(
      fc.property(parts, (given) => {
        const texts = given.map(({ size, isMark }, i) => part(size, isMark, `${i} `));
        const pieces = new PieceJoiner().join(texts);
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

  it('are long texts themselves, without a copy', () => {
    const parts = [part(50), part(16 * 1024), part(100_000), part(50)];
    const pieces = new PieceJoiner().join(parts);
    expect(pieces).toHaveLength(4);
    expect(pieces.every((piece, i) => piece === parts[i]!.text)).toBe(true);
  });

  it('are taken over from the page before where nothing changed', () => {
    const joiner = new PieceJoiner();
    const parts = [part(5000), part(5000, true), part(50), part(20_000), part(60), part(70)];
    const before = joiner.join(parts);
    expect(before.map(({ length }) => length)).toEqual([10_000, 50, 20_000, 130]);
    const changed = parts.with(2, part(55));
    const after = joiner.join(changed);
    expect(after.map((piece, i) => piece === before[i])).toEqual([true, false, true, true]);
    expect(joiner.join(changed).every((piece, i) => piece === after[i])).toBe(true);
    expect(joiner.join(parts)[1]!.equals(before[1]!)).toBe(true);
  });

  it('are cut behind marks, so that a change moves no cut far from it', () => {
    const joiner = new PieceJoiner();
    // Lengths and marks of no pattern, the same each time.
    const parts = Array.from({ length: 1000 }, (_, i) =>
      part(50 + ((i * 7919) % 1009), (i * 104_729) % 4 === 0, `${i} `),
    );
    const before = joiner.join(parts);
    expect(before.length).toBeGreaterThan(30);
    const after = joiner.join([...parts.slice(0, 2), part(55), ...parts.slice(2)]);
    const kept = after.filter((piece) => before.includes(piece));
    expect(kept.length).toBeGreaterThan(before.length * 0.8);
  });

  it('are cut even where there is no mark', () => {
    const pieces = new PieceJoiner().join(Array.from({ length: 300 }, () => part(1000)));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(66 * 1024);
    expect(new PieceJoiner().join([])).toEqual([]);
  });
});
