import { crc32 } from 'node:zlib';
import type { Pace } from '../scheduling/pace.ts';
import { combineCrc32 } from './crc32.ts';
import type { DeflatedPiece } from './deflate.ts';

// RFC 1952, 2.3: magic, deflate, no flags, no time, no extra flags, unknown system. One member
// only: curl and wget stop after the first.
const MEMBER_HEADER: Buffer = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** How long a part of a member gets. */
const PART_BYTES = 256 * 1024;

/** The longest stored block (RFC 1951, 3.2.4). */
const STORED_MAX = 0xffff;

/** The check value and length of the text of a gzip member, as its pieces are joined. */
class MemberText {
  #crc = 0;
  #bytes = 0;

  add(piece: Pick<DeflatedPiece, 'crc' | 'textBytes'>): void {
    this.#crc = combineCrc32(this.#crc, piece.crc, piece.textBytes);
    this.#bytes += piece.textBytes;
  }

  /**
   * The end of the member with some last text. It is stored, not compressed: the few lines that
   * differ from scrape to scrape are not worth the time.
   */
  end(text: Buffer): Buffer {
    const blocks = Math.max(1, Math.ceil(text.length / STORED_MAX));
    const end = Buffer.allocUnsafe(text.length + blocks * 5 + 8);
    let at = 0;
    for (let block = 0; block < blocks; block++) {
      const stored = text.subarray(block * STORED_MAX, (block + 1) * STORED_MAX);
      at = end.writeUInt8(block === blocks - 1 ? 1 : 0, at);
      at = end.writeUInt16LE(stored.length, at);
      at = end.writeUInt16LE(~stored.length & 0xffff, at);
      at += stored.copy(end, at);
    }
    at = end.writeUInt32LE(combineCrc32(this.#crc, crc32(text), text.length), at);
    end.writeUInt32LE((this.#bytes + text.length) % 2 ** 32, at);
    return end;
  }
}

/** Joins deflated pieces into the beginning of one gzip member, ready for any number of tails. */
export class GzipStem {
  /** The member's header and the pieces' blocks, in order, in parts that are worth a write each. */
  readonly parts: readonly Buffer[];
  readonly #text: MemberText;

  private constructor(parts: readonly Buffer[], text: MemberText) {
    this.parts = parts;
    this.#text = text;
  }

  /**
   * Joins pieces, in slices. The parts are few and long: each write to a socket costs as much as
   * the copying of some 10 KiB. It is done once for a snapshot and spares each of its scrapes a
   * thousand writes (bench/micro/write.ts).
   */
  static async of(pieces: readonly DeflatedPiece[], pace: Pace): Promise<GzipStem> {
    const text = new MemberText();
    const parts: Buffer[] = [];
    for (const part of joinedParts(pieces, text)) {
      parts.push(part);
      if (pace.shouldYield()) await pace.yield();
    }
    return new GzipStem(parts, text);
  }

  /**
   * Joins the few pieces of a short page, while the event loop waits. Their blocks are the parts as
   * they are: whoever sends them copies them once more.
   */
  static ofShort(pieces: readonly DeflatedPiece[]): GzipStem {
    const text = new MemberText();
    for (const piece of pieces) text.add(piece);
    return new GzipStem([MEMBER_HEADER, ...pieces.map(({ blocks }) => blocks)], text);
  }

  /** The end of the member with some last text, stored as it is. */
  end(text: Buffer): Buffer {
    return this.#text.end(text);
  }
}

function* joinedParts(
  pieces: readonly DeflatedPiece[],
  text: MemberText,
): Generator<Buffer, void, undefined> {
  let waiting: Buffer[] = [MEMBER_HEADER];
  let bytes = MEMBER_HEADER.length;
  for (const piece of pieces) {
    text.add(piece);
    waiting.push(piece.blocks);
    bytes += piece.blocks.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(waiting, bytes);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes);
}

/**
 * The same member while its pieces are still being deflated: each goes out as soon as it can.
 *
 * @param end - returns the last text; called after the last piece.
 */
export async function* streamGzip(
  pieces: Iterable<Promise<DeflatedPiece>> | AsyncIterable<DeflatedPiece>,
  end: () => Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  const text = new MemberText();
  yield MEMBER_HEADER;
  for await (const piece of pieces) {
    text.add(piece);
    yield piece.blocks;
  }
  yield text.end(end());
}
