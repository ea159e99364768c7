import { CONTENT_CODINGS, type ContentCoding } from '../formats/content-coding.ts';
import type { Deflater } from '../formats/deflate.ts';
import { type Encoder, familyTexts } from '../formats/encoder.ts';
import { OFFERED_FORMATS } from '../formats/format.ts';
import { streamGzip } from '../formats/gzip.ts';
import { NamePlan } from '../formats/name-plan.ts';
import { type Page, type PageContent, PageMaker } from '../formats/page.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { type ReaderForms, RecentForms } from './derived-forms.ts';
import type { BodyParts } from './scrape-exchange.ts';
import type { SelfReport } from './self-families.ts';
import type { SelfMetrics } from './self-metrics.ts';

/**
 * From how many pieces on a page is sent while it is being compressed, rather than a little later.
 */
const WORTH_STREAMING = 16;

/** How a body is written. */
export interface BodyFormat {
  readonly encoder: Encoder;
  readonly coding: ContentCoding;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** Writes the bodies of responses. */
export interface BodySource {
  /** The codings that it can write in a format. */
  codings(encoder: Encoder): readonly ContentCoding[];
  /** Whether it is for a query, which any client can send. */
  readonly isOfQuery: boolean;
  /** A body; undefined if too many clients wait for theirs. Rejects with `aborted`. */
  body(
    snapshot: Snapshot,
    format: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts | undefined>;
}

/** How a view is made. */
export interface ViewParts {
  /** What all views of the reader share. */
  readonly shared: ReaderForms;
  /** The effort of gzip. */
  readonly gzipLevel: number;
  /** The codings that it can write. */
  readonly codings: readonly ContentCoding[];
  /** The exporter's own metrics. */
  readonly self?: SelfMetrics | undefined;
  /** Chooses what the pages show, and a query can only restrict; all series without one. */
  readonly selector?: { select(snapshot: Snapshot): Promise<PageContent> } | undefined;
}

/** A form of a page. */
interface PageForm {
  readonly encoder: Encoder;
  readonly coding: ContentCoding;
}

const FORMS: readonly PageForm[] = OFFERED_FORMATS.flatMap(({ encoder }) =>
  CONTENT_CODINGS.map((coding) => ({ encoder, coding })),
);

function formOf(encoder: Encoder, coding: ContentCoding): PageForm {
  return FORMS.find((form) => form.encoder === encoder && form.coding === coding)!;
}

/** All of the snapshots that follow each other, or the same selection of each: pages, made once. */
export class View implements BodySource {
  readonly isOfQuery = false;
  readonly #parts: ViewParts;
  readonly #forms = new RecentForms<PageForm>();
  readonly #makers = new Map<Encoder, PageMaker>();
  #newest: Snapshot | undefined;

  /** @param expected - the format that is made ahead with gzip before the first scrape. */
  constructor(parts: ViewParts, expected: Encoder) {
    this.#parts = parts;
    if (!parts.codings.includes('gzip')) return;
    this.#forms.asked(formOf(expected, 'gzip'));
    parts.shared.asked(parts.gzipLevel);
  }

  codings(encoder: Encoder): readonly ContentCoding[] {
    // A stream of zstd has a window of its own in memory for each client, and shares nothing.
    return this.#parts.codings.filter(
      (coding) => coding !== 'zstd' || this.#forms.canKeep(formOf(encoder, coding)),
    );
  }

  /** Drops earlier pages and makes the next ones ahead, in the forms that are kept. */
  async published(snapshot: Snapshot): Promise<void> {
    this.#newest = snapshot;
    this.#parts.shared.published(snapshot);
    const forms = this.#forms.published();
    for (const encoder of this.#makers.keys()) {
      if (!forms.some((form) => form.encoder === encoder)) this.#makers.delete(encoder);
    }
    // Without a recent scrape nothing is selected either.
    if (forms.length === 0) return;
    await this.#select(snapshot);
    // Meanwhile the next one may have come.
    if (this.#newest !== snapshot) return;
    await Promise.all(forms.map((form) => this.#makeAhead(snapshot, form)));
  }

  async body(
    snapshot: Snapshot,
    { encoder, coding }: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts> {
    const { self, shared, gzipLevel } = this.#parts;
    const isKept = this.#forms.asked(formOf(encoder, coding));
    const deflater = coding === 'gzip' ? shared.asked(gzipLevel) : undefined;
    const page = await this.#page(snapshot, encoder);
    const end = (): Buffer => pageEnd(self, planOf(snapshot, self), encoder, report());
    if (deflater !== undefined) return gzippedBody(page, deflater, isKept, end);
    if (coding === 'identity') return [...page.pieces, end()];
    const stem = await page.zstd();
    return [...stem.parts, stem.end(end())];
  }

  async #makeAhead(snapshot: Snapshot, { encoder, coding }: PageForm): Promise<void> {
    const page = await this.#page(snapshot, encoder);
    if (coding === 'zstd') await page.zstd();
    if (coding !== 'gzip') return;
    const deflater = this.#parts.shared.deflater(this.#parts.gzipLevel);
    await Promise.all(page.deflating(deflater));
    if (this.#newest === snapshot) await page.gzipped(deflater);
  }

  async #page(snapshot: Snapshot, encoder: Encoder): Promise<Page> {
    const { self } = this.#parts;
    const content = await this.#select(snapshot);
    const maker = this.#makers.get(encoder) ?? new PageMaker(encoder, self?.countFamilies);
    this.#makers.set(encoder, maker);
    return maker.page(content, planOf(snapshot, self));
  }

  async #select(snapshot: Snapshot): Promise<PageContent> {
    const { selector } = this.#parts;
    return selector === undefined ? snapshot : selector.select(snapshot);
  }
}

/** A page with gzip: a long one that does not lie ready is sent while it is being compressed. */
async function gzippedBody(
  page: Page,
  deflater: Deflater,
  isKept: boolean,
  end: () => Buffer,
): Promise<BodyParts> {
  const isLong = page.pieces.length > WORTH_STREAMING;
  let stem = isKept || !isLong ? page.gzipped(deflater) : undefined;
  if (stem === undefined) {
    const pieces = page.deflating(deflater);
    if (isLong) return streamGzip(pieces, end);
    await Promise.all(pieces);
    stem = page.gzipped(deflater)!;
  }
  const { parts } = await stem;
  return [...parts, (await stem).end(end())];
}

/** The plan of a snapshot's names. */
export function planOf({ families }: Snapshot, self: SelfMetrics | undefined): NamePlan {
  return new NamePlan(families, self?.names);
}

/** The lines that differ from scrape to scrape, and the end marker. */
export function pageEnd(
  self: SelfMetrics | undefined,
  plan: NamePlan,
  encoder: Encoder,
  report: SelfReport,
): Buffer {
  const texts: Buffer[] = [];
  for (const family of self?.latest(plan, report) ?? []) {
    for (const text of familyTexts(encoder, family, plan)) {
      texts.push(typeof text === 'string' ? Buffer.from(text) : text);
    }
  }
  texts.push(Buffer.from(encoder.pageEnd));
  return Buffer.concat(texts);
}
