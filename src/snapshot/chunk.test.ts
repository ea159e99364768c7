import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naiveOrder } from '../../test/support/naive-page.ts';
import { tries } from '../../test/support/tries.ts';
import { type Chunk, chunkFor } from './chunk.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import { noWork } from './refresh-work.ts';

// Where UTF-8 and UTF-16 sort differently, and where a lead byte looks like a character.
const CHARACTERS = [
  'a',
  'b',
  '~',
  '\u0080',
  'Ã',
  'é',
  '\u0800',
  '\uff5e',
  '\u{1f600}',
  '\u{10ffff}',
];
const id = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 5 }).map((c) => `m${c.join('')}`);

/** A chunk of some ids, which must be in order, with their places as values. */
function chunkOf(ids: readonly string[]): Chunk {
  const builder = new ChunkBuilder(noWork());
  for (const [i, each] of ids.entries()) builder.addLine(each, i, 1000 + i, false);
  return builder.finish()[0]!;
}

describe('a chunk', () => {
  it('holds finished lines and what finds them', () => {
    const chunk = chunkOf(['m', 'm{a="é"}', 'm{a="\u{1f600}"}']);
    expect(chunk.text.toString()).toBe('m 0\nm{a="é"} 1\nm{a="\u{1f600}"} 2\n');
    expect(chunk.series).toBe(3);
    expect([0, 1, 2].map((line) => chunk.id(line))).toEqual(['m', 'm{a="é"}', 'm{a="\u{1f600}"}']);
    expect([...chunk.values]).toEqual([0, 1, 2]);
    expect([...chunk.updatedAt]).toEqual([1000, 1001, 1002]);
    expect(chunk.firstId).toBe('m');
  });

  it('orders a line against any id as their bytes are ordered', () => {
    fc.assert(
      fc.property(id, id, (line, other) => {
        const order = naiveOrder(line, other);
        expect(Math.sign(chunkOf([line]).compare(0, other))).toBe(order);
      }),
      { numRuns: tries(1000) },
    );
  });

  it('finds the place of any id from any line on', () => {
    const ids = fc
      .uniqueArray(id, { minLength: 1, maxLength: 30 })
      .map((list) => list.sort(naiveOrder));
    fc.assert(
      fc.property(ids, id, fc.nat({ max: 30 }), (list, wanted, start) => {
        // A search goes on from where the one before ended, never from beyond its id.
        const place = list.findIndex((each) => naiveOrder(each, wanted) >= 0);
        const expected = place < 0 ? list.length : place;
        const from = Math.min(start, expected);
        expect(chunkOf(list).find(wanted, from)).toBe(expected);
      }),
      { numRuns: tries(1000) },
    );
  });

  it('shares its text with the same lines at other times and with other tails', () => {
    const chunk = chunkOf(['m', 'n']);
    const later = chunk.withColumns({
      updatedAt: new Float64Array([5, 6]),
      tails: [undefined, ' 7'],
    });
    expect(later.text).toBe(chunk.text);
    expect([...later.updatedAt]).toEqual([5, 6]);
    expect([...chunk.updatedAt]).toEqual([1000, 1001]);
    expect([later.payload(0), later.payload(1), later.bytes]).toEqual([0, '1 7', 10]);
    expect([chunk.payload(1), chunk.bytes]).toEqual([1, 8]);
    expect([later.firstId, later.id(1), later.series]).toEqual(['m', 'n', 2]);
    expect(later.ids).toBe(chunk.ids);
  });
});

it('a series belongs to the last chunk that does not begin after it, else to the first', () => {
  const chunks = [['c', 'd'], ['f'], ['m', 'n']].map(chunkOf);
  const places = ['a', 'c', 'cc', 'e', 'f', 'l', 'm', 'z'].map((it) => chunkFor(chunks, it, 0));
  expect(places).toEqual([0, 0, 0, 0, 1, 1, 2, 2]);
  expect(chunkFor(chunks, 'a', 2)).toBe(2);
  expect(chunkFor([], 'a', 0)).toBe(0);
});
