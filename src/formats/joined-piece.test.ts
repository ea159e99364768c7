import { crc32, inflateRawSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { Deflater } from './deflate.ts';
import { JoinedPiece } from './joined-piece.ts';

function joined(...texts: string[]): JoinedPiece {
  const parts = texts.map((text) => ({ text: Buffer.from(text) }));
  return new JoinedPiece(parts, Buffer.byteLength(texts.join('')), undefined);
}

function inflated(blocks: Buffer): string {
  return inflateRawSync(Buffer.concat([blocks, Buffer.from([3, 0])])).toString();
}

it('a joined piece is deflated at once without a text of its own, and keeps the result', () => {
  const deflater = new Deflater(1);
  const pieces = [joined('a 1\n', 'b 2\n'), joined('c 3\n', 'dd 44\n'), joined('ä 5\n')];
  const made = pieces.map((piece) => deflater.deflateNow(piece));
  expect(made.map(({ blocks }) => inflated(blocks))).toEqual([
    'a 1\nb 2\n',
    'c 3\ndd 44\n',
    'ä 5\n',
  ]);
  expect(made[1]!.crc).toBe(crc32('c 3\ndd 44\n'));
  expect(pieces.map((piece) => deflater.ready(piece))).toEqual(made);
  expect(deflater.deflateNow(pieces[0]!)).toBe(made[0]);
});

it('the passing text of a piece shares its memory with the next one, until it is asked for', () => {
  const [first, second] = [joined('a 1\n', 'b 2\n'), joined('c 3\n', 'd 4\n')];
  const passing = first.passingText;
  expect(passing.toString()).toBe('a 1\nb 2\n');
  expect(second.passingText.buffer).toBe(passing.buffer);
  const { text } = first;
  expect(text.toString()).toBe('a 1\nb 2\n');
  expect(first.text).toBe(text);
  expect(first.passingText).toBe(text);
});

it('a piece that waits for the thread pool has a text that no other writes in', async () => {
  const deflater = new Deflater(1);
  const piece = joined('a 1\n', 'b 2\n');
  const deflating = deflater.deflate(piece);
  deflater.deflateNow(joined('x 9\n', 'y 9\n'));
  expect(inflated((await deflating).blocks)).toBe('a 1\nb 2\n');
});
