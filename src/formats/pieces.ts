import type { Pace } from '../scheduling/pace.ts';

/**
 * Text that is shorter is joined with its neighbours: a write and a deflate stream each cost some.
 */
const SMALL_BYTES = 16 * 1024;
/** A joined piece is cut at the first mark behind this length. */
const MARK_FROM_BYTES = 8 * 1024;
/** A joined piece is cut here at the latest. */
const JOINED_MAX_BYTES = 64 * 1024;

/** Some text of a page, and whether a joined piece may well end behind it. */
export interface PagePart {
  readonly text: Buffer;
  /**
   * A cut that depends on the content alone, so that one change does not move all cuts after it.
   */
  readonly isMark: boolean;
}

/** A piece that was joined from several parts. */
interface JoinedPiece {
  readonly parts: readonly Buffer[];
  readonly text: Buffer;
}

/**
 * Turns the texts of a page into pieces worth a write and a deflate stream each. Long texts are
 * pieces as they are, without a copy; short ones are joined. A join whose parts are the same as in
 * the page before is taken over, with whatever was derived from it.
 */
export class PieceJoiner {
  #before = new Map<Buffer, JoinedPiece>();

  /** The pieces of the next page. The parts are taken in slices. */
  async join(parts: Iterable<PagePart>, pace: Pace): Promise<readonly Buffer[]> {
    const joining = new Joining(this.#before);
    for (const part of parts) {
      joining.add(part);
      if (pace.shouldYield()) await pace.yield();
    }
    this.#before = joining.finish();
    return joining.pieces;
  }
}

/** The joining of one page. */
class Joining {
  readonly pieces: Buffer[] = [];
  readonly #before: ReadonlyMap<Buffer, JoinedPiece>;
  readonly #joined = new Map<Buffer, JoinedPiece>();
  #waiting: Buffer[] = [];
  #bytes = 0;

  constructor(before: ReadonlyMap<Buffer, JoinedPiece>) {
    this.#before = before;
  }

  add({ text, isMark }: PagePart): void {
    if (text.length >= SMALL_BYTES) {
      this.#flush();
      this.pieces.push(text);
      return;
    }
    this.#waiting.push(text);
    this.#bytes += text.length;
    const isLong = this.#bytes >= JOINED_MAX_BYTES;
    if (isLong || (isMark && this.#bytes >= MARK_FROM_BYTES)) this.#flush();
  }

  /** Ends the last piece; returns all joined pieces by their first part. */
  finish(): Map<Buffer, JoinedPiece> {
    this.#flush();
    return this.#joined;
  }

  #flush(): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    const piece = this.#join(this.#waiting, this.#bytes);
    this.#joined.set(first, piece);
    this.pieces.push(piece.text);
    this.#waiting = [];
    this.#bytes = 0;
  }

  #join(parts: readonly Buffer[], bytes: number): JoinedPiece {
    const before = this.#before.get(parts[0]!);
    const isSame =
      before?.parts.length === parts.length && before.parts.every((part, i) => part === parts[i]);
    if (isSame) return before;
    return { parts, text: parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes) };
  }
}
