import type { Family, Snapshot } from '../cache/snapshot.ts';
import { type DeflatedPiece, Deflater } from './deflate.ts';
import { familyHeader, type HeaderSubject } from './family-header.ts';
import type { ExpositionSyntax } from './format.ts';
import { GzipStem } from './gzip.ts';
import { type PagePart, PieceJoiner } from './pieces.ts';

/** A snapshot's page in one syntax, all but the lines that differ from scrape to scrape. Immutable. */
export interface Page {
  readonly snapshot: Snapshot;
  /** The text, in order. */
  readonly pieces: readonly Buffer[];
  /** How long the text is. */
  readonly bytes: number;
}

/** Families that a page has beside those of its snapshot, and lines that depend on the snapshot alone. */
export interface PageExtras {
  /** Names that the lines at the end will use. */
  readonly names: ReadonlySet<string>;
  /** Lines behind the families of a snapshot. */
  lines(snapshot: Snapshot, syntax: ExpositionSyntax): string;
}

/**
 * Makes the pages of the snapshots that follow each other, once each, and keeps the latest of each
 * syntax. What two pages have in common is shared, down to its compressed form.
 */
export class PageMaker {
  readonly #extras: PageExtras;
  readonly #deflater: Deflater;
  readonly #latest = new Map<ExpositionSyntax, SyntaxPages>();

  /** @param level - the gzip level, from 1 to 9. */
  constructor(extras: PageExtras, level: number) {
    this.#extras = extras;
    this.#deflater = new Deflater(level);
  }

  /** How many pieces were compressed so far. */
  get deflatedPieces(): number {
    return this.#deflater.deflated;
  }

  /** The page of a snapshot. */
  page(snapshot: Snapshot, syntax: ExpositionSyntax): Page {
    return this.#pages(syntax).page(snapshot);
  }

  /** The page of a snapshot as the beginning of a gzip member, if all of it lies ready. */
  gzipped(snapshot: Snapshot, syntax: ExpositionSyntax): GzipStem | undefined {
    return this.#pages(syntax).gzipped(snapshot, this.#deflater);
  }

  /** Has the page of a snapshot compressed: each piece of it, as it will be, in order. */
  deflating(snapshot: Snapshot, syntax: ExpositionSyntax): readonly Promise<DeflatedPiece>[] {
    const { pieces } = this.page(snapshot, syntax);
    const deflating = pieces.map((piece) => this.#deflater.deflate(piece));
    // Who waits for a piece is told of its failure; who does not has it made again.
    for (const piece of deflating) piece.catch(() => undefined);
    return deflating;
  }

  /** Has the page of a snapshot compressed and put together before anybody asks for it. */
  async warm(snapshot: Snapshot, syntax: ExpositionSyntax): Promise<void> {
    const pages = this.#pages(syntax);
    const missing = pages
      .page(snapshot)
      .pieces.filter((piece) => this.#deflater.ready(piece) === undefined);
    // What fails is tried again by the scrape that needs it.
    await Promise.allSettled(missing.map((piece) => this.#deflater.deflate(piece)));
    if (pages.isLatest(snapshot)) pages.gzipped(snapshot, this.#deflater);
  }

  /** Lets go of pages of other snapshots, which would keep their memory until the next scrape. */
  keepOnly(snapshot: Snapshot): void {
    for (const pages of this.#latest.values()) pages.keepOnly(snapshot);
  }

  #pages(syntax: ExpositionSyntax): SyntaxPages {
    let pages = this.#latest.get(syntax);
    if (pages === undefined) {
      pages = new SyntaxPages(syntax, this.#extras);
      this.#latest.set(syntax, pages);
    }
    return pages;
  }
}

/** The latest page of one syntax. */
class SyntaxPages {
  readonly #syntax: ExpositionSyntax;
  readonly #extras: PageExtras;
  readonly #joiner = new PieceJoiner();
  readonly #stems = new WeakMap<Page, GzipStem>();
  #headers = new Map<string, Buffer>();
  #page: Page | undefined;

  constructor(syntax: ExpositionSyntax, extras: PageExtras) {
    this.#syntax = syntax;
    this.#extras = extras;
  }

  page(snapshot: Snapshot): Page {
    if (this.#page?.snapshot !== snapshot) this.#page = this.#make(snapshot);
    return this.#page;
  }

  isLatest(snapshot: Snapshot): boolean {
    return this.#page?.snapshot === snapshot;
  }

  keepOnly(snapshot: Snapshot): void {
    if (this.#page?.snapshot !== snapshot) this.#page = undefined;
  }

  gzipped(snapshot: Snapshot, deflater: Deflater): GzipStem | undefined {
    const page = this.page(snapshot);
    let stem = this.#stems.get(page);
    if (stem === undefined) {
      const pieces: DeflatedPiece[] = [];
      for (const piece of page.pieces) {
        const ready = deflater.ready(piece);
        if (ready === undefined) return undefined;
        pieces.push(ready);
      }
      stem = new GzipStem(pieces);
      this.#stems.set(page, stem);
    }
    return stem;
  }

  #make(snapshot: Snapshot): Page {
    const names = new Set(snapshot.families.map((family) => family.name));
    const isTaken = (name: string): boolean => names.has(name) || this.#extras.names.has(name);
    const headers = new Map<string, Buffer>();
    const pieces = this.#joiner.join(this.#parts(snapshot, isTaken, headers));
    this.#headers = headers;
    return { snapshot, pieces, bytes: pieces.reduce((sum, piece) => sum + piece.length, 0) };
  }

  *#parts(
    snapshot: Snapshot,
    isTaken: (name: string) => boolean,
    headers: Map<string, Buffer>,
  ): Generator<PagePart, void, undefined> {
    for (const family of snapshot.families) {
      yield { text: this.#header(family, isTaken, headers), isMark: false };
      for (const chunk of family.chunks) yield { text: chunk.text, isMark: isMark(family) };
    }
    const lines = this.#extras.lines(snapshot, this.#syntax);
    if (lines !== '') yield { text: Buffer.from(lines), isMark: true };
  }

  #header(
    subject: HeaderSubject,
    isTaken: (name: string) => boolean,
    headers: Map<string, Buffer>,
  ): Buffer {
    const text = familyHeader(subject, this.#syntax, isTaken);
    // The same bytes must be the same object from page to page for joined pieces to be recognised.
    const header = this.#headers.get(text) ?? Buffer.from(text);
    headers.set(text, header);
    return header;
  }
}

/** About every fourth family, for good: cuts follow from names, not from lengths that change. */
function isMark({ name }: Family): boolean {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return (hash & 3) === 0;
}
