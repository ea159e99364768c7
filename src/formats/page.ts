import { Pace } from '../scheduling/pace.ts';
import type { Family } from '../snapshot/snapshot.ts';
import type { DeflatedPiece, Deflater } from './deflate.ts';
import type { EncodedLines, Encoder, Section, WholeFamily } from './encoder.ts';
import {
  type Bodies,
  familyTexts,
  ownSectionsOf,
  type PageFormat,
  sectionsOf,
} from './exposition.ts';
import { GzipStem } from './gzip.ts';
import { lengthOf } from './joined-piece.ts';
import type { NamePlan } from './name-plan.ts';
import { type PagePart, PieceJoiner } from './pieces.ts';
import { type Piece, templateOf } from './template/template.ts';
import { ZstdStem } from './zstd.ts';

/** How long the making of a page holds the event loop at a stretch, in ms. */
const SLICE_BUDGET = 10;

/**
 * How long a page is at most that is compressed by the first scrape, within its call: one or two
 * milliseconds. A refresh that no scrape follows costs no compression then.
 */
const SHORT_BYTES = 128 * 1024;
/** The same if there are plans for all of it. */
const SHORT_PLANNED_BYTES = 512 * 1024;

/** A family on a page, and how many series it has there. */
export type CountedFamily = Pick<Family, 'name' | 'series'>;

/** What a page is made of: a snapshot, or a part of one. Immutable. */
export interface PageContent {
  /** In the order of their names. */
  readonly families: readonly (CountedFamily & WholeFamily)[];
}

/**
 * Makes the family behind those of a page that counts the series of each that has some; undefined
 * for none. Its lines are made one by one.
 */
export type CountFamilies = (
  families: Iterable<CountedFamily>,
  plan: NamePlan,
  bytesOf: (text: string) => Buffer,
) => WholeFamily | undefined;

/**
 * A snapshot's page in one format, all but the lines that differ from scrape to scrape. Its stems
 * are made once each; a failure is for the callers that wait now, and the next one tries again.
 */
export class Page {
  readonly #pieces: readonly Piece[];
  #texts: readonly Buffer[] | undefined;
  #gzip: Promise<GzipStem> | undefined;
  #gzipNow: GzipStem | undefined;
  #zstd: Promise<ZstdStem> | undefined;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** The text, in order. */
  get pieces(): readonly Buffer[] {
    this.#texts ??= this.#pieces.map(({ text }) => text);
    return this.#texts;
  }

