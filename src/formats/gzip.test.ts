import { crc32, gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tries } from '../../test/support/tries.ts';
import { Pace } from '../scheduling/pace.ts';
import { type DeflatedPiece, Deflater } from './deflate.ts';
import { GzipStem, streamGzip } from './gzip.ts';

function deflateAll(texts: readonly Buffer[], deflater = new Deflater(1)) {
  return Promise.all(texts.map((text) => deflater.deflate({ text })));
}

async function gzip(texts: readonly Buffer[], end: Buffer): Promise<Buffer> {
  const stem = await GzipStem.of(await deflateAll(texts), new Pace(5));
  return Buffer.concat([...stem.parts, stem.end(end)]);
}

/** Checks that some bytes are one gzip member and nothing else, the plain way (RFC 1952). */
function expectOneMember(member: Buffer, text: Buffer): void {
  expect(gunzipSync(member).equals(text)).toBe(true);
  expect([...member.subarray(0, 4)]).toEqual([0x1f, 0x8b, 8, 0]);
  // A stream of raw deflate that ends where the trailer begins: a second member would be left over.
  const { buffer, engine } = inflateRawSync(member.subarray(10), { info: true }) as unknown as {
    buffer: Buffer;
    engine: { bytesWritten: number };
  };
  expect(buffer.equals(text)).toBe(true);
  expect(engine.bytesWritten).toBe(member.length - 10 - 8);
  expect(member.readUInt32LE(member.length - 8)).toBe(crc32(text));
  expect(member.readUInt32LE(member.length - 4)).toBe(text.length);
}

describe('the gzip member of a page', () => {
  it('reads back as its pieces and its end, whatever they are', async () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.nat({ max: 200_000 }).map((size) => Buffer.alloc(size, 'metric{label="value"} 1\n')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 6 }), text, async (texts, end) => {
        expectOneMember(await gzip(texts, end), Buffer.concat([...texts, end]));
      }),
      { numRuns: tries(40) },
    );
  });

  it.each([0, 1, 65_534, 65_535, 65_536, 131_070, 131_071, 300_000])(
    'may end with %d bytes that are stored as they are',
    async (size) => {
      const end = Buffer.alloc(size, 'x');
      const member = await gzip([Buffer.from('a 1\n')], end);
      expectOneMember(member, Buffer.concat([Buffer.from('a 1\n'), end]));
      expect(member.length - size).toBeLessThan(80);
    },
  );

  it('may be of an empty page', async () => {
    expectOneMember(await gzip([], Buffer.alloc(0)), Buffer.alloc(0));
    expectOneMember(await gzip([Buffer.alloc(0)], Buffer.alloc(0)), Buffer.alloc(0));
  });

  it('has the same beginning for any number of ends', async () => {
    const stem = await GzipStem.of(
      await deflateAll([Buffer.from('a 1\n'), Buffer.from('b 2\n')]),
      new Pace(5),
    );
    for (const end of ['c 3\n', '', 'd 4\n'.repeat(50_000)]) {
      const member = Buffer.concat([...stem.parts, stem.end(Buffer.from(end))]);
      expectOneMember(member, Buffer.from(`a 1\nb 2\n${end}`));
    }
  });

  it('is made of pieces that refer to nothing before them, in any order', async () => {
    const texts = ['a', 'b', 'c'].map((name) =>
      Buffer.from(`${name}{same="text"} 1\n`.repeat(900)),
    );
    const pieces = await deflateAll(texts);
    for (const order of [
      [2, 1, 0],
      [1, 1, 1],
      [0, 2, 0, 2],
    ]) {
      const stem = await GzipStem.of(
        order.map((i) => pieces[i]!),
        new Pace(5),
      );
      const member = Buffer.concat([...stem.parts, stem.end(Buffer.alloc(0))]);
      expectOneMember(member, Buffer.concat(order.map((i) => texts[i]!)));
    }
  });

  it('is the same bytes when it is sent while it is being made', async () => {
    const texts = Array.from({ length: 20 }, (_, i) => Buffer.from(`a{i="${i}"} 1\n`.repeat(500)));
    const end = Buffer.from('# EOF\n');
    const parts: Buffer[] = [];
    const deflater = new Deflater(1);
    for await (const part of streamGzip(
      texts.map((t) => deflater.deflate({ text: t })),
      () => end,
    )) {
      parts.push(part);
    }
    expect(Buffer.concat(parts).equals(await gzip(texts, end))).toBe(true);
    expect(parts).toHaveLength(texts.length + 2);
  });

  it('ends in an error where a piece fails while it is sent', async () => {
    const pieces = [
      ...(await deflateAll([Buffer.from('a 1\n')])).map((piece) => Promise.resolve(piece)),
      Promise.reject<DeflatedPiece>(new Error('no memory')),
    ];
    const stream = streamGzip(pieces, () => Buffer.from('# EOF\n'));
    const parts: Buffer[] = [];
    await expect(async () => {
      for await (const part of stream) parts.push(part);
    }).rejects.toThrow('no memory');
    expect(Buffer.concat(parts).includes('EOF')).toBe(false);
  });
});

describe('a deflater', () => {
  it('deflates each piece once, however often and at the same time it is asked', async () => {
    const deflater = new Deflater(1);
    const texts = Array.from({ length: 30 }, (_, i) => Buffer.from(`${i} `.repeat(5000)));
    const [one, two] = await Promise.all([
      deflateAll(texts, deflater),
      deflateAll(texts, deflater),
    ]);
    expect(one.every((piece, i) => piece === two[i])).toBe(true);
    expect(deflater.deflated).toBe(30);
    expect(deflater.ready({ text: texts[0]! })).toBe(one[0]);
    expect(deflater.ready({ text: Buffer.from(texts[0]!) })).toBeUndefined();
    expect((await deflateAll(texts, deflater))[5]).toBe(one[5]);
    expect(deflater.deflated).toBe(30);
  });

  it('makes of each text the same as any other deflater', async () => {
    const texts = Array.from({ length: 50 }, (_, i) =>
      Buffer.from(`m{i="${i}"} ${i / 7}\n`.repeat((i * 37) % 900)),
    );
    const together = await deflateAll(texts);
    for (const [i, text] of texts.entries()) {
      const alone = await new Deflater(1).deflate({ text });
      expect(together[i]!.blocks.equals(alone.blocks)).toBe(true);
      expect(together[i]).toMatchObject({ crc: crc32(text), textBytes: text.length });
    }
  });

  it('makes the effort that it is told to make', async () => {
    const text = Buffer.from(Array.from({ length: 5000 }, (_, i) => `m{i="${i}"} ${i}\n`).join(''));
    const made = await Promise.all([1, 9].map((level) => new Deflater(level).deflate({ text })));
    expect(made[0]!.blocks.equals(made[1]!.blocks)).toBe(false);
    expect(made[0]!.blocks.length).toBeLessThan(text.length / 2);
  });
});
