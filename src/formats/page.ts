import { Pace } from '../scheduling/pace.ts';
import type { Family } from '../snapshot/snapshot.ts';
import type { DeflatedPiece, Deflater } from './deflate.ts';
import { type Encoder, familyTexts, type WholeFamily } from './encoder.ts';
import { GzipStem } from './gzip.ts';
import type { NamePlan } from './name-plan.ts';
import { type PagePart, PieceJoiner } from './pieces.ts';
import { ZstdStem } from './zstd.ts';

/** How long the making of a page holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/** A family on a page, and how many series it has there; at least one. */
export type CountedFamily = Pick<Family, 'name' | 'series'>;

/** What a page is made of: a snapshot, or a part of one. Immutable. */
export interface PageContent {
  /** In the order of their names. */
  readonly families: readonly (CountedFamily & WholeFamily)[];
}

/**
 * Makes the family behind those of a page that counts their series; undefined for none. Its lines
 * are made one by one.
 */
export type CountFamilies = (
  families: Iterable<CountedFamily>,
  plan: NamePlan,
  bytesOf: (text: string) => Buffer,
) => WholeFamily | undefined;

/**
 * A snapshot's page in one format, all but the lines that differ from scrape to scrape. Its stems
 * are made once each; a failure is for those who wait now, and the next caller tries again.
 */
export class Page {
  /** The text, in order. */
  readonly pieces: readonly Buffer[];
  #gzip: Promise<GzipStem> | undefined;
  #zstd: Promise<ZstdStem> | undefined;

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces;
  }

  /** The page as the beginning of a gzip member, if all of its pieces lie ready. */
  gzipped(deflater: Deflater): Promise<GzipStem> | undefined {
    if (this.#gzip === undefined) {
      const pieces: DeflatedPiece[] = [];
      for (const piece of this.pieces) {
        const ready = deflater.ready(piece);
        if (ready === undefined) return undefined;
        pieces.push(ready);
      }
      this.#gzip = GzipStem.of(pieces, new Pace(SLICE_BUDGET));
      this.#gzip.catch(() => (this.#gzip = undefined));
    }
    return this.#gzip;
  }

  /** Has the page compressed: each piece of it, as it will be, in order. */
  deflating(deflater: Deflater): readonly Promise<DeflatedPiece>[] {
    const pieces = this.pieces.map((piece) => deflater.deflate(piece));
    // A failure reaches the scrapes that wait for the piece; the next scrape has it made again.
    for (const piece of pieces) piece.catch(() => undefined);
    return pieces;
  }

  /** The page as the beginning of a zstd frame, made if need be; only if this Node has zstd. */
  zstd(): Promise<ZstdStem> {
    if (this.#zstd === undefined) {
      this.#zstd = ZstdStem.of(this.pieces, new Pace(SLICE_BUDGET));
      this.#zstd.catch(() => (this.#zstd = undefined));
    }
    return this.#zstd;
  }
}

/**
 * Makes the pages of the snapshots that follow each other in one format, once each and in slices,
 * and keeps the latest. What two pages have in common is shared, down to its compressed form.
 */
export class PageMaker {
  readonly #encoder: Encoder;
  readonly #countFamilies: CountFamilies | undefined;
  readonly #joiner = new PieceJoiner();
  #texts = new Map<string, Buffer>();
  #latest: { readonly content: PageContent; readonly page: Promise<Page> } | undefined;

  constructor(encoder: Encoder, countFamilies?: CountFamilies) {
    this.#encoder = encoder;
    this.#countFamilies = countFamilies;
  }

  /** The page of a snapshot, or of a part of it. */
  page(content: PageContent, plan: NamePlan): Promise<Page> {
    if (this.#latest?.content !== content) {
      const page = this.#make(content, plan);
      // A failure is for those who wait now; the next caller tries again.
      page.catch(() => {
        if (this.#latest?.page === page) this.#latest = undefined;
      });
      this.#latest = { content, page };
    }
    return this.#latest.page;
  }

  async #make(content: PageContent, plan: NamePlan): Promise<Page> {
    const texts = new Map<string, Buffer>();
    const parts = this.#parts(content, plan, texts);
    const pieces = await this.#joiner.join(parts, new Pace(SLICE_BUDGET));
    this.#texts = texts;
    return new Page(pieces);
  }

  *#parts(
    content: PageContent,
    plan: NamePlan,
    texts: Map<string, Buffer>,
  ): Generator<PagePart, void, undefined> {
    const bytesOf = (text: string): Buffer => this.#sameBytes(text, texts);
    for (const family of content.families) {
      const isMark = isMarked(family.name);
      for (const text of familyTexts(this.#encoder, family, plan)) {
        yield typeof text === 'string' ? { text: bytesOf(text), isMark: false } : { text, isMark };
      }
    }
    if (content.families.length === 0) return;
    const counting = this.#countFamilies?.(content.families, plan, bytesOf);
    if (counting === undefined) return;
    for (const text of familyTexts(this.#encoder, counting, plan)) {
      yield { text: typeof text === 'string' ? bytesOf(text) : text, isMark: false };
    }
  }

  /**
   * The same bytes must be the same object from page to page for joined pieces to be recognised.
   */
  #sameBytes(text: string, texts: Map<string, Buffer>): Buffer {
    const bytes = this.#texts.get(text) ?? Buffer.from(text);
    texts.set(text, bytes);
    return bytes;
  }
}

/** Chooses about every fourth family, always the same ones: a name stays, a length changes. */
function isMarked(name: string): boolean {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return (hash & 3) === 0;
}
