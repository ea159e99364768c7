import { Pace } from '../scheduling/pace.ts';
import { type Family, familyPlace } from '../snapshot/snapshot.ts';
import type { DeflatedPiece, Deflater } from './deflate.ts';
import { familyHeader } from './family-header.ts';
import type { ExpositionSyntax } from './format.ts';
import { GzipStem } from './gzip.ts';
import { type PagePart, PieceJoiner } from './pieces.ts';
import { ZstdStem } from './zstd.ts';

/** How long the making of a page holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/** What a page is made of: a snapshot, or a part of one. Immutable. */
export interface PageContent {
  /** In the order of their names, each with at least one series. */
  readonly families: readonly PageFamily[];
  readonly series: number;
}

/** A family of a page, and the texts of its lines. */
interface PageFamily extends Pick<Family, 'name' | 'metadata' | 'series'> {
  readonly chunks: readonly { readonly text: Buffer }[];
}

/** The families on a page, and how many series each has there. */
export interface FamilyCounts {
  readonly series: number;
  readonly families: Iterable<Pick<Family, 'name' | 'series'>>;
  /** Whether the page has a family of a name. */
  has(name: string): boolean;
}

/** The families of a page. */
export function countsOf({ families, series }: PageContent): FamilyCounts {
  return { families, series, has: (name) => familyPlace(families, name) !== undefined };
}

/** A snapshot's page in one syntax, all but the lines that differ from scrape to scrape. Immutable. */
export interface Page {
  readonly snapshot: PageContent;
  /** The text, in order. */
  readonly pieces: readonly Buffer[];
}

/** Families that a page has beside those of its snapshot, and lines that depend on the snapshot alone. */
export interface PageExtras {
  /** Names that the lines at the end will use. */
  readonly names: ReadonlySet<string>;
  /** Lines behind the families of a page, one or a few at a time. */
  lines(page: FamilyCounts, syntax: ExpositionSyntax): Iterable<string>;
}

/**
 * Makes the pages of the snapshots that follow each other, once each and in slices, and keeps the
 * latest of each syntax. What two pages have in common is shared, down to its compressed form.
 */
export class PageMaker {
  readonly #extras: PageExtras;
  readonly #deflater: Deflater;
  readonly #latest = new Map<ExpositionSyntax, SyntaxPages>();
  readonly #stems = new WeakMap<Page, Promise<GzipStem>>();
  readonly #zstdStems = new WeakMap<Page, Promise<ZstdStem>>();

  /** @param deflater - what compresses the pieces; page makers over the same chunks share one. */
  constructor(extras: PageExtras, deflater: Deflater) {
    this.#extras = extras;
    this.#deflater = deflater;
  }

  /** The page of a snapshot. */
  page(snapshot: PageContent, syntax: ExpositionSyntax): Promise<Page> {
    return this.#pages(syntax).page(snapshot);
  }

