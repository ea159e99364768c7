import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Pace } from '../scheduling/pace.ts';

/** What Node 22.15, 23.8 and later have beyond the oldest version that is supported. */
interface ZstdOfNode {
  readonly constants: Readonly<
    Record<
      'ZSTD_c_compressionLevel' | 'ZSTD_c_windowLog' | 'ZSTD_e_continue' | 'ZSTD_e_flush',
      number
    >
  >;
  createZstdCompress(options: {
    readonly chunkSize: number;
    readonly flush: number;
    readonly params: Readonly<Record<number, number>>;
  }): Transform & { flush(kind: number, callback: () => void): void };
}

const zstd: ZstdOfNode | undefined =
  'createZstdCompress' in zlib ? (zlib as unknown as ZstdOfNode) : undefined;

/** Whether this Node can compress with zstd (from 22.15 and 23.8 on). */
export const hasZstd: boolean = zstd !== undefined;

/** The effort. Pages are the same few words again and again: more finds little more. */
const LEVEL = 1;

/**
 * How far back a match may lie, as a power of two: more than a page's lines gain by is memory
 * wasted.
 */
const WINDOW_LOG = 19;

/**
 * Magic number, no options, and the window (RFC 8878, 3.1.1.1): the beginning of each of our
 * frames.
 */
const FRAME_HEADER: Buffer = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (WINDOW_LOG - 10) << 3]);

/** The longest block (RFC 8878, 3.1.1.2.4), which is shorter than the window above. */
const BLOCK_MAX = 128 * 1024;

/**
 * The beginning of one zstd frame, ready for any number of tails.
 *
 * A frame's blocks build on those before them, so unlike gzip's they cannot be made for each chunk
 * apart and kept. Frames of their own for the chunks could be, but Node 22 and 24 read the first of
 * several and drop the rest without a word.
 */
export class ZstdStem {
  /** The frame's header and its blocks so far, none of them the last. */
  readonly parts: readonly Buffer[];

  private constructor(parts: readonly Buffer[]) {
    this.parts = parts;
  }

  /** Compresses the pieces of a page on the thread pool. Only where {@link hasZstd} says so. */
  static async of(pieces: readonly Buffer[], pace: Pace): Promise<ZstdStem> {
    if (zstd === undefined) throw new Error('this Node has no zstd');
    const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_e_continue, ZSTD_e_flush } =
      zstd.constants;
    const stream = zstd.createZstdCompress({
      chunkSize: 256 * 1024,
      flush: ZSTD_e_continue,
      params: { [ZSTD_c_compressionLevel]: LEVEL, [ZSTD_c_windowLog]: WINDOW_LOG },
    });
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    try {
      for (const piece of pieces) {
        await written((done) => stream.write(piece, done), stream);
        if (pace.shouldYield()) await pace.yield();
      }
      await written((done) => stream.flush(ZSTD_e_flush, done), stream);
      // Of nothing comes nothing, not even a header.
      return new ZstdStem(parts.length > 0 ? parts : [FRAME_HEADER]);
    } finally {
      stream.destroy();
    }
  }

  /** The end of the frame with some last text, in raw blocks (RFC 8878, 3.1.1.2). */
  end(text: Buffer): Buffer {
    const blocks = Math.max(1, Math.ceil(text.length / BLOCK_MAX));
    const end = Buffer.allocUnsafe(text.length + blocks * 3);
    let at = 0;
    for (let block = 0; block < blocks; block++) {
      const raw = text.subarray(block * BLOCK_MAX, (block + 1) * BLOCK_MAX);
      // Bit 0: the last block; bits 1 and 2: the type, 0 for raw; then the size.
      at = end.writeUIntLE((block === blocks - 1 ? 1 : 0) | (raw.length << 3), at, 3);
      at += raw.copy(end, at);
    }
    return end;
  }
}

function written(
  write: (done: (error?: Error | null) => void) => void,
  stream: Transform,
): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    write((error) => {
      stream.removeListener('error', reject);
      if (error) reject(error);
      else resolve();
    });
  });
}
