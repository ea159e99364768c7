import { describe, expect, it } from 'vitest';
import { ChunkBuilder } from './chunk-builder.ts';
import { noWork } from './refresh-work.ts';

const KIB = 1024;

function idOf(i: number, bytes: number): string {
  return `m{i="${String(i).padStart(6, '0')}",p="${'x'.repeat(bytes - 20)}"}`;
}

/** The chunks of many new lines of about as many bytes each. */
function chunksOf(count: number, bytes: number, isRebuild = false) {
  const work = noWork();
  const builder = new ChunkBuilder(work);
  for (let i = 0; i < count; i++) builder.addLine(idOf(i, bytes), i, i, isRebuild);
  return { work, chunks: builder.finish() };
}

describe('chunks', () => {
  it('of new lines are cut at 64 KiB, in a rebuild at 96 KiB', () => {
    for (const [isRebuild, target] of [
      [false, 64 * KIB],
      [true, 96 * KIB],
    ] as const) {
      const { chunks, work } = chunksOf(3000, 200, isRebuild);
      for (const { text } of chunks.slice(0, -1)) {
        expect(text.length).toBeGreaterThanOrEqual(target);
        expect(text.length).toBeLessThan(target + 250);
      }
      expect(chunks.reduce((sum, { series }) => sum + series, 0)).toBe(3000);
      expect(work).toMatchObject({ linesRendered: 3000, chunksRebuilt: chunks.length });
    }
  });

  it('hold a line longer than any chunk', () => {
    const long = `m{a="${'é'.repeat(500_000)}"}`;
    const builder = new ChunkBuilder(noWork());
    builder.addLine('m', 1, 1, false);
    builder.addLine(long, 2, 1, false);
    builder.addLine('n', 3, 1, false);
    const chunks = builder.finish();
    expect(chunks.map(({ series }) => series)).toEqual([2, 1]);
    expect(chunks[0]!.id(1) === long).toBe(true);
  });

  it('hold many short lines', () => {
    const { chunks } = chunksOf(10_000, 21);
    expect(Math.max(...chunks.map(({ series }) => series))).toBeGreaterThan(2000);
    const values = chunks.flatMap((chunk) => [...chunk.values]);
    expect(values).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  it('hold the longest values there are', () => {
    const builder = new ChunkBuilder(noWork());
    const longest = -0.0000010001108409327143;
    for (let i = 0; i < 5000; i++)
      builder.addLine(`m${String(i).padStart(4, '0')}`, longest, 1, false);
    const text = Buffer.concat(builder.finish().map((chunk) => chunk.text)).toString();
    expect(text.split('\n')).toHaveLength(5001);
    expect(text.split(` ${longest}\n`)).toHaveLength(5001);
  });

  it('have memory of their own', () => {
    const builder = new ChunkBuilder(noWork());
    builder.addLine('first', 1, 1, false);
    const [first] = builder.finish();
    builder.addLine('second', 2, 2, false);
    const [second] = builder.finish();
    expect([first!.text.toString(), second!.text.toString()]).toEqual(['first 1\n', 'second 2\n']);
    expect([first!.values[0], second!.values[0]]).toEqual([1, 2]);
    expect(first!.text.buffer.byteLength).toBe(first!.text.length);
    expect(builder.finish()).toEqual([]);
  });

  it('are taken over as they are', () => {
    const [chunk] = chunksOf(10, 50).chunks;
    const work = noWork();
    const builder = new ChunkBuilder(work);
    builder.share(chunk!);
    expect(builder.finish()[0]).toBe(chunk);
    expect(work).toEqual({ ...noWork(), chunksShared: 1 });
  });
});
