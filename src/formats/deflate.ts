import { constants, crc32, createDeflateRaw, type DeflateRaw, deflateRawSync } from 'node:zlib';
import { Pace } from '../scheduling/pace.ts';
import type { Template } from './template/template.ts';
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
  readonly #kept = new WeakMap<Buffer, DeflatedPiece>();
  readonly #underWay = new Map<Buffer, Promise<DeflatedPiece>>();
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
  ready(piece: Buffer): DeflatedPiece | undefined {
    return this.#kept.get(piece);
  }

  /** Whether a piece costs little more: it lies ready, or there is a plan for it. */
  isPlanned(piece: Buffer, template: Template | undefined): boolean {
    if (this.#kept.has(piece)) return true;
    return template !== undefined && (this.#templates?.has(piece, template) ?? false);
  }

  /**
   * The deflated form of a piece, made now if need be. Pieces are taken in the order in which they
   * are asked for. Rejects when zlib fails, which is not kept: the next caller has it tried
   * again.
   *
   * @param template - what is known of its lines.
   */
  deflate(piece: Buffer, template?: Template): Promise<DeflatedPiece> {
    const kept = this.#kept.get(piece);
    if (kept !== undefined) return Promise.resolve(kept);
    let deflating = this.#underWay.get(piece);
    if (deflating === undefined) {
      deflating = this.#make(piece, template).finally(() => this.#underWay.delete(piece));
      this.#underWay.set(piece, deflating);
    }
    return deflating;
  }

  /** The same for a short piece, while the event loop waits. */
  deflateNow(piece: Buffer, template?: Template): DeflatedPiece {
    const kept = this.#kept.get(piece) ?? this.#byPlan(piece, template);
    if (kept !== undefined) return kept;
    const options = { level: this.#level, finishFlush: constants.Z_FULL_FLUSH };
    return this.#byZlib(piece, template, deflateRawSync(piece, options));
  }

  async #make(piece: Buffer, template: Template | undefined): Promise<DeflatedPiece> {
    const planned = this.isPlanned(piece, template)
      ? await this.#inSlice(() => this.#byPlan(piece, template))
      : undefined;
    return planned ?? this.#byZlib(piece, template, await this.#inPool(piece));
  }

  #byPlan(piece: Buffer, template: Template | undefined): DeflatedPiece | undefined {
    const blocks = template && this.#templates?.deflate(piece, template);
    if (blocks === undefined) return undefined;
    this.bytesByPlan += piece.length;
    return this.#keep(piece, blocks);
  }

  #byZlib(piece: Buffer, template: Template | undefined, blocks: Buffer): DeflatedPiece {
    if (template !== undefined) this.#templates?.met(template, piece.length, blocks.length);
    this.bytesByZlib += piece.length;
    return this.#keep(piece, blocks);
  }

  #keep(piece: Buffer, blocks: Buffer): DeflatedPiece {
    const made = { blocks, crc: crc32(piece), textBytes: piece.length };
    this.#kept.set(piece, made);
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
