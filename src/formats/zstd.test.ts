import { spawnSync } from 'node:child_process';
import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Pace } from '../scheduling/pace.ts';
import { hasZstd, ZstdStem } from './zstd.ts';

const decompress = (zlib as unknown as { zstdDecompressSync?: (data: Buffer) => Buffer })
  .zstdDecompressSync;

async function framed(pieces: readonly string[], tail: string): Promise<Buffer> {
  const stem = await ZstdStem.of(
    pieces.map((piece) => Buffer.from(piece)),
    new Pace(10),
  );
  return Buffer.concat([...stem.parts, stem.end(Buffer.from(tail))]);
}

const LINES = Array.from({ length: 20_000 }, (_, i) => `a{i="${i}"} ${(i * 7919) % 1000}\n`);

// An older Node has nothing to offer, and so nothing to test but that: nothing is skipped.
if (hasZstd) describe('a zstd frame', framesAreRead);
else {
  it('a Node without zstd says so', async () => {
    await expect(ZstdStem.of([], new Pace(10))).rejects.toThrow('no zstd');
  });
}

function framesAreRead(): void {
  it.each([
    ['of several pieces', ['a 1\n', 'b 2\n', 'c 3\n'], '# EOF\n'],
    ['without a tail', ['a 1\n'], ''],
    ['of nothing but a tail', [], '# EOF\n'],
    ['of nothing', [], ''],
    ['of a long tail', ['a 1\n'], 'x'.repeat(300_000)],
    ['of many lines', LINES, '# EOF\n'],
    ['of a few long pieces', [LINES.join(''), LINES.join(''), LINES.join('')], '# EOF\n'],
  ])('%s is read back', async (_, pieces, tail) => {
    const frame = await framed(pieces, tail);
    expect(decompress!(frame).toString()).toBe(pieces.join('') + tail);
  });

  it('may have any number of tails', async () => {
    const stem = await ZstdStem.of([Buffer.from(LINES.join(''))], new Pace(10));
    for (const tail of ['one\n', 'another\n']) {
      const frame = Buffer.concat([...stem.parts, stem.end(Buffer.from(tail))]);
      expect(decompress!(frame).toString()).toBe(LINES.join('') + tail);
    }
  });

  it('is read by the zstd command, where there is one, as one whole frame', async () => {
    const frame = await framed(LINES, '# EOF\n');
    const { status, stdout, error } = spawnSync('zstd', ['-d', '-c'], { input: frame });
    if (error !== undefined) return;
    expect(status).toBe(0);
    expect(stdout.toString()).toBe(`${LINES.join('')}# EOF\n`);
  });
}
