import { crc32c } from './crc32c.ts';
import { PushError } from './pushed-families.ts';

// The framing format of Snappy (google/snappy, framing_format.txt), which clients send. Its blocks
// are format_description.txt.
const STREAM_IDENTIFIER = Buffer.from('sNaPpY');
const MOST_BLOCK = 65_536;

/**
 * Decodes a body in the framed format of Snappy. An empty body is an empty page.
 *
 * @param most - the most bytes of the result.
 * @throws PushError of status 400 for anything else, and 413 if there is more.
 */
export function decodeSnappyFrames(body: Buffer, most: number): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (let at = 0; at < body.length; ) {
    if (at + 4 > body.length) throw corrupt();
    const type = body[at]!;
    const end = at + 4 + body.readUIntLE(at + 1, 3);
    if (end > body.length) throw corrupt();
    const chunk = body.subarray(at + 4, end);
    if (at === 0 && type !== 0xff) throw corrupt();
    at = end;
    if (type === 0xff) {
      if (!chunk.equals(STREAM_IDENTIFIER)) throw corrupt();
      continue;
    }
    // These may be passed over; from 0x02 to 0x7f they may not.
    if (type >= 0x80) continue;
    if (type > 1 || chunk.length < 4) throw corrupt();
    const data = type === 0 ? decodeBlock(chunk.subarray(4)) : chunk.subarray(4);
    if (data.length > MOST_BLOCK || maskedCrc(data) !== chunk.readUInt32LE(0)) throw corrupt();
    size += data.length;
    if (size > most) throw tooLarge(most);
    parts.push(data);
  }
  return Buffer.concat(parts);
}

/** That a body is larger than it may be once it is decoded. */
export function tooLarge(most: number): PushError {
  return new PushError(413, 'too_large', `the body has more than ${most} bytes; push less at once`);
}

function corrupt(): PushError {
  return new PushError(400, 'snappy', 'snappy: corrupt input');
}

function maskedCrc(data: Buffer): number {
  const crc = crc32c(data);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function decodeBlock(block: Buffer): Buffer {
  const [length, from] = readLength(block);
  const out = Buffer.allocUnsafe(length);
  let size = 0;
  for (let at = from; at < block.length; ) {
    const tag = block[at++]!;
    let run = tag >>> 2;
    if ((tag & 3) === 0) {
      const extra = Math.max(0, run - 59);
      if (at + extra > block.length) throw corrupt();
      if (extra > 0) run = block.readUIntLE(at, extra);
      at += extra;
      run++;
      if (at + run > block.length || size + run > length) throw corrupt();
      block.copy(out, size, at, at + run);
      at += run;
    } else {
      const bytes = (tag & 3) === 3 ? 4 : tag & 3;
      if (at + bytes > block.length) throw corrupt();
      let offset = block.readUIntLE(at, bytes);
      at += bytes;
      if (bytes === 1) {
        offset += (tag >>> 5) << 8;
        run = ((tag >>> 2) & 7) + 4;
      } else run++;
      if (offset === 0 || offset > size || size + run > length) throw corrupt();
      // A copy may reach into itself, so byte by byte.
      for (let i = 0; i < run; i++) out[size + i] = out[size + i - offset]!;
    }
    size += run;
  }
  if (size !== length) throw corrupt();
  return out;
}

function readLength(block: Buffer): readonly [length: number, end: number] {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = block[i];
    if (byte === undefined) break;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (length > MOST_BLOCK) break;
    if (byte < 0x80) return [length, i + 1];
  }
  throw corrupt();
}
