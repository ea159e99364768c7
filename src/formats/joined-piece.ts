import { type Piece, type Template, templateOfParts } from './template/template.ts';

/** What was joined to be read once; it is filled and read within one call, never handed out. */
let scratch: Buffer = Buffer.alloc(0);

/**
 * A piece that was joined from several parts. Its text is made when it is first asked for: a page of
 * which only the compressed form is sent needs none of its own.
 */
export class JoinedPiece implements Piece {
  readonly parts: readonly Piece[];
  readonly bytes: number;
  readonly template: Template | undefined;
  #text: Buffer | undefined;

  /** @param before - an earlier piece whose parts had the same identities. */
  constructor(parts: readonly Piece[], bytes: number, before: JoinedPiece | undefined) {
    this.parts = parts;
    this.bytes = bytes;
    this.template = templateOfParts(parts, before?.template);
  }

  get text(): Buffer {
    this.#text ??= this.#writeTo(Buffer.allocUnsafe(this.bytes));
    return this.#text;
  }

  /** The text until another piece is asked for its own. */
  get passingText(): Buffer {
    if (this.#text !== undefined) return this.#text;
    if (scratch.length < this.bytes) scratch = Buffer.allocUnsafeSlow(this.bytes);
    return this.#writeTo(scratch.subarray(0, this.bytes));
  }

  #writeTo(joined: Buffer): Buffer {
    let at = 0;
    for (const { text } of this.parts) {
      joined.set(text, at);
      at += text.length;
    }
    return joined;
  }
}

/** How long the text of a piece is, in bytes. */
export function lengthOf(piece: Piece): number {
  return piece instanceof JoinedPiece ? piece.bytes : piece.text.length;
}

/** What is derived from a piece is kept for as long as this object lives. */
export function keeperOf(piece: Piece): object {
  return piece instanceof JoinedPiece ? piece : piece.text;
}

/** The text of a piece, to be read within this call. */
export function passingTextOf(piece: Piece): Buffer {
  return piece instanceof JoinedPiece ? piece.passingText : piece.text;
}
