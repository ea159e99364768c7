import { constants, crc32, createDeflateRaw, type DeflateRaw } from 'node:zlib';

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
const LANES = 4;

/**
 * Deflates pieces of text on the thread pool, each once: the result is kept for as long as the
 * piece itself lives, so a chunk that many snapshots share is compressed once for all of them.
 */
export class Deflater {
  /** How many pieces were deflated so far: what a refresh really cost. */
  deflated = 0;
  readonly #level: number;
  readonly #kept = new WeakMap<Buffer, DeflatedPiece>();
  readonly #underWay = new Map<Buffer, Promise<DeflatedPiece>>();
  readonly #idle: DeflateLane[] = [];
  readonly #waiting: ((lane: DeflateLane) => void)[] = [];
  #lanes = 0;

  /** @param level - the effort, from 1 (fast) to 9 (small). */
  constructor(level: number) {
    this.#level = level;
  }

  /** The deflated form of a piece, if it lies ready. */
  ready(piece: Buffer): DeflatedPiece | undefined {
    return this.#kept.get(piece);
  }

  /**
   * The deflated form of a piece, made now if need be. Pieces are taken in the order in which they
   * are asked for. Rejects when zlib fails, which is not kept: the next caller has it tried
   * again.
   */
  deflate(piece: Buffer): Promise<DeflatedPiece> {
    const kept = this.#kept.get(piece);
    if (kept !== undefined) return Promise.resolve(kept);
    let deflating = this.#underWay.get(piece);
    if (deflating === undefined) {
      deflating = this.#make(piece).finally(() => this.#underWay.delete(piece));
      this.#underWay.set(piece, deflating);
    }
    return deflating;
  }

  async #make(piece: Buffer): Promise<DeflatedPiece> {
    let lane = await this.#lane();
    try {
      const made = { blocks: await lane.run(piece), crc: crc32(piece), textBytes: piece.length };
      this.#kept.set(piece, made);
      this.deflated++;
      return made;
    } catch (error) {
      lane = new DeflateLane(this.#level); // A stream that failed is of no use any more.
      throw error;
    } finally {
      // The caller that waits longest gets it, not one that comes now.
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(lane);
      else next(lane);
    }
  }

  async #lane(): Promise<DeflateLane> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#lanes < LANES) {
      this.#lanes++;
      return new DeflateLane(this.#level);
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/**
 * One deflate stream that is used for piece after piece: to set one up anew costs more than to
 * use it again (bench/micro/deflate.ts).
 */
class DeflateLane {
  readonly #stream: DeflateRaw;
  #blocks: Buffer[] = [];
  #fail: (error: Error) => void = () => undefined;

  constructor(level: number) {
    // A full flush ends on a byte boundary and forgets what came before, so that segments can be
    // joined in any order (RFC 1951, 3.2.4; zlib manual, Z_FULL_FLUSH). As the stream's own way to
    // write, it costs no second trip to the thread pool.
    const flush = constants.Z_FULL_FLUSH;
    this.#stream = createDeflateRaw({ level, flush, chunkSize: 64 * 1024 });
    this.#stream.on('data', (blocks: Buffer) => this.#blocks.push(blocks));
    this.#stream.on('error', (error) => this.#fail(error));
  }

  /** Deflates one text; another may be given when it is done. */
  run(text: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(text, (error) => {
        const blocks = Buffer.concat(this.#blocks);
        this.#blocks = [];
        if (error) reject(error);
        else resolve(blocks);
      });
    });
  }
}
