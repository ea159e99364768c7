import { constants, crc32, createDeflateRaw, type DeflateRaw, deflateRawSync } from 'node:zlib';
import { Pace } from '../scheduling/pace.ts';
import { keeperOf, lengthOf, passingTextOf } from './joined-piece.ts';
import type { Piece } from './template/template.ts';
import { Templates } from './template/templates.ts';

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

/** The only compression level at which a plan replaces zlib: its output is about as long. */
const PLANNED_LEVEL = 1;

/** How long plans hold the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/**
 * Deflates pieces of text, each once: the result is kept for as long as the piece itself lives, so
 * a chunk that many snapshots share is compressed once for all of them. Pieces whose ids stay are
 * deflated by plans, in slices; others by zlib, on the thread pool.
 */
export class Deflater {
  /** How many pieces were deflated so far: what a refresh really cost. */
  deflated = 0;
  /** How long those are together that zlib deflated, in bytes of text. */
  bytesByZlib = 0;
  /** How long those are together that were deflated by plans. */
  bytesByPlan = 0;
  readonly #level: number;
  readonly #templates: Templates | undefined;
  readonly #kept = new WeakMap<object, DeflatedPiece>();
  readonly #underWay = new Map<object, Promise<DeflatedPiece>>();
  readonly #idle: DeflateLane[] = [];
  readonly #waiting: ((lane: DeflateLane) => void)[] = [];
  #lanes = 0;
  readonly #pace: Pace;
  /** The last of those that are deflated by plans, one after the other. */
  #lastPlanned: Promise<unknown> = Promise.resolve();

  /**
   * @param level - the effort, from 1 (fast) to 9 (small).
   * @param pace - cuts the work of plans into slices.
   */
  constructor(level: number, pace: Pace = new Pace(SLICE_BUDGET)) {
    this.#level = level;
    this.#pace = pace;
    if (level === PLANNED_LEVEL) this.#templates = new Templates();
  }

  /** How many plans were made so far. */
  get plans(): number {
    return this.#templates?.plans ?? 0;
  }

  /** The deflated form of a piece, if it lies ready. */
  ready(piece: Piece): DeflatedPiece | undefined {
    return this.#kept.get(keeperOf(piece));
  }

  /** Whether a piece costs little more: it lies ready, or there is a plan for it. */
  isPlanned(piece: Piece): boolean {
    if (this.#kept.has(keeperOf(piece))) return true;
    const { template } = piece;
    return template !== undefined && (this.#templates?.has(lengthOf(piece), template) ?? false);
  }

  /**
   * The deflated form of a piece, made now if need be. Pieces are taken in the order in which they
   * are asked for. Rejects when zlib fails, which is not kept: the next caller has it tried
   * again.
   */
  deflate(piece: Piece): Promise<DeflatedPiece> {
    const keeper = keeperOf(piece);
    const kept = this.#kept.get(keeper);
    if (kept !== undefined) return Promise.resolve(kept);
    let deflating = this.#underWay.get(keeper);
    if (deflating === undefined) {
      deflating = this.#make(piece).finally(() => this.#underWay.delete(keeper));
      this.#underWay.set(keeper, deflating);
    }
    return deflating;
  }

  /** The same for a short piece, while the event loop waits. */
  deflateNow(piece: Piece): DeflatedPiece {
    const kept = this.#kept.get(keeperOf(piece));
    if (kept !== undefined) return kept;
    const text = passingTextOf(piece);
    const planned = this.#byPlan(piece, text);
    if (planned !== undefined) return planned;
    const options = { level: this.#level, finishFlush: constants.Z_FULL_FLUSH };
    return this.#byZlib(piece, text, deflateRawSync(text, options));
  }

  async #make(piece: Piece): Promise<DeflatedPiece> {
    // Others write in the memory of a passing text meanwhile.
    const { text } = piece;
    const planned = this.isPlanned(piece)
      ? await this.#inSlice(() => this.#byPlan(piece, text))
      : undefined;
    return planned ?? this.#byZlib(piece, text, await this.#inPool(text));
  }

  #byPlan(piece: Piece, text: Buffer): DeflatedPiece | undefined {
    const blocks = piece.template && this.#templates?.deflate(text, piece.template);
    if (blocks === undefined) return undefined;
    this.bytesByPlan += text.length;
    return this.#keep(piece, text, blocks);
  }

  #byZlib(piece: Piece, text: Buffer, blocks: Buffer): DeflatedPiece {
    const { template } = piece;
    if (template !== undefined) this.#templates?.met(template, text.length, blocks.length);
    this.bytesByZlib += text.length;
    return this.#keep(piece, text, blocks);
  }

  #keep(piece: Piece, text: Buffer, blocks: Buffer): DeflatedPiece {
    const made = { blocks, crc: crc32(text), textBytes: text.length };
    this.#kept.set(keeperOf(piece), made);
    this.deflated++;
    return made;
  }

  /** Does some work when all before it is done, after a rest if that is due. */
  #inSlice<T>(work: () => T): Promise<T> {
    const done = this.#lastPlanned.then(async () => {
      if (this.#pace.shouldYield()) await this.#pace.yield();
      return work();
    });
    this.#lastPlanned = done.catch(() => undefined);
    return done;
  }

  async #inPool(piece: Buffer): Promise<Buffer> {
    let lane = await this.#lane();
    try {
      return await lane.run(piece);
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