  /** Whether it can be compressed at once. */
  isShort(deflater: Deflater): boolean {
    let bytes = 0;
    for (const piece of this.#pieces) bytes += lengthOf(piece);
    if (bytes <= SHORT_BYTES) return true;
    if (bytes > SHORT_PLANNED_BYTES) return false;
    return this.#pieces.every((piece) => deflater.isPlanned(piece));
  }

  /** A short page as the beginning of a gzip member, made now if need be. */
  gzippedNow(deflater: Deflater): GzipStem {
    this.#gzipNow ??= GzipStem.ofShort(this.#pieces.map((piece) => deflater.deflateNow(piece)));
    return this.#gzipNow;
  }

  /** The page as the beginning of a gzip member, if all of its pieces lie ready. */
  gzipped(deflater: Deflater): Promise<GzipStem> | undefined {
    if (this.#gzip === undefined) {
      const pieces: DeflatedPiece[] = [];
      for (const piece of this.#pieces) {
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
    const pieces = this.#pieces.map((piece) => deflater.deflate(piece));
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
  readonly #bodies: Bodies | undefined;
  readonly #joiner = new PieceJoiner();
  /** Heads and feet of the latest page, in the encoder's charset. */
  readonly #heads: SameBytes;
  /** Lines that count series. */
  readonly #lines = new SameBytes('utf8');
  /** The families of the latest page by name. */
  #families: ReadonlyMap<string, FamilyLayout> = new Map();
  #latest:
    | { readonly content: PageContent; readonly plan: NamePlan; readonly page: Promise<Page> }
    | undefined;

  #counting: { readonly plan: NamePlan; readonly sections: readonly Section[] } | undefined;

  /** @param bodies - where the projections of chunks are kept; they are made anew without. */
  constructor(encoder: Encoder, countFamilies?: CountFamilies, bodies?: Bodies) {
    this.#encoder = encoder;
    this.#heads = new SameBytes(encoder.charset);
    this.#countFamilies = countFamilies;
    this.#bodies = bodies;
  }

  /** The page of a snapshot, or of a part of it. */
  page(content: PageContent, plan: NamePlan): Promise<Page> {
    if (this.#latest?.content !== content || this.#latest.plan !== plan) {
      const page = this.#make(content, plan);
      // A failure is for the callers that wait now; the next caller tries again.
      page.catch(() => {
        if (this.#latest?.page === page) this.#latest = undefined;
      });
      this.#latest = { content, plan, page };
    }
    return this.#latest.page;
  }

  async #make(content: PageContent, plan: NamePlan): Promise<Page> {
    const heads = this.#heads.next();
    const lines = this.#lines.next();
    const families = new Map<string, FamilyLayout>();
    const parts = this.#parts(content, plan, { families, heads, lines });
    const pieces = await this.#joiner.join(parts, new Pace(SLICE_BUDGET));
    this.#families = families;
    heads.keep();
    lines.keep();
    return new Page(pieces);
  }

  *#parts(
    content: PageContent,
    plan: NamePlan,
    { families, heads, lines }: PageLayout,
  ): Generator<PagePart | undefined, void, undefined> {
    const encoder = this.#encoder;
    const format = { encoder, plan, bodies: this.#bodies };
    for (const family of content.families) {
      const { sections, isMark } = this.#layoutOf(family, format);
      families.set(family.name, { plan, metadata: family.metadata, sections, isMark });
      for (const text of familyTexts(sections, family.chunks, encoder)) {
        yield partOf(text, heads.of, isMark);
      }
    }
    if (content.families.every(({ series }) => series === 0)) return;
    const counting = this.#countFamilies?.(content.families, plan, lines.of);
    if (counting === undefined) return;
    for (const text of familyTexts(
      this.#countingSections(counting, format),
      counting.chunks,
      encoder,
    )) {
      yield partOf(text, heads.of, false);
    }
  }

  /** The sections of the family that counts series, made once for a plan. */
  #countingSections(counting: WholeFamily, format: PageFormat): readonly Section[] {
    if (this.#counting?.plan !== format.plan) {
      this.#counting = { plan: format.plan, sections: ownSectionsOf(counting, format) };
    }
    return this.#counting.sections;
  }

  /** The layout of a family, which is that of the page before if only lines changed. */
  #layoutOf(
    family: PageContent['families'][number],
    format: PageFormat,
  ): Omit<FamilyLayout, 'plan'> {
    const { name, metadata } = family;
    const before = this.#families.get(name);
    const isSame = before?.plan === format.plan && before.metadata === metadata;
    // What a selection leaves of a family is arranged beside its whole.
    if (isSame && family.whole === undefined) return before;
    return { metadata, sections: sectionsOf(family, format), isMark: isMarked(name) };
  }
}

/** What a page has of a family beside its lines. */
interface FamilyLayout {
  readonly plan: NamePlan;
  readonly metadata: WholeFamily['metadata'];
  readonly sections: readonly Section[];
  readonly isMark: boolean;
}

/** What is noted of a page while it is made, for the next one. */
interface PageLayout {
  readonly families: Map<string, FamilyLayout>;
  readonly heads: TextBytes;
  readonly lines: TextBytes;
}

/** The bytes of the texts of one page. */
interface TextBytes {
  readonly of: (text: string) => Buffer;
  /** Notes that the page is done. */
  readonly keep: () => void;
}

/**
 * Bytes of texts that pages have. The same bytes must be the same object from page to page for
 * joined pieces to be recognised.
 */
class SameBytes {
  readonly #charset: Encoder['charset'];
  #latest = new Map<string, Buffer>();

  constructor(charset: Encoder['charset']) {
    this.#charset = charset;
  }

  /** Begins a page. */
  next(): TextBytes {
    const texts = new Map<string, Buffer>();
    return {
      of: (text) => {
        const bytes = this.#latest.get(text) ?? Buffer.from(text, this.#charset);
        texts.set(text, bytes);
        return bytes;
      },
      keep: () => (this.#latest = texts),
    };
  }
}

/** @param isMark - whether a piece may well end behind lines. */
function partOf(
  text: string | EncodedLines | undefined,
  bytesOf: (text: string) => Buffer,
  isMark: boolean,
): PagePart | undefined {
  if (typeof text === 'string') return { text: bytesOf(text), isMark: false };
  return text && { text: text.text, template: templateOf(text), isMark };
}

/** Chooses about every fourth family, always the same ones: a name stays, a length changes. */
function isMarked(name: string): boolean {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return (hash & 3) === 0;
}
