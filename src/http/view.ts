import type { ContentCoding } from '../formats/content-coding.ts';
import type { Deflater } from '../formats/deflate.ts';
import type { ExpositionSyntax } from '../formats/format.ts';
import { streamGzip } from '../formats/gzip.ts';
import {
  countsOf,
  type FamilyCounts,
  type Page,
  type PageContent,
  type PageExtras,
  PageMaker,
} from '../formats/page.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import { CompressionWarmth } from './compression-warmth.ts';
import type { BodyParts } from './scrape-exchange.ts';
import type { SelfMetrics, SelfReport } from './self-metrics.ts';

/**
 * From how many pieces on a page is sent while it is being compressed, rather than a little later.
 */
const WORTH_STREAMING = 16;

/** How a body is written. */
export interface BodyFormat {
  readonly syntax: ExpositionSyntax;
  readonly coding: ContentCoding;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** Writes the bodies of responses. */
export interface BodySource {
  /** The codings that it can write. */
  readonly codings: readonly ContentCoding[];
  /** Whether it is for a query, which any client can send. */
  readonly isOfQuery: boolean;
  /** A body; undefined if too many clients wait for theirs. Rejects with `aborted`. */
  body(
    snapshot: Snapshot,
    format: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts | undefined>;
}

/** Chooses what a view shows of a snapshot; the same snapshot gives the same choice. */
export interface ViewSelector {
  select(snapshot: Snapshot): Promise<PageContent>;
}

/** How a view is made. */
export interface ViewParts {
  /** What compresses the pieces, one for all views of the same chunks. */
  readonly deflater: Deflater;
  /** The codings that it can write. */
  readonly codings: readonly ContentCoding[];
  /** The exporter's own metrics. */
  readonly self?: SelfMetrics | undefined;
  /** What the pages are of; all series without one. */
  readonly selector?: ViewSelector | undefined;
}

/** All of the snapshots that follow each other, or the same selection of each: pages, made once. */
export class View implements BodySource {
  readonly isOfQuery = false;
  readonly codings: readonly ContentCoding[];
  readonly #self: SelfMetrics | undefined;
  readonly #selector: ViewSelector | undefined;
  readonly #pages: PageMaker;
  readonly #warmth: CompressionWarmth;
  #newest: Snapshot | undefined;

  /** @param warmth - what to compress ahead. */
  constructor(
    { deflater, codings, self, selector }: ViewParts,
    warmth: CompressionWarmth = new CompressionWarmth(),
  ) {
    this.codings = codings;
    this.#self = self;
    this.#selector = selector;
    this.#warmth = warmth;
    this.#pages = new PageMaker(self ?? NO_EXTRAS, deflater);
  }

  /**
   * Drops earlier pages and compresses the next ones ahead, in the forms that were scraped lately.
   */
  async published(snapshot: Snapshot): Promise<void> {
    this.#newest = snapshot;
    const forms = this.#warmth.wanted();
    // Without a recent scrape nothing is selected either.
    if (forms.length === 0) {
      this.#pages.keepOnly(snapshot);
      return;
    }
    const selected = await this.#select(snapshot);
    // Meanwhile the next one may have come.
    if (this.#newest !== snapshot) return;
    this.#pages.keepOnly(selected);
    await Promise.all(
      forms.map(({ syntax, coding }) => this.#pages.warm(selected, syntax, coding)),
    );
  }

  async body(
    snapshot: Snapshot,
    { syntax, coding }: BodyFormat,
    report: () => SelfReport,
  ): Promise<BodyParts> {
    if (coding !== 'identity') this.#warmth.asked({ syntax, coding });
    const selected = await this.#select(snapshot);
    const page = await this.#pages.page(selected, syntax);
    const end = (): Buffer => pageEnd(this.#self, countsOf(selected), syntax, report());
    if (coding === 'identity') return [...page.pieces, end()];
    if (coding === 'gzip') return this.#gzipped(page, end);
    const stem = await this.#pages.zstd(page);
    return [...stem.parts, stem.end(end())];
  }

  async #select(snapshot: Snapshot): Promise<PageContent> {
    return this.#selector === undefined ? snapshot : this.#selector.select(snapshot);
  }

  async #gzipped(page: Page, end: () => Buffer): Promise<BodyParts> {
    let making = this.#pages.gzipped(page);
    if (making === undefined) {
      const deflating = this.#pages.deflating(page);
      if (deflating.length > WORTH_STREAMING) return streamGzip(deflating, end);
      await Promise.all(deflating);
      making = this.#pages.gzipped(page);
    }
    const stem = await making;
    return stem === undefined
      ? streamGzip(this.#pages.deflating(page), end)
      : [...stem.parts, stem.end(end())];
  }
}

/** The lines that differ from scrape to scrape, and the end marker. */
export function pageEnd(
  self: SelfMetrics | undefined,
  counts: FamilyCounts,
  syntax: ExpositionSyntax,
  report: SelfReport,
): Buffer {
  const lines = self?.latest(counts, syntax, report) ?? '';
  return Buffer.from(`${lines}${syntax === 'openmetrics' ? '# EOF\n' : ''}`);
}

/** What a page has beside its families if it has no metrics of the exporter. */
export const NO_EXTRAS: PageExtras = Object.freeze({ names: new Set<string>(), lines: () => [] });
