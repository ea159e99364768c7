import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';

const deflateRawAsync = promisify(deflateRaw);

/** A piece of a page as a part of a gzip member: raw deflate that ends on a byte boundary. */
export interface DeflatedPiece {
  /** The blocks, none of them the last one of a stream; they refer to nothing before them. */
  readonly blocks: Buffer;
  /** The CRC-32 of the text. */
  readonly crc: number;
  /** How long the text is, in bytes. */
  readonly textBytes: number;
}

/** How many pieces are deflated at a time: as many as libuv has threads by default. */
const CONCURRENCY = 4;

/**
 * Deflates pieces of text on the thread pool, each once: the result is kept for as long as the piece
 * itself lives, so a chunk that many snapshots share is compressed once for all of them.
 */
export class Deflater {
  /** How many pieces were deflated so far: what a refresh really cost. */
  deflated = 0;
  readonly #level: number;
  readonly #kept = new WeakMap<Buffer, Promise<DeflatedPiece>>();

  /** @param level - the effort, from 1 (fast) to 9 (small). */
  constructor(level: number) {
    this.#level = level;
  }

  /** All pieces deflated, in order; those that are at hand cost nothing. */
  async deflateAll(pieces: readonly Buffer[]): Promise<readonly DeflatedPiece[]> {
    const done: DeflatedPiece[] = new Array(pieces.length);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < pieces.length) {
        const at = next++;
        done[at] = await this.#deflate(pieces[at]!);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, worker));
    return done;
  }

  #deflate(piece: Buffer): Promise<DeflatedPiece> {
    let deflating = this.#kept.get(piece);
    if (deflating === undefined) {
      this.deflated++;
      deflating = deflatePiece(piece, this.#level);
      this.#kept.set(piece, deflating);
      // A failure (no memory) is not kept, so that the next scrape tries again.
      deflating.catch(() => this.#kept.delete(piece));
    }
    return deflating;
  }
}

async function deflatePiece(text: Buffer, level: number): Promise<DeflatedPiece> {
  // A full flush ends on a byte boundary and forgets what came before, so that segments can be joined
  // in any order (RFC 1951, 3.2.4; zlib manual, Z_FULL_FLUSH).
  const blocks = await deflateRawAsync(text, { level, finishFlush: constants.Z_FULL_FLUSH });
  return { blocks, crc: crc32(text), textBytes: text.length };
}
