/** Text that is shorter is joined with its neighbours: a write and a deflate stream each cost some. */
const SMALL_BYTES = 16 * 1024;
/** A joined piece is cut at the first mark behind this length. */
const MARK_FROM_BYTES = 8 * 1024;
/** A joined piece is cut here at the latest. */
const JOINED_MAX_BYTES = 64 * 1024;

/** Some text of a page, and whether a joined piece may well end behind it. */
export interface PagePart {
  readonly text: Buffer;
  /** A cut that depends on the content alone, so that one change does not move all cuts after it. */
  readonly isMark: boolean;
}

/** A piece that was joined from several parts. */
interface JoinedPiece {
  readonly parts: readonly Buffer[];
  readonly text: Buffer;
}

/**
 * Turns the texts of a page into pieces worth a write and a deflate stream each. Long texts are pieces
 * as they are, without a copy; short ones are joined. A join whose parts are the same as in the page
 * before is taken over, with whatever was derived from it.
 */
export class PieceJoiner {
  #before = new Map<Buffer, JoinedPiece>();

  /** The pieces of the next page. */
  join(parts: Iterable<PagePart>): readonly Buffer[] {
    const pieces: Buffer[] = [];
    const joined = new Map<Buffer, JoinedPiece>();
    let waiting: Buffer[] = [];
    let bytes = 0;
    const flush = (): void => {
      if (waiting.length === 0) return;
      const piece = this.#join(waiting, bytes);
      joined.set(waiting[0]!, piece);
      pieces.push(piece.text);
      waiting = [];
      bytes = 0;
    };
    for (const { text, isMark } of parts) {
      if (text.length >= SMALL_BYTES) {
        flush();
        pieces.push(text);
        continue;
      }
      waiting.push(text);
      bytes += text.length;
      if (bytes >= JOINED_MAX_BYTES || (isMark && bytes >= MARK_FROM_BYTES)) flush();
    }
    flush();
    this.#before = joined;
    return pieces;
  }

  #join(parts: readonly Buffer[], bytes: number): JoinedPiece {
    const before = this.#before.get(parts[0]!);
    const isSame =
      before?.parts.length === parts.length && before.parts.every((part, i) => part === parts[i]);
    if (isSame) return before;
    return { parts, text: parts.length === 1 ? parts[0]! : Buffer.concat(parts, bytes) };
  }
}
