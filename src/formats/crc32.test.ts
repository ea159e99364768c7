import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { combineCrc32 } from './crc32.ts';

it('is the checksum of two pieces one after the other', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, bytes, (first, second) => {
      const whole = crc32(Buffer.concat([first, second]));
      expect(combineCrc32(crc32(first), crc32(second), second.length)).toBe(whole);
    }),
    { numRuns: 1000 },
  );
});

it('is so for pieces of any length, in any grouping', () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 300_000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(lengths, fc.nat({ max: 255 }), (sizes, seed) => {
      const pieces = sizes.map((size, i) => Buffer.alloc(size, `${seed}-${i}`));
      const combined = pieces.reduce(
        (crc, piece) => combineCrc32(crc, crc32(piece), piece.length),
        0,
      );
      expect(combined).toBe(crc32(Buffer.concat(pieces)));
    }),
    { numRuns: 30 },
  );
});

it('shifts over more bytes than 32 bits can count', () => {
  // A shift over 2^35 bytes is one over 2^34, twice; no memory holds that many.
  const crc = crc32('snapshot');
  const half = combineCrc32(crc, 0, 2 ** 34);
  expect(combineCrc32(half, 0, 2 ** 34)).toBe(combineCrc32(crc, 0, 2 ** 35));
  expect(combineCrc32(crc, 0, 2 ** 35)).not.toBe(crc);
});
