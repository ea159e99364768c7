import { crc32 } from 'node:zlib';
import { combineCrc32 } from './crc32.ts';
import type { DeflatedPiece } from './deflate.ts';

// RFC 1952, 2.3: magic, deflate, no flags, no time, no extra flags, unknown system. One member only:
// curl and wget stop after the first.
const MEMBER_HEADER: Buffer = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);

/** The longest stored block (RFC 1951, 3.2.4). */
const STORED_MAX = 0xffff;

/** Joins deflated pieces into the beginning of one gzip member, ready for any number of tails. */
export class GzipStem {
  /** The member's header and the pieces' blocks, in order. */
  readonly parts: readonly Buffer[];
  /** How long the parts are together. */
  readonly bytes: number;
  readonly #crc: number;
  readonly #textBytes: number;

  constructor(pieces: readonly DeflatedPiece[]) {
    let crc = 0;
    let bytes = MEMBER_HEADER.length;
    let textBytes = 0;
    for (const piece of pieces) {
      crc = combineCrc32(crc, piece.crc, piece.textBytes);
      bytes += piece.blocks.length;
      textBytes += piece.textBytes;
    }
    this.parts = [MEMBER_HEADER, ...pieces.map((piece) => piece.blocks)];
    this.bytes = bytes;
    this.#crc = crc;
    this.#textBytes = textBytes;
  }

  /**
   * The end of the member with some last text. It is stored, not compressed: the few lines that differ
   * from scrape to scrape are not worth the time.
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
    end.writeUInt32LE((this.#textBytes + text.length) % 2 ** 32, at);
    return end;
  }
}
