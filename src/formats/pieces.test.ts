import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '../scheduling/pace.ts';
import { type PagePart, PieceJoiner } from './pieces.ts';

function part(bytes: number, isMark = false, fill = 'x'): PagePart {
  return { text: Buffer.alloc(bytes, fill), isMark };
}

async function join(
  parts: readonly PagePart[],
  joiner: PieceJoiner = new PieceJoiner(),
): Promise<readonly Buffer[]> {
  return (await joiner.join(parts, new Pace(5))).map(({ text }) => text);
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

  it('keep their template as long as nothing but values changes in their parts', async () => {
    const joiner = new PieceJoiner();
    const head = part(40);
    const [ids, others] = [{}, {}];
    const lines = (value: string, of: object): PagePart => ({
      text: Buffer.from(`a ${value}\nb ${value}\n`),
      template: {
        ids: of,
        lines: () => ({
          lineEnd: Uint32Array.of(3 + value.length, 6 + value.length * 2),
          idEnd: Uint32Array.of(1, 4 + value.length),
        }),
      },
      isMark: false,
    });
    const joined = async (...parts: readonly PagePart[]) =>
      (await joiner.join(parts, new Pace(5)))[0]!.template;
    const first = await joined(head, lines('1', ids));
    const second = await joined(head, lines('23', ids));
    expect(second!.ids).toBe(first!.ids);
    expect(second!.lines()).toEqual({
      lineEnd: Uint32Array.of(40, 45, 50),
      idEnd: Uint32Array.of(39, 41, 46),
    });
    expect((await joined(head, lines('4', others)))!.ids).not.toBe(first!.ids);
    const third = await joined(head, lines('5', ids));
    expect((await joined(part(40), lines('5', ids)))!.ids).not.toBe(third!.ids);
    expect(await joined(head, part(50))).toBeUndefined();
  });
});
