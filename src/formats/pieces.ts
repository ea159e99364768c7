import type { Pace } from '../scheduling/pace.ts';
import { JoinedPiece } from './joined-piece.ts';
import { identityOf, type Piece } from './template/template.ts';

/**
 * Text that is shorter is joined with its neighbours: a write and a deflate stream each cost some.
 */
const SMALL_BYTES = 16 * 1024;
/** A joined piece is cut at the first mark behind this length. */
const MARK_FROM_BYTES = 8 * 1024;
/** A joined piece is cut here at the latest. */
const JOINED_MAX_BYTES = 64 * 1024;

/** Some text of a page, and whether a joined piece may well end behind it. */
export interface PagePart extends Piece {
  /**
   * A cut that depends on the content alone, so that one change does not move all cuts after it.
   */
  readonly isMark: boolean;
}

/**
 * Turns the texts of a page into pieces worth a write and a deflate stream each. Long texts are
 * pieces as they are, without a copy; short ones are joined. A join whose parts are the same as in
 * the page before is taken over, with whatever was derived from it. If only values changed in its
 * parts, it keeps its template.
 */
export class PieceJoiner {
  #before = new Map<object, JoinedPiece>();

  /**
   * The pieces of the next page. The parts are taken in slices; undefined stands for work that was
   * done for later ones.
   */
  async join(parts: Iterable<PagePart | undefined>, pace: Pace): Promise<readonly Piece[]> {
    const joining = new Joining(this.#before);
    for (const part of parts) {
      if (part !== undefined && part.text.length > 0) joining.add(part);
      if (pace.shouldYield()) await pace.yield();
    }
    this.#before = joining.finish();
    return joining.pieces;
  }
}

/** The joining of one page. */
class Joining {
  readonly pieces: Piece[] = [];
  readonly #before: ReadonlyMap<object, JoinedPiece>;
  readonly #joined = new Map<object, JoinedPiece>();
  #waiting: PagePart[] = [];
  #bytes = 0;

  constructor(before: ReadonlyMap<object, JoinedPiece>) {
    this.#before = before;
  }

  add(part: PagePart): void {
    const { length } = part.text;
    if (length >= SMALL_BYTES) {
      this.#flush();
      this.pieces.push(part);
      return;
    }
    this.#waiting.push(part);
    this.#bytes += length;
    const isLong = this.#bytes >= JOINED_MAX_BYTES;
    if (isLong || (part.isMark && this.#bytes >= MARK_FROM_BYTES)) this.#flush();
  }

  /** Ends the last piece; returns all joined pieces by what identifies their first part. */
  finish(): Map<object, JoinedPiece> {
    this.#flush();
    return this.#joined;
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    this.pieces.push(this.#join(this.#waiting, this.#bytes));
    this.#waiting = [];
    this.#bytes = 0;
  }

  #join(parts: readonly PagePart[], bytes: number): Piece {
    const first = parts[0]!;
    if (parts.length === 1) return first;
    const before = this.#before.get(identityOf(first));
    const isAs = (same: (part: Piece, other: Piece) => boolean): boolean =>
      before?.parts.length === parts.length &&
      parts.every((part, i) => same(part, before.parts[i]!));
    const isWhole = isAs((part, other) => part.text === other.text);
    const isSame = isWhole || isAs((part, other) => identityOf(part) === identityOf(other));
    const piece = isWhole ? before! : new JoinedPiece(parts, bytes, isSame ? before : undefined);
    this.#joined.set(identityOf(first), piece);
    return piece;
  }
}