  /** A page as the beginning of a gzip member, if all of it lies ready. */
  gzipped(page: Page): Promise<GzipStem> | undefined {
    let stem = this.#stems.get(page);
    if (stem === undefined) {
      const pieces: DeflatedPiece[] = [];
      for (const piece of page.pieces) {
        const ready = this.#deflater.ready(piece);
        if (ready === undefined) return undefined;
        pieces.push(ready);
      }
      stem = GzipStem.of(pieces, new Pace(SLICE_BUDGET));
      // A failure is for those who wait now; the next one has it made again.
      stem.catch(() => this.#stems.delete(page));
      this.#stems.set(page, stem);
    }
    return stem;
  }

  /** A page as the beginning of a zstd frame, made now if need be; only where this Node has zstd. */
  zstd(page: Page): Promise<ZstdStem> {
    let stem = this.#zstdStems.get(page);
    if (stem === undefined) {
      stem = ZstdStem.of(page.pieces, new Pace(SLICE_BUDGET));
      // A failure is for those who wait now; the next one has it made again.
      stem.catch(() => this.#zstdStems.delete(page));
      this.#zstdStems.set(page, stem);
    }
    return stem;
  }

  /** Has a page compressed: each piece of it, as it will be, in order. */
  deflating(page: Page): readonly Promise<DeflatedPiece>[] {
    const deflating = page.pieces.map((piece) => this.#deflater.deflate(piece));
    // Who waits for a piece is told of its failure; who does not has it made again.
    for (const piece of deflating) piece.catch(() => undefined);
    return deflating;
  }

  /**
   * Has the page of a snapshot compressed and put together before anybody asks for it. Rejects when that
   * fails, which is not kept: the scrape that needs it has it made again.
   */
  async warm(
    snapshot: PageContent,
    syntax: ExpositionSyntax,
    coding: 'gzip' | 'zstd',
  ): Promise<void> {
    const pages = this.#pages(syntax);
    const page = await pages.page(snapshot);
    if (coding === 'zstd') {
      await this.zstd(page);
      return;
    }
    const missing = page.pieces.filter((piece) => this.#deflater.ready(piece) === undefined);
    await Promise.all(missing.map((piece) => this.#deflater.deflate(piece)));
    if (pages.isLatest(snapshot)) await this.gzipped(page);
  }

  /**
   * Lets go of pages of other snapshots, which would keep their memory until the next scrape. A syntax
   * that nobody asked for since the last time is let go of with all that its next page could share.
   */
  keepOnly(snapshot: PageContent): void {
    for (const [syntax, pages] of this.#latest) {
      if (pages.isIdle) this.#latest.delete(syntax);
      else pages.keepOnly(snapshot);
    }
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
  #headers = new Map<string, Buffer>();
  #latest: { readonly snapshot: PageContent; readonly page: Promise<Page> } | undefined;

  constructor(syntax: ExpositionSyntax, extras: PageExtras) {
    this.#syntax = syntax;
    this.#extras = extras;
  }

  page(snapshot: PageContent): Promise<Page> {
    if (!this.isLatest(snapshot)) {
      const page = this.#make(snapshot);
      // A failure is for those who wait now; the next one has it made again.
      page.catch(() => this.#forget(page));
      this.#latest = { snapshot, page };
    }
    return this.#latest!.page;
  }

  /** Whether there is no page, only what the next one may have in common with earlier ones. */
  get isIdle(): boolean {
    return this.#latest === undefined;
  }

  isLatest(snapshot: PageContent): boolean {
    return this.#latest?.snapshot === snapshot;
  }

  keepOnly(snapshot: PageContent): void {
    if (!this.isLatest(snapshot)) this.#latest = undefined;
  }

  #forget(page: Promise<Page>): void {
    if (this.#latest?.page === page) this.#latest = undefined;
  }

  async #make(snapshot: PageContent): Promise<Page> {
    const headers = new Map<string, Buffer>();
    const parts = this.#parts(snapshot, headers);
    const pieces = await this.#joiner.join(parts, new Pace(SLICE_BUDGET));
    this.#headers = headers;
    return { snapshot, pieces };
  }

  *#parts(
    snapshot: PageContent,
    headers: Map<string, Buffer>,
  ): Generator<PagePart, void, undefined> {
    const counts = countsOf(snapshot);
    const isTaken = (name: string): boolean => counts.has(name) || this.#extras.names.has(name);
    for (const family of snapshot.families) {
      const header = familyHeader(family, this.#syntax, isTaken);
      yield { text: this.#sameBytes(header, headers), isMark: false };
      for (const chunk of family.chunks) yield { text: chunk.text, isMark: isMark(family) };
    }
    for (const lines of this.#extras.lines(counts, this.#syntax)) {
      yield { text: this.#sameBytes(lines, headers), isMark: false };
    }
  }

  /** The same bytes must be the same object from page to page for joined pieces to be recognised. */
  #sameBytes(text: string, seen: Map<string, Buffer>): Buffer {
    const bytes = this.#headers.get(text) ?? Buffer.from(text);
    seen.set(text, bytes);
    return bytes;
  }
}

/** About every fourth family, for good: cuts follow from names, not from lengths that change. */
function isMark({ name }: PageFamily): boolean {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return (hash & 3) === 0;
}
